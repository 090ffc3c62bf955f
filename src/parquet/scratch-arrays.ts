/** An array that must grow gets this much more than asked for, so that it does not grow with every row group. */
const SPARE = 1.25

/** Arrays that are used again, handed out and taken back as a stack. */
export class ScratchArrays {
  private readonly arrays: Int32Array<ArrayBuffer>[] = []
  private count = 0

  /** How many are handed out. */
  get used(): number {
    return this.count
  }

  /** Takes all arrays but the first ones back: those must not be looked at any more. */
  reset(used = 0): void {
    this.count = used
  }

  /** So many numbers, whatever they were. */
  int32(length: number): Int32Array<ArrayBuffer> {
    const at = this.count
    this.count = at + 1
    let array = this.arrays[at]
    if (array === undefined || array.length < length) {
      // Even, so that doubles fit over it.
      array = new Int32Array(Math.ceil((length * SPARE) / 2) * 2)
      this.arrays[at] = array
    }
    return array.subarray(0, length)
  }
}
