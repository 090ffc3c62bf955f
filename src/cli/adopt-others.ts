import { readTablePositions } from '../adopt/table-positions.ts'
import { checkRows } from '../audit/check-rows.ts'
import { DeletedRows } from '../audit/deleted-rows.ts'
import { readLiveFiles } from '../audit/live-files.ts'
import { positionFields } from '../audit/position-fields.ts'
import type { RowFindings } from '../audit/row-findings.ts'
import type { PartitionScope } from '../audit/row-scope.ts'
import { holdProperty, holdToText } from '../commit/hold.ts'
import { manifestProof } from '../commit/manifest-proof.ts'
import { boundsAt } from '../commit/plan-start.ts'
import { ledgerOf } from '../commit/standing.ts'
import { systemClock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import { writerName } from '../core/ids.ts'
import { PartitionMap, type Position } from '../core/offsets.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import { type AdoptCall, type Adoption, partitionsOf, refuseRunning, unknown } from './adoption.ts'
import { countText } from './format.ts'
import { moveRefused } from './ledger-view.ts'
import { withGroup } from './with-ports.ts'

const MEMORY_BYTES_MAX = 512 * 2 ** 20

/** Takes over from another writer of Firn: its ledger, exactly, and it is held from then on. */
export async function adoptWriter(call: AdoptCall): Promise<Adoption> {
  const { view, writer } = call
  if (writer === undefined) {
    throw new FirnError('USAGE', '--from writer wants --writer NAME', {
      help: `firn ledger show ${view.name} names the writers`,
    })
  }
  const { metadata } = view.loaded
  const owner = { writer: writerName(writer), ref: view.context.owner.ref }
  const proof = manifestProof(metadata, owner.ref, view.context)
  const { standing, reading } = await ledgerOf(metadata, owner, proof)
  if (standing.kind !== 'current' && standing.kind !== 'buried') {
    throw moveRefused(
      view.name,
      `the ledger of ${writer} is ${standing.kind}: where it stands cannot be told from it`,
      `firn ledger adopt ${view.name} --from table reads the positions from the rows`,
    )
  }
  const { ledger } = standing
  const stray = [...ledger.topics].filter(([topic, { id }]) => call.topics.get(topic)?.id !== id)
  if (stray.length > 0 || ledger.cluster !== view.view.log.cluster) {
    throw moveRefused(
      view.name,
      `${writer} also holds ${stray.map(([topic]) => topic).join(', ')}, which this configuration does not read, or which is another log by now`,
      'take over all topics of a writer at once: add them to `topics`',
    )
  }
  const origin = reading.evidence?.origin ?? reading.newest?.record.origin
  const positions = new PartitionMap<Position>()
  const begun = new PartitionMap<Position>()
  for (const at of partitionsOf(call.topics)) {
    const topic = ledger.topics.get(at.topic)
    if (topic === undefined) continue
    // A partition that appeared since begins where every new one does.
    positions.set(at, topic.next.get(at.partition) ?? 0n)
    const start = origin?.topics.get(at.topic)?.start.get(at.partition)
    if (start !== undefined) begun.set(at, start)
  }
  const reason = `taken over by ${view.context.owner.writer}`
  return {
    positions,
    begun,
    evidence: [`the ledger of ${writer}, which is ${standing.kind}`],
    warnings: [`${writer} is held from then on: its workers commit nothing more to ${view.name}`],
    fences: { [holdProperty(owner.writer)]: holdToText({ sinceMs: systemClock.now(), reason }) },
    document: { writer },
  }
}

/** Takes over what the rows say of themselves. */
export async function adoptTable(call: AdoptCall): Promise<Adoption> {
  const { view, config, ports } = call
  const { metadata } = view.loaded
  const [snapshot] = view.standing.reading.walk
  const fields = positionFields(currentSchema(metadata), view.table.metadataColumn.name)
  const live =
    snapshot === undefined
      ? undefined
      : await readLiveFiles(view.context, { metadata, snapshot }, fields)
  const files = live?.data ?? []
  const [unreadable] = live?.unreadable ?? []
  if (unreadable !== undefined) throw unreadable
  const { store } = view.context
  const rowGroupBytesMax = MEMORY_BYTES_MAX / 4
  const found = await readTablePositions(files, { store, fields, rowGroupBytesMax })
  const positions = new PartitionMap<Position>()
  const begun = new PartitionMap<Position>()
  const scopes = new PartitionMap<PartitionScope>()
  for (const at of partitionsOf(call.topics)) {
    const facts = call.topics.get(at.topic)
    const logStart = boundsAt(call, at)?.logStart ?? 0n
    const range = found.extents.get(at) ?? { start: logStart, end: logStart }
    positions.set(at, range.end)
    begun.set(at, range.start)
    if (facts !== undefined)
      scopes.set(at, { topicId: facts.id, range, gaps: [], rebasedBelow: 0n })
  }
  const bounds = scopes.map(({ range }, at) => {
    const { logStart = 0n, logEnd = 0n } = boundsAt(call, at) ?? {}
    return { start: logStart, end: range.end < logEnd ? range.end : logEnd }
  })
  const rows = await checkRows({
    store,
    clock: systemClock,
    fields,
    scopes,
    deleted: await DeletedRows.read(
      store,
      live?.deletes.filter(({ deletes }) => deletes === 'position') ?? [],
      MEMORY_BYTES_MAX / 512,
    ),
    bitmapBytesMax: MEMORY_BYTES_MAX / 2,
    rowGroupBytesMax,
    links: [],
    files,
    log: { source: ports.source, isolation: config.kafka.isolation, bounds },
    progress: () => undefined,
  })
  return {
    positions,
    begun,
    evidence: [
      `${countText(found.rows)} rows were read, ${countText(rows.compared)} positions compared with the log`,
    ],
    warnings: tableWarnings(view.name, rows),
    fences: {},
    document: {
      rows: found.rows,
      missing: rows.missing.texts.map(String),
      duplicates: rows.duplicates.texts.map(String),
    },
  }
}

function tableWarnings(table: string, rows: RowFindings): readonly string[] {
  const again = `firn replay ${table} reads them again, once the takeover is made`
  return [
    ...rows.missing.texts.map((text) => `${text} missing: ${again}`),
    ...rows.duplicates.texts.map((text) => `${text} more than once: ${again}`),
    ...(rows.rowsWithoutPosition > 0
      ? [`${countText(rows.rowsWithoutPosition)} rows say not which record they are`]
      : []),
    ...(rows.belowLog.total > 0
      ? [
          `${countText(rows.belowLog.total)} positions lie below the log’s start: what lacks there cannot be told`,
        ]
      : []),
  ]
}

/** Takes over where a consumer group stands: right for a writer that commits its offsets after the table. */
export async function adoptGroup(call: AdoptCall): Promise<Adoption> {
  const { config, view, group, stated } = call
  if (group === undefined) throw new FirnError('USAGE', `--from ${call.from} wants --group NAME`)
  return withGroup(config, group, async (source) => {
    await refuseRunning(view.name, group, source)
    const partitions = partitionsOf(call.topics)
    const positions = await source.groupOffsets(partitions)
    for (const [partition, position] of stated) positions.set(partition, position)
    const unstated = partitions.filter((one) => !positions.has(one))
    if (unstated.length > 0) throw unknown(view.name, unstated, `${group} has committed no offset`)
    return {
      positions,
      begun: new PartitionMap(),
      evidence: [`the committed offsets of ${group}`],
      warnings: call.count
        ? []
        : [
            'whether the table holds exactly what lies below them is its writer’s word: --count compares the numbers',
          ],
      fences: {},
      document: { group },
    }
  })
}

/**
 * Takes over from a Flink job. Its offsets are in its checkpoints: the table names the checkpoint, and nothing that
 * can be read from here says where that one stood. So they are stated, or proven by count.
 */
export async function adoptFlink(call: AdoptCall): Promise<Adoption> {
  const { view, stated, group, count } = call
  const own = view.standing.reading.walk.find(({ summary }) => 'flink.job-id' in summary)
  if (own === undefined) {
    throw moveRefused(
      view.name,
      'no snapshot of its ancestry is a Flink job’s',
      '--from group, or --from table',
    )
  }
  const job = own.summary['flink.job-id'] ?? ''
  const checkpoint = own.summary['flink.max-committed-checkpoint-id'] ?? '?'
  const evidence = [`snapshot ${own.snapshotId} is checkpoint ${checkpoint} of Flink job ${job}`]
  const document = { 'flink-job': job, checkpoint }
  const partitions = partitionsOf(call.topics)
  if (partitions.every((one) => stated.has(one))) {
    return {
      positions: stated,
      begun: new PartitionMap(),
      evidence: [...evidence, 'the positions were stated'],
      warnings: [],
      fences: {},
      document,
    }
  }
  if (group !== undefined && count) {
    const adoption = await adoptGroup(call)
    return { ...adoption, evidence: [...evidence, ...adoption.evidence], document }
  }
  throw moveRefused(
    view.name,
    `${evidence.join()}; the offsets of that checkpoint are in Flink’s state, and the group’s may be of another one`,
    'state them with --positions, from the savepoint; or try --group NAME --count, which takes the group’s where the table has as many rows as the log has records below them',
  )
}
