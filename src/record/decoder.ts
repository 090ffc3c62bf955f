import type { BatchBuilder } from '../columns/batch-builder.ts'
import { CompiledJsonDecoder } from './compiled-json-decoder.ts'
import type { DecodingOptions } from './decoding.ts'
import type { RecordCursor } from './record-cursor.ts'
import type { RecordFailure } from './record-failure.ts'

/** Reads the values of records into the columns of one builder. */
export interface ValueDecoder {
  /**
   * Appends the record as one row. One that does not fit leaves the builder as it was: the answer says what is wrong
   * with it.
   */
  decode(record: RecordCursor): RecordFailure | undefined
}

/**
 * The decoder of a table's records into a builder of its schema. Throws TYPE_UNSUPPORTED, CONFIG_INVALID (two columns
 * claim one name) or SCHEMA_INCOMPATIBLE (the metadata column has another form).
 */
export function compileDecoder(builder: BatchBuilder, options: DecodingOptions): ValueDecoder {
  return new CompiledJsonDecoder(builder, options)
}

/** The code that `compileDecoder` would generate, for people. Throws as it does. */
export function decoderSource(builder: BatchBuilder, options: DecodingOptions): string {
  return new CompiledJsonDecoder(builder, options).source
}
