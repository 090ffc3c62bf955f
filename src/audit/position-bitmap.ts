const BITS = 32

/** Which numbers of `[0, size)` are in a set, a bit for each. */
export class PositionBitmap {
  readonly size: number
  readonly #words: Uint32Array

  constructor(size: number) {
    this.size = size
    this.#words = new Uint32Array(Math.ceil(size / BITS))
  }

  /** Puts a number in; false where it was in already. */
  add(number: number): boolean {
    const at = number >>> 5
    const bit = 1 << (number & 31)
    const word = this.#words[at] ?? 0
    if ((word & bit) !== 0) return false
    this.#words[at] = word | bit
    return true
  }

  has(number: number): boolean {
    return ((this.#words[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0
  }

  /** How many of `[start, end)` are in. */
  count(start: number, end: number): number {
    let sum = 0
    for (let at = start; at < end;) {
      const whole = (at & 31) === 0 && at + BITS <= end
      if (whole) sum += ones(this.#words[at >>> 5] ?? 0)
      else if (this.has(at)) sum += 1
      at += whole ? BITS : 1
    }
    return sum
  }

  /** The runs of `[start, end)` that are in, or that are not. */
  *runs(start: number, end: number, wanted: boolean): Generator<readonly [number, number]> {
    let at = this.#next(start, end, wanted)
    while (at < end) {
      const behind = this.#next(at, end, !wanted)
      yield [at, behind]
      at = this.#next(behind, end, wanted)
    }
  }

  /** The first number from `at` on that is in (or not); `end` where there is none. */
  #next(at: number, end: number, wanted: boolean): number {
    const uniform = wanted ? 0 : 0xff_ff_ff_ff
    let next = at
    while (next < end) {
      if ((next & 31) === 0 && this.#words[next >>> 5] === uniform) next += BITS
      else if (this.has(next) === wanted) return next
      else next += 1
    }
    return end
  }
}

/** The bits that are set in a word of 32. */
function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55_55_55_55)
  bits = (bits & 0x33_33_33_33) + ((bits >>> 2) & 0x33_33_33_33)
  return (((bits + (bits >>> 4)) & 0x0f_0f_0f_0f) * 0x01_01_01_01) >>> 24
}
