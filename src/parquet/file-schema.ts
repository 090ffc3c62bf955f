import { stringifyJson } from '../core/json.ts'
import { schemaToJson } from '../iceberg/schema-json.ts'
import type { Schema } from '../iceberg/types.ts'
import { type ParquetSchema, parquetSchema, schemaElements } from './parquet-schema.ts'

/** What all files of one schema have in common; made once, as a small file costs little more than this. */
export interface FileSchema {
  readonly parquet: ParquetSchema
  /** `parquet.elements`, encoded for the footer. */
  readonly elements: Uint8Array
  /** The Iceberg schema as JSON. */
  readonly json: string
}

export function fileSchema(schema: Schema): FileSchema {
  const parquet = parquetSchema(schema)
  return { parquet, elements: schemaElements(parquet), json: stringifyJson(schemaToJson(schema)) }
}
