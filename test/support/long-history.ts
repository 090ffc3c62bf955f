import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { RestCatalog } from '../../rig/services/fixture-catalog.ts'
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../src/core/json.ts'
import { JsonPlace } from '../../src/iceberg/json-place.ts'
import { locate } from '../e2e/support/catalog-view.ts'

/**
 * The table with snapshots without files on top of its own, by another writer, as years of small appends leave it: its
 * metadata file written anew, and registered in the place of the old one.
 */
export async function lengthenHistory(
  catalog: RestCatalog,
  table: string,
  count: number,
): Promise<void> {
  const location = fileURLToPath((await locate(catalog, table)).replace(/^file:\/*/, 'file:///'))
  const metadata = parseJson(await readFile(location, 'utf8'), location)
  if (!isJsonObject(metadata)) throw new Error('no metadata')
  const longer = location.replace(/[^/]+$/, `longer-${count}.metadata.json`)
  await writeFile(longer, stringifyJson(lengthened(metadata, count)))
  const [namespace = '', name = ''] = table.split('.')
  const at = `${catalog.uri}/v1/namespaces/${namespace}`
  await fetch(`${at}/tables/${name}`, { method: 'DELETE' })
  const answer = await fetch(`${at}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, 'metadata-location': `file://${longer}` }),
  })
  if (!answer.ok) throw new Error(`register: ${answer.status} ${await answer.text()}`)
}

function lengthened(metadata: JsonObject, count: number): JsonObject {
  const { refs } = metadata
  const snapshots = new JsonPlace(metadata, '').field('snapshots').items()
  const current = new JsonPlace(metadata, '').field('current-snapshot-id').long()
  const sequence = new JsonPlace(metadata, '').field('last-sequence-number').long()
  const head = snapshots.find((one) => one.field('snapshot-id').long() === current)?.value
  if (!isJsonObject(head) || !isJsonObject(refs)) throw new Error('no head')
  const { summary } = head
  const totals = isJsonObject(summary)
    ? Object.fromEntries(Object.entries(summary).filter(([key]) => key.startsWith('total-')))
    : {}
  const added = Array.from({ length: count }, (_, index): JsonObject => ({
    ...head,
    'snapshot-id': BigInt(1_000_000 + index),
    'parent-snapshot-id': index === 0 ? current : BigInt(999_999 + index),
    'sequence-number': sequence + BigInt(index + 1),
    summary: { operation: 'append', 'engine-name': 'another', ...totals },
  }))
  const newest = BigInt(999_999 + count)
  return {
    ...metadata,
    snapshots: [...snapshots.map(({ value }) => value ?? null), ...added],
    'last-sequence-number': sequence + BigInt(count),
    'current-snapshot-id': newest,
    'snapshot-log': [],
    refs: { ...refs, main: { 'snapshot-id': newest, type: 'branch' } },
  }
}
