import { crc32c } from '@node-rs/crc32'

export interface RecordSpec {
  readonly offset: bigint
  readonly timestampMs: number
  readonly key?: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly (readonly [string, Uint8Array | null])[]
}

export interface BatchSpec {
  readonly baseOffset: bigint
  /** The offset of the last record, or further where compaction took the last ones. */
  readonly lastOffset: bigint
  readonly records: readonly RecordSpec[]
  readonly leaderEpoch?: number
  readonly producerId?: bigint
  readonly transactional?: boolean
  /** A transaction marker: `records` is then ignored. */
  readonly control?: 'abort' | 'commit'
  readonly logAppendTime?: boolean
  readonly timestampMs?: number
}

/** One uncompressed record batch of message format 2, as a broker stores it. */
export function recordBatch(spec: BatchSpec): Uint8Array<ArrayBuffer> {
  const first = spec.records[0]?.timestampMs ?? spec.timestampMs ?? 0
  const greatest = Math.max(first, ...spec.records.map(({ timestampMs }) => timestampMs))
  const records = spec.control === undefined ? spec.records : [marker(spec, spec.control)]
  const body = Buffer.concat(records.map((record) => encodeRecord(record, spec.baseOffset, first)))
  const batch = Buffer.alloc(61 + body.length)
  batch.writeBigInt64BE(spec.baseOffset, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(spec.leaderEpoch ?? 0, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(attributes(spec), 21)
  batch.writeInt32BE(Number(spec.lastOffset - spec.baseOffset), 23)
  batch.writeBigInt64BE(BigInt(first), 27)
  batch.writeBigInt64BE(BigInt(greatest), 35)
  batch.writeBigInt64BE(spec.producerId ?? -1n, 43)
  batch.writeInt16BE(spec.producerId === undefined ? -1 : 0, 51)
  batch.writeInt32BE(spec.producerId === undefined ? -1 : 0, 53)
  batch.writeInt32BE(records.length, 57)
  body.copy(batch, 61)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return Uint8Array.from(batch)
}

function attributes(spec: BatchSpec): number {
  const bits = [
    spec.logAppendTime === true ? 0x08 : 0,
    spec.transactional === true ? 0x10 : 0,
    spec.control === undefined ? 0 : 0x20,
  ]
  return bits.reduce((all, bit) => all | bit, 0)
}

function marker(spec: BatchSpec, kind: 'abort' | 'commit'): RecordSpec {
  const key = Buffer.alloc(4)
  key.writeInt16BE(kind === 'abort' ? 0 : 1, 2)
  return {
    offset: spec.baseOffset,
    timestampMs: spec.timestampMs ?? 0,
    key,
    value: Buffer.alloc(6),
  }
}

function encodeRecord(record: RecordSpec, baseOffset: bigint, baseTimestamp: number): Buffer {
  const headers = record.headers ?? []
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(record.timestampMs - baseTimestamp),
    varint(Number(record.offset - baseOffset)),
    sized(record.key ?? null),
    sized(record.value),
    varint(headers.length),
    ...headers.flatMap(([name, value]) => [sized(Buffer.from(name)), sized(value)]),
  ])
  return Buffer.concat([varint(body.length), body])
}

function sized(bytes: Uint8Array | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes])
}

/** Zig-zag variable-length integer: without BigInt where there is no need, as benchmarks make millions of records. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
