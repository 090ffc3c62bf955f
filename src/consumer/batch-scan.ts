import type { Position } from '../core/offsets.ts'

/** Why the scan of record batches ended where it did. */
type ScanEnd =
  /** Behind the last whole batch, with nothing left. */
  | { readonly kind: 'whole' }
  /** Inside a batch that the response was cut in. */
  | { readonly kind: 'torn' }
  /** At a batch that begins at or behind the limit. */
  | { readonly kind: 'limit' }
  /** At a batch that cannot be read: a message format before 2, or a header that contradicts itself. */
  | { readonly kind: 'old-format' | 'corrupt'; readonly offset: bigint; readonly found: string }

/** What the headers of fetched record batches say about where to go on. */
export interface BatchScan {
  /** The position behind the last whole batch; the one that was asked for where there is none. */
  readonly next: Position
  /** The leader epoch of the last whole batch. */
  readonly leaderEpoch: number | undefined
  /** Bytes of whole batches. */
  readonly wholeBytes: number
  readonly end: ScanEnd
}

const LENGTH_AT = 8
const EPOCH_AT = 12
const MAGIC_AT = 16
const LAST_OFFSET_DELTA_AT = 23
const HEADER_BYTES = 61
/** Base offset and length, which the length does not count. */
const LENGTH_OVERHEAD = 12
const MAGIC = 2

/**
 * Reads only headers: inflating and checking are the encoder's. The next position is that behind a batch's last
 * offset, however many records are left in it. Batches that begin at `limit` or behind it are left for the next fetch.
 * Kafka: "Record Batch".
 */
export function scanBatches(bytes: Uint8Array, position: Position, limit?: Position): BatchScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let next = position
  let leaderEpoch: number | undefined
  let end = endAt(view, at, limit)
  while (end === undefined) {
    const behind = view.getBigInt64(at) + BigInt(view.getInt32(at + LAST_OFFSET_DELTA_AT)) + 1n
    if (behind > next) next = behind
    const epoch = view.getInt32(at + EPOCH_AT)
    leaderEpoch = epoch < 0 ? undefined : epoch
    at += LENGTH_OVERHEAD + view.getInt32(at + LENGTH_AT)
    end = endAt(view, at, limit)
  }
  return { next, leaderEpoch, wholeBytes: at, end }
}

/** Undefined where a whole batch starts. */
function endAt(view: DataView, at: number, limit: Position | undefined): ScanEnd | undefined {
  const left = view.byteLength - at
  if (left === 0) return { kind: 'whole' }
  if (left <= MAGIC_AT) return { kind: 'torn' }
  const offset = view.getBigInt64(at)
  const magic = view.getInt8(at + MAGIC_AT)
  if (magic === 0 || magic === 1) {
    return { kind: 'old-format', offset, found: `message format ${magic}` }
  }
  if (magic !== MAGIC) return { kind: 'corrupt', offset, found: `message format ${magic}` }
  const length = view.getInt32(at + LENGTH_AT)
  if (length < HEADER_BYTES - LENGTH_OVERHEAD) {
    return { kind: 'corrupt', offset, found: `a length of ${length} bytes` }
  }
  if (left < LENGTH_OVERHEAD + length) return { kind: 'torn' }
  const delta = view.getInt32(at + LAST_OFFSET_DELTA_AT)
  if (delta < 0) return { kind: 'corrupt', offset, found: `a last offset delta of ${delta}` }
  if (limit !== undefined && offset >= limit) return { kind: 'limit' }
  return undefined
}
