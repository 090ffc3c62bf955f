import type { Schema } from '../iceberg/types.ts'
import { type FileSchema, fileSchema } from './file-schema.ts'
import type { Codec } from './format.ts'
import { LevelReader } from './levels.ts'
import { Scratch } from './scratch.ts'

/** After so many row groups without one, a dictionary or a codec is tried again: the data may have changed. */
const SKIPPED_MAX = 16

/** A chunk of so many bytes is small: what a wrong guess about its codec costs is, too. */
const SMALL_BYTES = 2 ** 16

/**
 * What the encoders of a table's files share on one thread: what was learnt about its columns from one row group and
 * one file to the next (which had no use for a dictionary), and scratch memory, of which none holds any between calls.
 */
export class EncodingMemory {
  readonly scratch = new Scratch()
  readonly levels = new LevelReader()
  private readonly skips = new Map<number, number>()
  private schema: { readonly of: Schema; readonly file: FileSchema } | undefined
  private readonly incompressible = new Map<number, Incompressible>()

  /** The schema, made ready for files: once for all of a table. */
  schemaOf(schema: Schema): FileSchema {
    if (this.schema?.of !== schema) this.schema = { of: schema, file: fileSchema(schema) }
    return this.schema.file
  }

  /** Whether to try a dictionary for a column. */
  wantsDictionary(fieldId: number): boolean {
    const left = this.skips.get(fieldId) ?? 0
    if (left === 0) return true
    this.skips.set(fieldId, left - 1)
    return false
  }

  /** That a dictionary was tried, and whether it paid. */
  learn(fieldId: number, paid: boolean): void {
    this.skips.set(fieldId, paid ? 0 : SKIPPED_MAX)
  }

  /** Whether to try the table's codec on a column's chunk of so many bytes. */
  wantsCodec(fieldId: number, size: number): boolean {
    const known = this.incompressible.get(fieldId)
    if (known === undefined || known.left === 0 || size > known.sizeMax) return true
    known.left -= 1
    return false
  }

  /** Which codec a trial came to. Of a large chunk it costs little and may save much: it is made each time. */
  learnCodec(fieldId: number, size: number, codec: Codec): void {
    if (codec !== 'uncompressed' || size > SMALL_BYTES) this.incompressible.delete(fieldId)
    else this.incompressible.set(fieldId, { sizeMax: size * 2, left: SKIPPED_MAX })
  }
}

/** What is known of a column whose small chunks no codec makes smaller. */
interface Incompressible {
  /** Of chunks up to here it is known. */
  readonly sizeMax: number
  /** For so many of them. */
  left: number
}
