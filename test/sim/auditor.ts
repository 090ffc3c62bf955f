import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { readManifest } from '../../src/iceberg/manifest-reader.ts'
import { readManifestList } from '../../src/iceberg/manifest-list.ts'
import { checkMetadata } from '../../src/iceberg/check-metadata.ts'
import { currentSchema } from '../../src/iceberg/metadata-json.ts'
import { walkAncestors } from '../../src/iceberg/ancestry.ts'
import { readRecord } from '../../src/commit/ledger-text.ts'
import type { PositionRange } from '../../src/core/offsets.ts'
import type { SimWorld } from './sim-world.ts'

interface Row {
  readonly id: bigint
  readonly _kafka: { readonly partition: number; readonly offset: bigint }
}

/** What breaks an invariant, a line each; none where all is well. */
export async function audit(world: SimWorld): Promise<readonly string[]> {
  return [...world.problems, ...(await auditRows(world)), ...auditLedgers(world)]
}

/** I1: every record below the ledger is in the table exactly once, with its own value; and nothing else is. */
async function auditRows(world: SimWorld): Promise<readonly string[]> {
  const problems: string[] = []
  const ledger = world.ledger()
  const found = new Map<string, bigint>()
  for (const { id, _kafka: place } of await liveRows(world)) {
    const key = `${place.partition}@${place.offset}`
    if (found.has(key)) problems.push(`I1: ${key} is there twice`)
    found.set(key, id)
  }
  const expected = world.topic.produced.filter(
    ({ partition, offset }) => offset < (ledger.get(partition) ?? 0n),
  )
  for (const { partition, offset, id } of expected) {
    const key = `${partition}@${offset}`
    const there = found.get(key)
    if (there === undefined) problems.push(`I1: ${key} is missing`)
    else if (there !== BigInt(id)) problems.push(`I1: ${key} holds ${there}, not ${id}`)
  }
  if (found.size > expected.length)
    problems.push(`I1: ${found.size} rows for ${expected.length} records`)
  return problems.slice(0, 10)
}

async function liveRows(world: SimWorld): Promise<readonly Row[]> {
  const metadata = world.catalog.metadata(world.table)
  const head = walkAncestors(metadata, metadata.currentSnapshotId).snapshots[0]
  if (head === undefined) return []
  const rows: Row[] = []
  const seen = new Set<string>()
  for (const manifest of readManifestList(await world.store.get(head.manifestList))) {
    const bytes = await world.store.get(manifest.manifestPath)
    for (const { status, dataFile } of readManifest(bytes, {
      manifest,
      schema: currentSchema(metadata),
    }).entries) {
      if (status === 'deleted') continue
      if (seen.has(dataFile.filePath))
        world.problems.push(`I1: ${dataFile.filePath} is listed twice`)
      seen.add(dataFile.filePath)
      // I5: what is referenced is there to be read.
      const file = new Uint8Array(await world.store.get(dataFile.filePath))
      rows.push(
        ...((await parquetReadObjects({ file: file.buffer, compressors })) as unknown as Row[]),
      )
    }
  }
  return rows
}

/** I2, I3: along the ancestry the ledger grows by just what each snapshot adds; I8: the metadata is sound. */
function auditLedgers(world: SimWorld): readonly string[] {
  const metadata = world.catalog.metadata(world.table)
  const problems = checkMetadata(metadata).map((problem) => `I8: ${problem}`)
  const { snapshots } = walkAncestors(metadata, metadata.currentSnapshotId)
  const before = new Map<number, bigint>()
  for (const snapshot of snapshots.toReversed()) {
    const record = readRecord(snapshot)
    for (const [partition, position] of record?.ledger.topics.get(world.topic.name)?.next ?? []) {
      const range = record?.ranges.get({ topic: world.topic.name, partition })
      problems.push(...stepProblems(partition, { was: before.get(partition), position, range }))
      before.set(partition, position)
    }
  }
  return problems
}

function stepProblems(
  partition: number,
  step: { was: bigint | undefined; position: bigint; range: PositionRange | undefined },
): readonly string[] {
  const { was, position, range } = step
  if (was === undefined) return []
  const problems: string[] = []
  if (position < was) problems.push(`I2: ${partition} goes back from ${was} to ${position}`)
  if (position !== (range?.end ?? was)) {
    problems.push(`I3: ${partition} goes to ${position}, and the range ends at ${range?.end}`)
  }
  if (range !== undefined && range.start !== was) {
    problems.push(`I3: ${partition} stood at ${was}, and the range starts at ${range.start}`)
  }
  return problems
}
