import { ByteWriter } from './byte-writer.ts'
import { ByteArrayTable } from './byte-array-table.ts'
import { WordTable } from './word-table.ts'

const BODY_BYTES = 2 ** 16
/** An array that must grow gets this much more than asked for, so that it does not grow with every row group. */
const SPARE = 1.25

/**
 * Memory that is used again for column after column. Fresh arrays of half a megabyte, a dozen for each column, cost
 * more in page faults and garbage collection than the encoding itself.
 */
export class Scratch {
  readonly body = new ByteWriter(BODY_BYTES)
  readonly tables = { bytes: new ByteArrayTable(), words: new WordTable() }
  private readonly arrays: Int32Array<ArrayBuffer>[] = []
  private used = 0

  /** Takes all arrays back: those handed out before must not be looked at any more. */
  reset(): void {
    this.used = 0
  }

  /** So many numbers, whatever they were. */
  int32(length: number): Int32Array<ArrayBuffer> {
    const at = this.used
    this.used = at + 1
    let array = this.arrays[at]
    if (array === undefined || array.length < length) {
      // Even, so that doubles fit over it.
      array = new Int32Array(Math.ceil((length * SPARE) / 2) * 2)
      this.arrays[at] = array
    }
    return array.subarray(0, length)
  }
}
