import { tableText } from '../catalog/catalog.ts'
import { readControlTopic } from '../adopt/control-topic.ts'
import { type SinkOffsets, sinkNames, sinkOffsets } from '../adopt/connect-offsets.ts'
import { type ConnectPlan, planConnect } from '../adopt/plan-connect.ts'
import { NO_POSITIONS } from '../audit/position-fields.ts'
import { readLiveFiles } from '../audit/live-files.ts'
import { boundsAt } from '../commit/plan-start.ts'
import { systemClock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import { topicName } from '../core/ids.ts'
import { PartitionMap, partitionText } from '../core/offsets.ts'
import { type AdoptCall, type Adoption, partitionsOf, refuseRunning, unknown } from './adoption.ts'
import { countText } from './format.ts'
import { moveRefused } from './ledger-view.ts'
import { withGroup } from './with-ports.ts'

interface Sink {
  readonly control: string
  readonly group: string
}

const COORDINATOR = '-coord'

/** Takes over from Apache Iceberg's sink for Kafka Connect: exactly behind what its coordinator has committed. */
export async function adoptConnect(call: AdoptCall): Promise<Adoption> {
  const { config, view } = call
  const { walk } = view.standing.reading
  const sink = await sinkOf(call)
  const recorded = sinkOffsets(walk, sink)
  if (recorded === undefined) throw neverCommitted(call, sink)
  await withGroup(config, sink.group + COORDINATOR, async (source) =>
    refuseRunning(view.name, sink.group + COORDINATOR, source),
  )
  return withGroup(config, sink.group, async (source) => {
    await refuseRunning(view.name, sink.group, source)
    const control = await readControlTopic(topicName(sink.control), sink.group, {
      source,
      clock: systemClock,
    })
    const partitions = partitionsOf(call.topics)
    const plan = planConnect({
      table: tableText(view.table.table),
      events: control.events,
      recorded: recorded.next,
      group: await source.groupOffsets(partitions),
      logStarts: new PartitionMap(
        partitions.map((one) => [one, boundsAt(call, one)?.logStart ?? 0n]),
      ),
      live: await livePaths(call),
    })
    return adoptionOf(call, plan, { sink, recorded, whole: control.whole })
  })
}

function adoptionOf(
  { view, stated }: AdoptCall,
  { positions, ambiguous, pending, lost, notes }: ConnectPlan,
  {
    sink,
    recorded,
    whole,
  }: {
    readonly sink: Sink
    readonly recorded: SinkOffsets
    readonly whole: boolean
  },
): Adoption {
  for (const [partition, position] of stated) positions.set(partition, position)
  for (const [partition, why] of ambiguous) {
    if (!stated.has(partition)) throw unknown(view.name, [partition], why)
  }
  const rows = pending.reduce((sum, file) => sum + file.rows, 0n)
  const evidence = [
    `snapshot ${recorded.snapshot.snapshotId} records the sink ${sink.group} up to ${offsetsText(recorded)} of ${sink.control}`,
    pending.length === 0
      ? 'everything that its tasks announced is in the table'
      : `${countText(pending.length)} files with ${countText(rows)} rows were announced and never committed: their records are read again`,
    ...notes,
  ]
  const warnings = [
    ...lost.map(
      ({ file: { path, rows: missing }, ranges }) =>
        `the sink lost ${countText(missing)} rows: ${path} was announced and is not in the table; they are among ${ranges.map(rangeText).join(', ')}`,
    ),
    ...(whole
      ? []
      : [`retention has taken the beginning of ${sink.control}: what it said is not checked`]),
    'delete the connector, its groups and its control topic: started again, it would write the same records',
  ]
  return {
    positions,
    begun: new PartitionMap(),
    evidence,
    warnings,
    fences: {},
    document: {
      group: sink.group,
      'control-topic': sink.control,
      'snapshot-id': recorded.snapshot.snapshotId,
      'pending-files': pending.length,
      'pending-rows': rows,
      lost: lost.map(({ file: { path, rows: missing }, ranges }) => ({
        path,
        rows: missing,
        among: ranges.map(rangeText),
      })),
    },
  }
}

function rangeText({
  partition,
  start,
  end,
}: ConnectPlan['lost'][number]['ranges'][number]): string {
  return `${partitionText(partition)} [${start ?? '?'},${end})`
}

function offsetsText({ next }: SinkOffsets): string {
  return [...next].map(([partition, offset]) => `${partition}@${offset}`).join(' ')
}

/**
 * The sink by its options, or the only one that has committed here. The summary key joins topic and group with a
 * point, which both may have: the topic that is there tells where it is.
 */
async function sinkOf({ view, group, controlTopic, ports }: AdoptCall): Promise<Sink> {
  if (group !== undefined && controlTopic !== undefined) return { group, control: controlTopic }
  const names = sinkNames(view.standing.reading.walk)
  const splits = names.flatMap((name) =>
    [...name.matchAll(/\./g)].map(({ index }) => ({
      control: name.slice(0, index),
      group: name.slice(index + 1),
    })),
  )
  const meant = splits.filter(
    (sink) =>
      (group === undefined || sink.group === group) &&
      (controlTopic === undefined || sink.control === controlTopic),
  )
  const described = await ports.source.describeTopics({
    kind: 'names',
    names: [...new Set(meant.map(({ control }) => topicName(control)))],
  })
  const there = new Set<string>(described.map(({ topic }) => topic))
  const [sink, ...others] = meant.filter(({ control }) => there.has(control))
  if (sink !== undefined && others.length === 0) return sink
  throw new FirnError(
    'USAGE',
    names.length === 0
      ? `no snapshot of ${view.name} is of Kafka Connect’s sink`
      : `the snapshots of ${view.name} do not say which sink is meant: ${names.join(', ')}`,
    {
      help: 'say --control-topic (iceberg.control.topic) and --group (connect-NAME of the connector)',
    },
  )
}

function neverCommitted({ view }: AdoptCall, { control, group }: Sink): FirnError {
  return moveRefused(
    view.name,
    `no snapshot of its ancestry says how far the sink ${group} had read ${control}`,
    `firn ledger init ${view.name} begins, where the sink has committed nothing; --from table reads the rows, where they have positions`,
  )
}

/** Undefined where files may have gone since they were committed. */
async function livePaths({
  view: { loaded, context, standing },
}: AdoptCall): Promise<ReadonlySet<string> | undefined> {
  const { walk, end } = standing.reading
  const [head] = walk
  const appends = walk.every(({ summary }) => summary['operation'] === 'append')
  if (head === undefined || end.kind === 'cut' || !appends) return undefined
  const state = { metadata: loaded.metadata, snapshot: head }
  const live = await readLiveFiles(context, state, NO_POSITIONS)
  return new Set(live.data.map(({ path }) => path))
}
