import { ByteWriter } from './byte-writer.ts'
import { ByteArrayTable } from './byte-array-table.ts'
import { ScratchArrays } from './scratch-arrays.ts'
import { WordTable } from './word-table.ts'

const BODY_BYTES = 2 ** 16

/**
 * Memory that is used again for column after column. Fresh arrays of half a megabyte, a dozen for each column, cost
 * more in page faults and garbage collection than the encoding itself.
 */
export class Scratch extends ScratchArrays {
  readonly body = new ByteWriter(BODY_BYTES)
  readonly dictionaryBody = new ByteWriter(BODY_BYTES)
  /** Where a block of a file is put together. */
  readonly block = new ByteWriter(BODY_BYTES)
  readonly tables = { bytes: new ByteArrayTable(), words: new WordTable() }
}
