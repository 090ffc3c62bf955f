/**
 * Writes `all-types.parquet` anew, when the encoder is meant to write other bytes than before. Then run `read.py`
 * (PyArrow), which writes what it reads to `all-types.json`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { batchOf } from '../../unit/columns/tree.ts'
import { encodeFile } from '../../unit/parquet/parquet-files.ts'
import { ROWS, SCHEMA } from './rows.ts'

const properties = { 'write.parquet.compression-codec': 'none' }
const { bytes } = encodeFile(SCHEMA, [batchOf(SCHEMA, ROWS)], { properties })
writeFileSync(join(import.meta.dirname, 'all-types.parquet'), bytes)
