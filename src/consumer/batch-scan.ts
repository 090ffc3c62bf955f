import type { Position } from '../core/offsets.ts'

/** What the headers of fetched record batches say about where to go on. */
export interface BatchScan {
  /** The position behind the last whole batch; the one that was asked for where there is none. */
  readonly next: Position
  /** The leader epoch of the last whole batch. */
  readonly leaderEpoch: number | undefined
  /** Bytes of whole batches: what follows is torn. */
  readonly wholeBytes: number
}

const LENGTH_AT = 8
const EPOCH_AT = 12
const LAST_OFFSET_DELTA_AT = 23
/** Up to the last offset delta: the least that can be read of a batch. */
const HEADER_BYTES = 61
/** Base offset and length, which the length does not count. */
const LENGTH_OVERHEAD = 12

/**
 * Reads only headers: inflating and checking are the encoder's. The next position is that behind a batch's last
 * offset, however many records are left in it. Kafka: "Record Batch".
 */
export function scanBatches(bytes: Uint8Array, position: Position): BatchScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let next = position
  let leaderEpoch: number | undefined
  while (at + HEADER_BYTES <= bytes.byteLength) {
    const end = at + LENGTH_OVERHEAD + view.getInt32(at + LENGTH_AT)
    if (end > bytes.byteLength || end <= at + LENGTH_OVERHEAD) break
    const behind = view.getBigInt64(at) + BigInt(view.getInt32(at + LAST_OFFSET_DELTA_AT)) + 1n
    if (behind > next) next = behind
    const epoch = view.getInt32(at + EPOCH_AT)
    leaderEpoch = epoch < 0 ? undefined : epoch
    at = end
  }
  return { next, leaderEpoch, wholeBytes: at }
}
