import { CorruptBatch } from './corrupt-batch.ts'

const VARINT_BYTES_MAX = 5
const VARLONG_BYTES_MAX = 10

/** Reads Kafka's zig-zag variable-length integers from the records of one batch. */
export class VarintReader {
  /** The bytes of the records and nothing else: a read beyond them throws a RangeError. */
  view: DataView = new DataView(new ArrayBuffer(0))
  at = 0

  /** An int32. */
  varint(): number {
    const byte = this.view.getUint8(this.at)
    if (byte >= 0x80) return this.#long()
    this.at += 1
    return (byte >>> 1) ^ -(byte & 1)
  }

  #long(): number {
    let encoded = 0
    for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
      const byte = this.view.getUint8(this.at)
      this.at += 1
      encoded |= (byte & 0x7f) << (7 * index)
      if (byte < 0x80) return (encoded >>> 1) ^ -(encoded & 1)
    }
    throw new CorruptBatch('a variable-length integer beyond 32 bits')
  }

  /** An int64 as a number: not exact beyond 2^53. */
  varlong(): number {
    const byte = this.view.getUint8(this.at)
    if (byte >= 0x80) return this.#longer()
    this.at += 1
    return (byte >>> 1) ^ -(byte & 1)
  }

  #longer(): number {
    let encoded = 0n
    for (let index = 0; index < VARLONG_BYTES_MAX; index += 1) {
      const byte = this.view.getUint8(this.at)
      this.at += 1
      encoded |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return Number((encoded >> 1n) ^ -(encoded & 1n))
    }
    throw new CorruptBatch('a variable-length integer beyond 64 bits')
  }
}
