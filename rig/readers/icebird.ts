import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type JsonObject, stringifyJson } from '../../src/core/json.ts'
import { runGuarded } from '../guarded.ts'
import { RigError } from '../rig-error.ts'
import { type TableAt, fieldsJson, fieldsOf, readMetadata } from './table.ts'

const PROGRAM = fileURLToPath(import.meta.resolve('./icebird-process.ts'))
const rowsSchema = z.array(z.custom<JsonObject>((value) => typeof value === 'object'))

/**
 * All rows through icebird, the one reader inside Node, in the canonical form: but timestamps are cut to milliseconds,
 * decimals are rounded to 53 bits and `binary` is read as text. It does not know deletion vectors.
 */
export async function readWithIcebird(table: TableAt): Promise<JsonObject[]> {
  const metadata = await readMetadata(table)
  const wanted =
    table.snapshotId === undefined
      ? metadata
      : { ...metadata, 'current-snapshot-id': table.snapshotId }
  const input = stringifyJson({
    metadata: stringifyJson(wanted),
    fields: fieldsJson(fieldsOf(metadata, table.snapshotId)),
    s3: table.s3 === undefined ? undefined : { ...table.s3 },
  })
  const command = { program: process.execPath, args: [PROGRAM] }
  const { status, stdout, stderr } = await runGuarded(command, { input })
  if (status !== 0) throw new RigError(`icebird cannot read it:\n${stderr.slice(-3000)}`)
  return rowsSchema.parse(JSON.parse(stdout))
}
