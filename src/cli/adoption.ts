import type { TopicTakeover } from '../commit/ledger-moves.ts'
import type { TopicFacts } from '../commit/plan-start.ts'
import type { Config } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicName } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { PartitionMap, partitionText, type Position, type TopicPartition } from '../core/offsets.ts'
import type { KafkaRecordSource } from '../consumer/kafka-record-source.ts'
import type { LedgerView } from './ledger-view.ts'
import { moveRefused } from './ledger-view.ts'
import type { Ports } from './with-ports.ts'

/** Whose work is taken over. */
export const ADOPT_SOURCES = ['connect', 'flink', 'group', 'writer', 'table'] as const
export type AdoptSource = (typeof ADOPT_SOURCES)[number]

/** What a takeover is asked with. */
export interface AdoptCall {
  readonly config: Config
  readonly view: LedgerView
  readonly ports: Ports
  readonly from: AdoptSource
  /** The topics to take over: those of the configuration that the ledger does not hold yet. */
  readonly topics: ReadonlyMap<TopicName, TopicFacts>
  readonly group: string | undefined
  readonly controlTopic: string | undefined
  readonly writer: string | undefined
  /** What a person states. */
  readonly stated: PartitionMap<Position>
  /** Whether to count the log's records against the table's rows. */
  readonly count: boolean
}

/** Where the rows of a table end, and how that is known. */
export interface Adoption {
  readonly positions: PartitionMap<Position>
  /** Where rows begin that say which records they are; the positions themselves where none do. */
  readonly begun: PartitionMap<Position>
  /** How it is known, a line each. */
  readonly evidence: readonly string[]
  /** What is wrong with what was taken over, or may be, a line each. */
  readonly warnings: readonly string[]
  readonly fences: Readonly<Record<string, string>>
  readonly document: JsonObject
}

export function partitionsOf(topics: AdoptCall['topics']): readonly TopicPartition[] {
  return [...topics].flatMap(([topic, { partitions }]) =>
    [...partitions.keys()].map((partition) => ({ topic, partition })),
  )
}

/** What is taken over, topic by topic. Throws LEDGER_MOVE_REFUSED for a position that its log does not have. */
export function takenOver(
  { topics, view, from }: AdoptCall,
  { positions, begun }: Adoption,
): ReadonlyMap<TopicName, TopicTakeover> {
  // A writer's ledger names its topics; those beside them begin as any new topic does.
  const taken = [...topics].filter(
    ([topic]) => from !== 'writer' || positions.topics.includes(topic),
  )
  return new Map(
    taken.map(([topic, { id, partitions }]): [TopicName, TopicTakeover] => {
      const next = new Map<number, Position>()
      const rowsFrom = new Map<number, Position>()
      for (const [partition, { logEnd }] of partitions) {
        const at = { topic, partition }
        const position = positions.get(at)
        if (position === undefined) throw unknown(view.name, [at])
        if (position > logEnd) {
          throw moveRefused(
            view.name,
            `${partitionText(at)} ends at ${logEnd}, and ${position} was found: it is another log, or was truncated`,
            `firn ledger init ${view.name} begins anew where the table holds nothing of these topics`,
          )
        }
        next.set(partition, position)
        rowsFrom.set(partition, begun.get(at) ?? position)
      }
      return [topic, { id, positions: next, begun: rowsFrom }]
    }),
  )
}

/** The refusal where nothing says how far some partitions are in the table. */
export function unknown(
  table: string,
  partitions: readonly TopicPartition[],
  why = 'nothing says how far it is in the table',
): FirnError {
  const names = partitions.map(partitionText)
  return moveRefused(
    table,
    `${names.join(', ')}: ${why}`,
    `--positions ${names.map((name) => `${name}=OFFSET`).join(',')} states it, where somebody knows`,
  )
}

/** Nobody may go on beside us. Throws LEDGER_MOVE_REFUSED where the group has members. */
export async function refuseRunning(
  table: string,
  group: string,
  source: KafkaRecordSource,
): Promise<void> {
  const state = await source.groupState()
  if (state === undefined || state === 'Empty' || state === 'Dead') return
  throw moveRefused(
    table,
    `the group ${group} is ${state}: its writer still runs, and would write what Firn writes too`,
    'stop it first, and see that nothing starts it again',
  )
}

/** `orders/0=12,orders/1=9`. Throws USAGE. */
export function statedPositions(
  text: string | undefined,
  topics: AdoptCall['topics'],
): PartitionMap<Position> {
  const positions = new PartitionMap<Position>()
  for (const part of text?.split(',') ?? []) {
    const [, name, partition, position] = /^(.+)\/(\d{1,7})=(\d{1,18})$/.exec(part.trim()) ?? []
    const topic = [...topics.keys()].find((one) => one === name)
    if (topic === undefined || topics.get(topic)?.partitions.has(Number(partition)) !== true) {
      throw new FirnError('USAGE', `--positions: no partition of this takeover in ${part}`, {
        help: `as in --positions ${partitionsOf(topics)
          .map((one) => `${partitionText(one)}=0`)
          .join(',')}`,
      })
    }
    positions.set({ topic, partition: Number(partition) }, BigInt(position ?? ''))
  }
  return positions
}
