import type { Snapshot, TableMetadata } from './metadata.ts'
import { duplicateFieldIds } from './field-ids.ts'
import { partitionSpecProblems } from './partition-spec.ts'
import { highestFieldId } from './schema.ts'
import { transformText } from './transform-text.ts'

/** How far clocks of writers may be apart before times out of order are a fault, as Iceberg's own check has it. */
const CLOCK_SKEW_MS = 60_000n

/**
 * What in a table's metadata breaks the specification, one sentence each; none for sound metadata. The simulation
 * asks it after every commit, and `check` of tables that others wrote.
 */
export function checkMetadata(metadata: TableMetadata): readonly string[] {
  return [
    ...identityProblems(metadata),
    ...schemaProblems(metadata),
    ...specProblems(metadata),
    ...refProblems(metadata),
    ...metadata.snapshots.flatMap((snapshot) =>
      snapshotProblems(snapshot, metadata).map(
        (problem) => `snapshot ${snapshot.snapshotId}: ${problem}`,
      ),
    ),
    ...sequenceProblems(metadata),
    ...rowIdProblems(metadata),
    ...logProblems(metadata),
  ]
}

function identityProblems({ formatVersion, tableUuid, location }: TableMetadata): string[] {
  return [
    ...(location === '' ? ['the location is empty'] : []),
    ...(formatVersion > 1 && tableUuid === '' ? ['there is no table uuid'] : []),
  ]
}

function schemaProblems(metadata: TableMetadata): string[] {
  const { schemas, currentSchemaId, lastColumnId } = metadata
  const ids = schemas.map(({ schemaId }) => schemaId)
  return [
    ...twice(ids).map((id) => `schema id ${id} is listed twice`),
    ...(ids.includes(currentSchemaId) ? [] : [`current schema ${currentSchemaId} is not listed`]),
    ...schemas.flatMap((schema) => {
      const highest = highestFieldId(schema)
      return [
        ...duplicateFieldIds(schema).map((id) => `has field id ${id} twice`),
        ...(highest > lastColumnId
          ? [`has field id ${highest}, above last-column-id ${lastColumnId}`]
          : []),
      ].map((problem) => `schema ${schema.schemaId} ${problem}`)
    }),
  ]
}

function specProblems(metadata: TableMetadata): string[] {
  const { partitionSpecs: specs, sortOrders, lastPartitionId } = metadata
  const specIds = specs.map(({ specId }) => specId)
  const orderIds = sortOrders.map(({ orderId }) => orderId)
  const { defaultSpecId, defaultSortOrderId } = metadata
  const fieldIds = specs.flatMap((spec) => spec.fields.map(({ fieldId }) => fieldId))
  const highest = Math.max(0, ...fieldIds)
  const current = specs.find(({ specId }) => specId === defaultSpecId)
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId)
  return [
    ...twice(specIds).map((id) => `spec id ${id} is listed twice`),
    ...twice(orderIds).map((id) => `sort order id ${id} is listed twice`),
    ...(current === undefined ? [`default spec ${defaultSpecId} is not listed`] : []),
    ...(orderIds.includes(defaultSortOrderId)
      ? []
      : [`default sort order ${defaultSortOrderId} is not listed`]),
    ...(highest > lastPartitionId
      ? [`partition field id ${highest} is above last-partition-id ${lastPartitionId}`]
      : []),
    ...(metadata.formatVersion > 1 ? reusedPartitionIds(metadata) : []),
    ...(current === undefined || schema === undefined
      ? []
      : partitionSpecProblems(current, schema)),
  ]
}

/** From v2 on an id means one source and transform in all specs: manifests of all specs share the ids. */
function reusedPartitionIds({ partitionSpecs }: TableMetadata): string[] {
  const meaning = new Map<number, string>()
  return partitionSpecs.flatMap((spec) =>
    spec.fields.flatMap(({ fieldId, sourceId, transform }) => {
      // A dropped field stays as void in specs that came from v1.
      if (transform.kind === 'void') return []
      const text = `${transformText(transform)} of column ${sourceId}`
      const known = meaning.get(fieldId) ?? text
      meaning.set(fieldId, known)
      return known === text ? [] : [`partition field id ${fieldId} is ${known} and ${text}`]
    }),
  )
}

function refProblems({ refs, snapshots, currentSnapshotId }: TableMetadata): string[] {
  const ids = new Set(snapshots.map(({ snapshotId }) => snapshotId))
  const main = refs['main']?.snapshotId ?? null
  return [
    ...twice(snapshots.map(({ snapshotId }) => snapshotId)).map(
      (id) => `snapshot id ${id} is listed twice`,
    ),
    ...Object.entries(refs).flatMap(([name, ref]) =>
      ids.has(ref.snapshotId)
        ? []
        : [`ref ${name} points to ${ref.snapshotId}, which is not listed`],
    ),
    ...(refs['main']?.type === 'tag' ? ['main is a tag'] : []),
    ...(main === currentSnapshotId
      ? []
      : [`main points to ${main}, but the current snapshot is ${currentSnapshotId}`]),
  ]
}

function snapshotProblems(snapshot: Snapshot, metadata: TableMetadata): string[] {
  const { sequenceNumber, schemaId, timestampMs } = snapshot
  const { formatVersion, lastSequenceNumber, lastUpdatedMs, schemas } = metadata
  const knownSchema = schemaId === null || schemas.some((schema) => schema.schemaId === schemaId)
  const needed = formatVersion > 1 && sequenceNumber > 0n
  return [
    ...(knownSchema ? [] : [`its schema ${schemaId} is not listed`]),
    ...(sequenceNumber > lastSequenceNumber
      ? [`its sequence number ${sequenceNumber} is above the last, ${lastSequenceNumber}`]
      : []),
    ...(timestampMs > lastUpdatedMs + CLOCK_SKEW_MS ? ['it is newer than the last update'] : []),
    ...(needed && snapshot.manifestList === '' ? ['it has no manifest list'] : []),
    ...(needed && snapshot.summary['operation'] === undefined
      ? ['its summary has no operation']
      : []),
  ]
}

/** Sequence numbers are unique, and grow from parent to child. v1 snapshots all have 0. */
function sequenceProblems({ formatVersion, snapshots }: TableMetadata): string[] {
  if (formatVersion === 1) return []
  const numbered = snapshots.filter(({ sequenceNumber }) => sequenceNumber > 0n)
  const byId = new Map(snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]))
  return [
    ...twice(numbered.map(({ sequenceNumber }) => sequenceNumber)).map(
      (number) => `sequence number ${number} belongs to two snapshots`,
    ),
    ...numbered.flatMap((snapshot) => {
      const parent = parentOf(snapshot, byId)
      return parent === undefined || parent.sequenceNumber < snapshot.sequenceNumber
        ? []
        : [`snapshot ${snapshot.snapshotId}: its sequence number is not above its parent's`]
    }),
  ]
}

/** v3: each snapshot takes its own range of row ids, and the table's next one lies beyond them all. */
function rowIdProblems({ formatVersion, snapshots, nextRowId }: TableMetadata): string[] {
  if (formatVersion < 3) return []
  const byId = new Map(snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]))
  const ranges = snapshots.flatMap(({ snapshotId, firstRowId, addedRows }) =>
    firstRowId === null
      ? []
      : [{ snapshotId, start: firstRowId, end: firstRowId + (addedRows ?? 0n) }],
  )
  const inOrder = [...ranges].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  return [
    ...snapshots.flatMap((snapshot) => {
      const { snapshotId, firstRowId, addedRows } = snapshot
      const parent = parentOf(snapshot, byId)
      const lost = firstRowId === null && (parent?.firstRowId ?? null) !== null
      return [
        ...(lost ? [`snapshot ${snapshotId}: it has no first row id, but its parent has`] : []),
        ...((firstRowId === null) === (addedRows === null)
          ? []
          : [`snapshot ${snapshotId}: first-row-id and added-rows come together`]),
      ]
    }),
    ...ranges.flatMap(({ snapshotId, end }) =>
      end > nextRowId ? [`snapshot ${snapshotId}: its row ids reach beyond next-row-id`] : [],
    ),
    ...inOrder.flatMap((range, index) => {
      const before = inOrder[index - 1]
      return before === undefined || before.end <= range.start || range.start === range.end
        ? []
        : [`snapshots ${before.snapshotId} and ${range.snapshotId} share row ids`]
    }),
  ]
}

function logProblems({ snapshotLog, currentSnapshotId }: TableMetadata): string[] {
  const last = snapshotLog.at(-1)
  return [
    ...snapshotLog.flatMap((entry, index) => {
      const before = snapshotLog[index - 1]
      const back = before !== undefined && entry.timestampMs < before.timestampMs - CLOCK_SKEW_MS
      return back ? [`the snapshot log goes back in time at ${entry.snapshotId}`] : []
    }),
    ...(last === undefined || last.snapshotId === currentSnapshotId
      ? []
      : ['the snapshot log does not end at the current snapshot']),
  ]
}

function parentOf(snapshot: Snapshot, byId: ReadonlyMap<bigint, Snapshot>): Snapshot | undefined {
  const { parentSnapshotId } = snapshot
  return parentSnapshotId === null ? undefined : byId.get(parentSnapshotId)
}

function twice<T>(values: readonly T[]): T[] {
  const seen = new Set<T>()
  const repeated = values.filter((value) => seen.size === seen.add(value).size)
  return [...new Set(repeated)]
}
