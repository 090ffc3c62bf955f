const NONE = -1

/**
 * Where one record lies in its batch's bytes. One cursor is moved from record to record: no object is made for a
 * record, and whoever keeps a part of it copies the bytes.
 */
export class RecordCursor {
  readonly topic: string
  readonly partition: number
  /** The inflated bytes that the places below count in. */
  bytes: Buffer = Buffer.alloc(0)
  /** The halves of the base offset: the low 32 bits unsigned, the high ones signed. */
  baseLow = 0
  baseHigh = 0
  offsetDelta = 0
  #baseOffset = 0n
  /** Ms since the epoch, -1 where the producer set none; NaN where it is beyond 2^53. */
  timestampMs = 0
  /** `[start, end)` of the key; `keyStart` is -1 for null, which is not the empty key. */
  keyStart = NONE
  keyEnd = NONE
  /** `[start, end)` of the value; `valueStart` is -1 for null (a tombstone), which is not the empty value. */
  valueStart = NONE
  valueEnd = NONE
  headerCount = 0
  /** Where the first header starts. */
  headersStart = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** Of the batch. Its halves are worked out once, so that a record costs no bigint. */
  get baseOffset(): bigint {
    return this.#baseOffset
  }

  set baseOffset(offset: bigint) {
    this.#baseOffset = offset
    this.baseLow = Number(BigInt.asUintN(32, offset))
    this.baseHigh = Number(offset >> 32n)
  }

  get offset(): bigint {
    return this.#baseOffset + BigInt(this.offsetDelta)
  }
}

/** Steps through a record's headers in their order; a key may come more than once. */
export class HeaderCursor {
  /** The cursor's bytes. */
  bytes: Buffer = Buffer.alloc(0)
  keyStart = 0
  keyEnd = 0
  /** -1 for null. */
  valueStart = NONE
  valueEnd = NONE
  #at = 0
  #left = 0

  /** Goes before the first header of the record. */
  open(record: RecordCursor): void {
    this.bytes = record.bytes
    this.#at = record.headersStart
    this.#left = record.headerCount
  }

  /** Goes to the next header; false behind the last. */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    const keyLength = this.#length()
    this.keyStart = this.#at
    this.#at += keyLength
    this.keyEnd = this.#at
    const valueLength = this.#length()
    this.valueStart = valueLength < 0 ? NONE : this.#at
    this.#at += Math.max(valueLength, 0)
    this.valueEnd = valueLength < 0 ? NONE : this.#at
    return true
  }

  /** The headers were checked when the record was read. */
  #length(): number {
    let encoded = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.#at)
      this.#at += 1
      encoded |= (byte & 0x7f) << shift
      if (byte < 0x80) return (encoded >>> 1) ^ -(encoded & 1)
    }
  }
}
