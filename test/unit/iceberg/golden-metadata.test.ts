import { describe, expect, test } from 'vitest'
import { isJsonObject, parseJson } from '../../../src/core/json.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import { parseTableMetadata, tableMetadataToJson } from '../../../src/iceberg/metadata-json.ts'
import { goldenMetadata, goldenMetadataText, TABLES, viaText } from './golden-files.ts'

/** What Java writes and Firn does not keep: it is none of a writer's business. */
const NOT_KEPT = new Set(['statistics', 'partition-statistics', 'metadata-log'])

describe.each(TABLES)('the metadata of %s that Java wrote', (table) => {
  test('comes back as it was', () => {
    const original = parseJson(goldenMetadataText(table), 'the metadata')
    if (!isJsonObject(original)) throw new Error('no object')
    const kept = Object.fromEntries(
      Object.entries(original).filter(([key]) => !NOT_KEPT.has(key)),
    ) as never
    const metadata = parseTableMetadata(original)
    expect(viaText(tableMetadataToJson(metadata))).toEqual(viaText(kept))
    expect(parseTableMetadata(tableMetadataToJson(metadata))).toEqual(metadata)
  })

  test('is sound', () => {
    expect(checkMetadata(goldenMetadata(table))).toEqual([])
  })
})

test('refs, tags and their retention are read', () => {
  expect(goldenMetadata('v2_nested').refs).toMatchObject({
    main: { type: 'branch' },
    first: { type: 'tag', maxRefAgeMs: 86_400_000n },
    audit: { type: 'branch', minSnapshotsToKeep: 3, maxSnapshotAgeMs: 123n },
  })
})

test('defaults and types that Firn cannot write are read', () => {
  const schema = goldenMetadata('v3_lineage').schemas.at(-1)
  expect(schema?.fields.slice(2)).toMatchObject([
    { name: 'i', initialDefault: 42, writeDefault: 42 },
    { name: 's', doc: 'why', initialDefault: 'zz' },
    { name: 'dec', initialDefault: 1420n },
    { name: 'd', initialDefault: 17486 },
    { name: 'tz', initialDefault: 1_510_871_468_123_456_789n },
    { name: 'u' },
    { name: 'v', type: { kind: 'unsupported', text: 'variant' } },
    { name: 'nothing', type: { kind: 'unsupported', text: 'unknown' } },
    { name: 'place', type: { kind: 'unsupported', text: 'geometry' } },
  ])
})
