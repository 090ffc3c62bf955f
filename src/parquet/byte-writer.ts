/** Bytes that grow at their end. One is reused for page after page. */
export class ByteWriter {
  bytes: Buffer
  length = 0

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Makes room for so many bytes more. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, needed))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  int32(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeInt32LE(value | 0, this.length)
  }

  append(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  /** Text in UTF-8, behind its length as a varint. */
  text(value: string): void {
    this.varint(Buffer.byteLength(value))
    this.reserve(value.length * 3)
    this.length += this.bytes.write(value, this.length)
  }

  /** An unsigned LEB128 number of at most 53 bits. */
  varint(value: number): void {
    this.reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[this.length++] = rest
  }

  /** An unsigned LEB128 number of at most 64 bits. */
  wideVarint(value: bigint): void {
    let rest = value
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80)
    this.byte(Number(rest))
  }

  /** What was written, over the writer's own memory: good until the next write. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}
