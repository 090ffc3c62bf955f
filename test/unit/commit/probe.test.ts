import { describe, expect, test } from 'vitest'
import { chooseCarriers, type CatalogKeeps } from '../../../src/commit/carriers.ts'
import { probeCatalog } from '../../../src/commit/probe.ts'
import { type CatalogManners, FakeCatalog } from '../../support/fake-catalog.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { seeded, virtualClock } from './fixtures.ts'

const ALL: CatalogKeeps = {
  tags: true,
  properties: true,
  allSnapshots: true,
  staleHeadRefused: true,
  presentHeadRefused: true,
  staleSequenceNumberRefused: true,
}

function partsOf(manners: Partial<CatalogManners> = {}) {
  return {
    catalog: new FakeCatalog(manners),
    store: new FakeObjectStore(),
    clock: virtualClock({ nowMs: 5 }),
    random: seeded(3),
  }
}

describe('a probe', () => {
  test.each<[Partial<CatalogManners>, Partial<CatalogKeeps>]>([
    [{}, {}],
    [{ tags: false }, { tags: false }],
    [{ properties: false }, { properties: false }],
    [
      { tags: false, allSnapshots: false },
      { tags: false, allSnapshots: false },
    ],
    [{ assertNull: false }, { presentHeadRefused: false }],
    [{ assertSequenceNumber: false }, { staleSequenceNumberRefused: false }],
    [
      { assertHead: false, assertSequenceNumber: false },
      { staleHeadRefused: false, staleSequenceNumberRefused: false },
    ],
  ])('of a catalog that is %o', async (manners, found) => {
    const parts = partsOf(manners)
    expect(await probeCatalog(parts, ['lake'])).toEqual({ ...ALL, ...found })
    expect(parts.catalog.tables.size).toBe(0)
    expect(parts.store.objects.size).toBe(0)
  })

  test('leaves nothing behind when it fails', async () => {
    const parts = partsOf()
    parts.catalog.fault = () => 'lost'
    await expect(probeCatalog(parts, ['lake'])).rejects.toThrow('did not take a plain commit')
    expect(parts.catalog.tables.size).toBe(0)
    expect(parts.store.objects.size).toBe(0)
  })

  test('a table that may have been created, or is lost again', async () => {
    const parts = partsOf()
    const reason = new FirnError('CATALOG_UNAVAILABLE', 'no answer')
    parts.catalog.createTable = async () => ({ kind: 'unknown', reason })
    await expect(probeCatalog(parts, ['lake'])).rejects.toThrow('no answer')
    parts.catalog.createTable = async () => ({ kind: 'exists' })
    await expect(probeCatalog(parts, ['lake'])).rejects.toThrow('lost a table')
  })
})

describe('the carriers of the ledger', () => {
  test.each<[Partial<CatalogKeeps>, string]>([
    [{}, 'usable tags+properties'],
    [{ tags: false }, 'usable properties: P3'],
    [{ properties: false }, 'usable tags: P3'],
    [{ tags: false, properties: false }, 'refused'],
    [{ staleHeadRefused: false }, 'refused'],
    [{ presentHeadRefused: false }, 'usable tags+properties: P1'],
    [{ allSnapshots: false }, 'usable tags+properties: P3'],
    [{ staleSequenceNumberRefused: false }, 'usable tags+properties'],
    [{ tags: false, staleSequenceNumberRefused: false }, 'usable properties: P3'],
  ])('where the catalog is %o', (change, expected) => {
    const choice = chooseCarriers({ ...ALL, ...change })
    if (choice.kind === 'refused') {
      expect(choice.refusal.code).toBe('CATALOG_CANNOT_ARBITRATE')
      expect(expected).toBe('refused')
      return
    }
    const kept = (['tags', 'properties'] as const).filter((name) => choice.carriers[name])
    const weaker = choice.weaker.map(({ promise }) => promise).join()
    expect(`usable ${kept.join('+')}${weaker === '' ? '' : `: ${weaker}`}`).toBe(expected)
  })

  test('what is weaker on a catalog that keeps less than it says is said apart', () => {
    const nessie = {
      tags: false,
      allSnapshots: false,
      presentHeadRefused: false,
      staleSequenceNumberRefused: false,
    }
    const choice = chooseCarriers({ ...ALL, ...nessie })
    expect(choice.kind === 'usable' ? choice.weaker : []).toHaveLength(3)
  })
})
