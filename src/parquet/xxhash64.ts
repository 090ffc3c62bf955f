/** xxHash64 with seed 0, in halves: 64-bit numbers as BigInt would cost a microsecond a hash. */

interface Half {
  readonly high: number
  readonly low: number
}

const PRIME_1: Half = { high: 0x9e3779b1, low: 0x85ebca87 }
const PRIME_2: Half = { high: 0xc2b2ae3d, low: 0x27d4eb4f }
const PRIME_3: Half = { high: 0x165667b1, low: 0x9e3779f9 }
const PRIME_4: Half = { high: 0x85ebca77, low: 0xc2b2ae63 }
const PRIME_5: Half = { high: 0x27d4eb2f, low: 0x165667c5 }

const STRIPE_BYTES = 32
const LANE_BYTES = 8

/** A 64-bit number that is worked on in place. */
class Word64 {
  high = 0
  low = 0

  set(high: number, low: number): this {
    this.high = high | 0
    this.low = low | 0
    return this
  }

  read(view: DataView, at: number): this {
    return this.set(view.getInt32(at + 4, true), view.getInt32(at, true))
  }

  add({ high, low }: Half): this {
    const sum = (this.low >>> 0) + (low >>> 0)
    return this.set(this.high + high + (sum > 0xffffffff ? 1 : 0), sum)
  }

  xor({ high, low }: Half): this {
    return this.set(this.high ^ high, this.low ^ low)
  }

  multiply({ high, low }: Half): this {
    const cross = Math.imul(this.high, low) + Math.imul(this.low, high)
    return this.set(highProduct(this.low, low) + cross, Math.imul(this.low, low))
  }

  /** By 1 to 63 bits, 32 aside. */
  rotateLeft(bits: number): this {
    const swap = bits > 32
    const [high, low] = swap ? [this.low, this.high] : [this.high, this.low]
    const by = swap ? bits - 32 : bits
    return this.set((high << by) | (low >>> (32 - by)), (low << by) | (high >>> (32 - by)))
  }

  /** x ^ (x >>> bits). */
  foldRight(bits: number): this {
    return bits > 32
      ? this.set(this.high, this.low ^ (this.high >>> (bits - 32)))
      : bits === 32
        ? this.set(this.high, this.low ^ this.high)
        : this.set(
            this.high ^ (this.high >>> bits),
            this.low ^ ((this.low >>> bits) | (this.high << (32 - bits))),
          )
  }
}

/** The upper half of a product of two unsigned 32-bit numbers. */
function highProduct(left: number, right: number): number {
  const [leftHigh, leftLow] = [left >>> 16, left & 0xffff]
  const [rightHigh, rightLow] = [right >>> 16, right & 0xffff]
  const first = leftHigh * rightLow + ((leftLow * rightLow) >>> 16)
  const second = leftLow * rightHigh + (first & 0xffff)
  return leftHigh * rightHigh + (first >>> 16) + (second >>> 16)
}

const hash = new Word64()
const input = new Word64()
const lanes = [new Word64(), new Word64(), new Word64(), new Word64()] as const

/** The hash of the bytes [start, end), good until the next call. */
export function xxHash64(view: DataView, start: number, end: number): Half {
  const length = end - start
  let at = start
  if (length >= STRIPE_BYTES) at = hashStripes(view, start, end)
  else hash.set(PRIME_5.high, PRIME_5.low)
  hash.add(input.set(0, length))
  for (; at + 8 <= end; at += 8) {
    hash
      .xor(round(input.read(view, at), ZERO))
      .rotateLeft(27)
      .multiply(PRIME_1)
      .add(PRIME_4)
  }
  if (at + 4 <= end) {
    hash.xor(input.set(0, view.getInt32(at, true)).multiply(PRIME_1))
    hash.rotateLeft(23).multiply(PRIME_2).add(PRIME_3)
    at += 4
  }
  for (; at < end; at += 1) {
    hash
      .xor(input.set(0, view.getUint8(at)).multiply(PRIME_5))
      .rotateLeft(11)
      .multiply(PRIME_1)
  }
  return hash.foldRight(33).multiply(PRIME_2).foldRight(29).multiply(PRIME_3).foldRight(32)
}

const ZERO: Half = { high: 0, low: 0 }

/** Four lanes over whole stripes, then merged into the hash; where the rest begins. */
function hashStripes(view: DataView, start: number, end: number): number {
  const [first, second, third, fourth] = lanes
  first.set(PRIME_1.high, PRIME_1.low).add(PRIME_2)
  second.set(PRIME_2.high, PRIME_2.low)
  third.set(0, 0)
  // −PRIME_1.
  fourth.set(~PRIME_1.high, ~PRIME_1.low + 1)
  let at = start
  for (; at + STRIPE_BYTES <= end; at += STRIPE_BYTES) {
    lanes.forEach((lane, index) => {
      const mixed = round(input.read(view, at + index * LANE_BYTES), lane)
      lane.set(mixed.high, mixed.low)
    })
  }
  hash.set(0, 0)
  const turns = [1, 7, 12, 18]
  lanes.forEach((lane, index) => {
    hash.add(input.set(lane.high, lane.low).rotateLeft(turns[index] ?? 1))
  })
  for (const lane of lanes) {
    hash
      .xor(round(input.set(lane.high, lane.low), ZERO))
      .multiply(PRIME_1)
      .add(PRIME_4)
  }
  return at
}

/** A lane's step, in the input's place. */
function round(lane: Word64, accumulator: Half): Word64 {
  return lane.multiply(PRIME_2).add(accumulator).rotateLeft(31).multiply(PRIME_1)
}
