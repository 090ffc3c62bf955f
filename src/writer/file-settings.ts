import { FirnError } from '../core/errors.ts'
import { metricsConfig } from '../iceberg/metrics-config.ts'
import { EncodingMemory } from '../parquet/encoding-memory.ts'
import type { ParquetFileOptions } from '../parquet/parquet-file-encoder.ts'
import { parquetSettings } from '../parquet/settings.ts'
import type { EncodingPlan } from './encoder.ts'

const TARGET_FILE_KEY = 'write.target-file-size-bytes'
/** Iceberg's default. */
const TARGET_FILE_BYTES = 512 * 1024 * 1024
/** Columns in memory are larger than their pages: a row group is cut at most at so many bytes of columns. */
const ROW_GROUP_COLUMN_BYTES_MAX = 64 * 1024 * 1024
/** Rows of a row group: what Parquet writers commonly take; it bounds the work between two answers of an encoder. */
const ROW_GROUP_ROWS_MAX = 122_880
/** Java readers distrust statistics by writers whose version they cannot parse. */
export const CREATED_BY = 'firn version 0.1.0 (build 0)'

/** What a table's properties say about its files. */
export interface FileSettings {
  readonly targetFileBytes: number
  readonly rowGroupBytes: number
  readonly rowGroupRowsMax: number
  readonly parquet: ParquetFileOptions
}

/** Throws PROPERTY_INVALID. */
export function fileSettings({ schema, properties, sortOrder }: EncodingPlan): FileSettings {
  const settings = parquetSettings(schema, properties)
  const metrics = metricsConfig(schema, properties, sortOrder)
  return {
    targetFileBytes: targetFileBytes(properties[TARGET_FILE_KEY]),
    rowGroupBytes: Math.min(settings.rowGroupBytes, ROW_GROUP_COLUMN_BYTES_MAX),
    rowGroupRowsMax: ROW_GROUP_ROWS_MAX,
    parquet: {
      schema,
      settings,
      // One for the table: a column that fell back from its dictionary does so at once in the next file.
      memory: new EncodingMemory(),
      metricsMode: (fieldId) => metrics.modeOf(fieldId),
      createdBy: CREATED_BY,
    },
  }
}

function targetFileBytes(text: string | undefined): number {
  if (text === undefined) return TARGET_FILE_BYTES
  const bytes = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (bytes > 0) return bytes
  throw new FirnError(
    'PROPERTY_INVALID',
    `table property ${TARGET_FILE_KEY} must be a whole number above 0, found "${text}"`,
  )
}
