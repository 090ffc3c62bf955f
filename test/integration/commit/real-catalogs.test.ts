import { describe, expect, test } from 'vitest'
import type { Catalog, TableIdentifier } from '../../../src/catalog/catalog.ts'
import { RestCatalog } from '../../../src/catalog/rest-catalog.ts'
import { type CatalogKeeps, chooseCarriers } from '../../../src/commit/carriers.ts'
import { commitStaged } from '../../../src/commit/committer.ts'
import type { CommitContext } from '../../../src/commit/context.ts'
import { positionsOf } from '../../../src/commit/ledger.ts'
import { ManifestLists } from '../../../src/commit/manifest-lists.ts'
import { probeCatalog } from '../../../src/commit/probe.ts'
import { readLedger } from '../../../src/commit/read-ledger.ts'
import { stageFiles } from '../../../src/commit/stage.ts'
import { startTable } from '../../../src/commit/start.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { clusterId, topicId, topicName, writerName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'
import type { ObjectStore } from '../../../src/storage/object-store.ts'
import { LocalObjectStore } from '../../../src/storage/local-object-store.ts'
import { S3ObjectStore } from '../../../src/storage/s3-object-store.ts'
import { useRig } from '../../support/rig.ts'

// The commit loop on real catalogs: what their requirements really compare, and that nobody's update is lost. The data
// files are names only; what readers make of real ones is for the end-to-end tests.

const OWNER = { writer: writerName('w'), ref: 'main' }
const TOPIC = topicName('orders')
const CLAIMED = { cluster: clusterId('c'), topics: new Map([[TOPIC, topicId('t')]]) }
const RETRY = { attemptsMax: 3, waitMsMin: 10, waitMsMax: 100 }

interface Place {
  readonly catalog: Catalog
  readonly store: ObjectStore
}

async function open(uri: string, warehouse: string): Promise<Catalog> {
  const parts = { clock: systemClock, random: systemRandom }
  return RestCatalog.open(
    {
      uri,
      warehouse,
      auth: { type: 'none' },
      headers: {},
      tls: {
        ca: undefined,
        cert: undefined,
        key: undefined,
        serverName: undefined,
        insecureSkipVerify: false,
      },
      accessDelegation: 'none',
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 30_000,
      retry: RETRY,
    },
    parts,
  )
}

async function createTable(
  { catalog }: Place,
  name: string,
  formatVersion: 2 | 3 = 2,
): Promise<TableIdentifier> {
  const identifier = { namespace: ['lake'], name }
  await catalog.createNamespace(identifier.namespace).catch(() => false)
  const created = await catalog.createTable(identifier, {
    schema: {
      schemaId: 0,
      fields: [{ id: 1, name: 'n', type: { kind: 'long' }, required: false }],
      identifierFieldIds: [],
    },
    partitionSpec: { specId: 0, fields: [] },
    sortOrder: { orderId: 0, fields: [] },
    properties: {
      'commit.manifest.min-count-to-merge': '4',
      'commit.retry.num-retries': '20',
      'commit.retry.min-wait-ms': '10',
    },
    location: null,
    formatVersion,
  })
  expect(created.kind).toBe('created')
  return identifier
}

async function metadataOf({ catalog }: Place, table: TableIdentifier): Promise<TableMetadata> {
  const loaded = await catalog.loadTable(table)
  if (loaded.kind !== 'loaded') throw new Error(loaded.kind)
  return loaded.table.metadata
}

async function contextOf(
  place: Place,
  table: TableIdentifier,
  change: Partial<CommitContext> = {},
): Promise<CommitContext> {
  return {
    ...place,
    table,
    owner: OWNER,
    tableUuid: (await metadataOf(place, table)).tableUuid,
    onRollback: 'follow',
    passesHold: false,
    carriers: { tags: true, properties: true },
    limits: { allowedLatenessMs: 0, maxSkewMs: 0 },
    isRouted: () => true,
    stagedMaxAgeMs: 600_000,
    liftAfterSnapshots: 20,
    engineVersion: 'test',
    clock: systemClock,
    random: systemRandom,
    observe: () => {},
    lists: new ManifestLists(place.store),
    ...change,
  }
}

async function start(context: CommitContext): Promise<Record<number, bigint> | string> {
  const partitions = [0, 1].map((partition) => ({ topic: TOPIC, partition }))
  const bounds = { logStart: 0n, logEnd: 1_000n }
  const outcome = await startTable(context, {
    partitions,
    log: {
      facts: async () => ({
        cluster: CLAIMED.cluster,
        topics: new Map([
          [
            TOPIC,
            {
              id: topicId('t'),
              partitions: new Map([
                [0, bounds],
                [1, bounds],
              ]),
            },
          ],
        ]),
      }),
      start: async () => ({ kind: 'earliest' }),
    },
  })
  if (outcome.kind === 'refused') return outcome.refusal.code
  if (outcome.kind === 'exhausted') return outcome.reason.message
  return Object.fromEntries(
    [...outcome.positions].map(([{ partition }, { position }]) => [partition, position]),
  )
}

/** Commits single positions of one partition; as a worker does, one after the other. */
async function append(
  context: CommitContext,
  partition: number,
  [from, to]: [number, number],
): Promise<string[]> {
  const outcomes: string[] = []
  for (let position = from; position < to; position++) {
    const range = { start: BigInt(position), end: BigInt(position + 1) }
    const metadata = await metadataOf(context, context.table)
    const staged = await stageFiles(context, {
      files: {
        files: [
          {
            content: 'data',
            filePath: `${metadata.location}/data/p${partition}-${position}.parquet`,
            fileFormat: 'PARQUET',
            specId: 0,
            partition: [],
            recordCount: 1n,
            fileSizeInBytes: 10n,
            metrics: {
              columnSizes: new Map(),
              valueCounts: new Map(),
              nullValueCounts: new Map(),
              nanValueCounts: new Map(),
              lowerBounds: new Map(),
              upperBounds: new Map(),
            },
            splitOffsets: [],
            equalityIds: [],
            sortOrderId: null,
            firstRowId: null,
          },
        ],
        ranges: new PartitionMap([[{ topic: TOPIC, partition }, range]]),
        topics: CLAIMED.topics,
        facts: new PartitionMap(),
        rowCount: 1n,
        schemaId: metadata.currentSchemaId,
        specId: 0,
        reason: 'rows',
        openedAtMs: 0,
      },
      cluster: CLAIMED.cluster,
      metadata,
    })
    const outcome = await commitStaged(context, staged)
    outcomes.push(
      outcome.kind === 'refused' ? `${outcome.kind} ${outcome.refusal.message}` : outcome.kind,
    )
  }
  return outcomes
}

async function next(place: Place, table: TableIdentifier): Promise<Record<number, bigint>> {
  const { newest } = readLedger(await metadataOf(place, table), OWNER)
  if (newest === undefined) return {}
  return Object.fromEntries(
    [...positionsOf(newest.record.ledger)].map(([{ partition }, position]) => [
      partition,
      position,
    ]),
  )
}

async function rollback(place: Place, table: TableIdentifier, steps: number): Promise<void> {
  const metadata = await metadataOf(place, table)
  const to = metadata.snapshots
    .toSorted((a, b) => Number(a.sequenceNumber - b.sequenceNumber))
    .at(-1 - steps)!
  const response = await place.catalog.commitTable(table, {
    requirements: [],
    updates: [
      {
        action: 'set-snapshot-ref',
        refName: 'main',
        ref: { type: 'branch', snapshotId: to.snapshotId },
      },
    ],
  })
  expect(response.kind).toBe('committed')
}

const times = (count: number): string[] => Array.from({ length: count }, () => 'committed')

describe('the REST fixture of Apache Iceberg', () => {
  const rig = useRig({ catalog: 'fixture' })
  const place = async (): Promise<Place> => ({
    catalog: await open(rig().catalog.uri, rig().catalog.warehouse),
    store: new LocalObjectStore(),
  })

  test('keeps everything', async () => {
    const at = await place()
    await at.catalog.createNamespace(['probe'])
    const all: CatalogKeeps = {
      tags: true,
      properties: true,
      allSnapshots: true,
      staleHeadRefused: true,
      presentHeadRefused: true,
      staleSequenceNumberRefused: true,
    }
    expect(
      await probeCatalog({ ...at, clock: systemClock, random: systemRandom }, ['probe']),
    ).toEqual(all)
    expect(await at.catalog.listTables(['probe'])).toEqual([])
  })

  test.each([2, 3] as const)('v%i: two workers race, each exactly once', async (formatVersion) => {
    const at = await place()
    const table = await createTable(at, `race_v${formatVersion}`, formatVersion)
    const workers = [await contextOf(at, table), await contextOf(at, table)] as const
    const starts = await Promise.all(workers.map(start))
    expect(starts).toEqual([
      { 0: 0n, 1: 0n },
      { 0: 0n, 1: 0n },
    ])
    const outcomes = await Promise.all([
      append(workers[0], 0, [0, 10]),
      append(workers[1], 1, [0, 10]),
    ])
    expect(outcomes).toEqual([times(10), times(10)])
    expect(await next(at, table)).toEqual({ 0: 10n, 1: 10n })
    const metadata = await metadataOf(at, table)
    expect(checkMetadata(metadata)).toEqual([])
    expect(metadata.snapshots.at(-1)?.summary['total-records']).toBe('20')
  })

  test('a rollback: followed, or held', async () => {
    const at = await place()
    const table = await createTable(at, 'rolled')
    const worker = await contextOf(at, table)
    await start(worker)
    await append(worker, 0, [0, 5])
    await rollback(at, table, 2)
    expect(await start({ ...worker, onRollback: 'hold' })).toBe('TABLE_ROLLED_BACK')
    expect(await append(worker, 0, [5, 6])).toEqual(['rejected'])
    expect(await start(worker)).toEqual({ 0: 3n, 1: 0n })
    expect(await append(worker, 0, [3, 6])).toEqual(times(3))
    expect(checkMetadata(await metadataOf(at, table))).toEqual([])
  })
})

describe('Nessie, which keeps less than it says', () => {
  const rig = useRig({ catalog: 'nessie', s3: 'moto' })
  const place = async (): Promise<Place> => {
    const { endpoint, region, accessKeyId, secretAccessKey } = rig().s3.s3
    return {
      catalog: await open(rig().catalog.uri, rig().catalog.warehouse),
      store: new S3ObjectStore({
        endpoint,
        region,
        pathStyle: true,
        credentials: {
          accessKeyId,
          secretAccessKey: () => secretAccessKey,
          sessionToken: undefined,
        },
        partSizeBytes: 8 * 1024 * 1024,
        requestsInFlight: 8,
        partsInFlight: 2,
        connectTimeoutMs: 5_000,
        requestTimeoutMs: 30_000,
        retry: RETRY,
      }),
    }
  }

  test('the probe finds what', async () => {
    const at = await place()
    await at.catalog.createNamespace(['probe'])
    const keeps = await probeCatalog({ ...at, clock: systemClock, random: systemRandom }, ['probe'])
    expect(keeps).toEqual({
      tags: false,
      properties: true,
      allSnapshots: false,
      staleHeadRefused: true,
      presentHeadRefused: false,
      staleSequenceNumberRefused: false,
    })
    const choice = chooseCarriers(keeps)
    expect(choice).toMatchObject({ kind: 'usable', carriers: { tags: false, properties: true } })
  })

  test('two workers race, each exactly once', async () => {
    const at = await place()
    const table = await createTable(at, 'race')
    const carriers = { tags: false, properties: true }
    const workers = [
      await contextOf(at, table, { carriers }),
      await contextOf(at, table, { carriers }),
    ] as const
    // One after the other: a first snapshot is not checked against another first one here.
    expect(await start(workers[0])).toEqual({ 0: 0n, 1: 0n })
    expect(await start(workers[1])).toEqual({ 0: 0n, 1: 0n })
    const outcomes = await Promise.all([
      append(workers[0], 0, [0, 8]),
      append(workers[1], 1, [0, 8]),
    ])
    expect(outcomes).toEqual([times(8), times(8)])
    expect(await next(at, table)).toEqual({ 0: 8n, 1: 8n })
  })
})
