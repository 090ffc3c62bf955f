import { commitRollback } from '../commit/committer.ts'
import { nextOf } from '../commit/ledger.ts'
import { whyNotReadAgain } from '../commit/plan-ledger-verbs.ts'
import { type RollbackThen, type RollbackView, viewRollback } from '../commit/plan-rollback.ts'
import { noRollback } from '../commit/refusals.ts'
import { type RollbackTo, targetOf } from '../commit/rollback-target.ts'
import { systemClock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import { snapshotId, topicName, type SnapshotId } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { partitionText } from '../core/offsets.ts'
import type { Snapshot } from '../iceberg/metadata.ts'
import { readConfigFile } from './config-file.ts'
import { type Asking, Confirmation, CONFIRM_OPTIONS } from './confirm.ts'
import { countText, pluralText, timeText } from './format.ts'
import { type LedgerView, reportCommit, viewLedger } from './ledger-view.ts'
import type { ExitCode, Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { tableNamed } from './table-operand.ts'
import { withPorts } from './with-ports.ts'

// oxlint-disable-next-line unicorn/no-thenable -- an option of that name, whose value is no function
const THEN = 'then'

/** `firn rollback`: data and position back together, in one commit. */
export function rollbackVerb(
  env: Readonly<Record<string, string | undefined>>,
  asking: Asking & { readonly version: string },
): VerbBody {
  return {
    options: {
      to: {
        type: 'string',
        value: 'WHERE',
        description:
          'a snapshot id, a time (2026-01-31T08:00:00Z), or TOPIC/P@OFFSET: as it was before it took that record; default: where the table stands now, after somebody else has rolled it back',
      },
      [THEN]: {
        type: 'string',
        value: 'WHAT',
        description:
          'replay: read the records again (default); hold: stop there until `firn resume`; skip: leave them out, and record the gap',
      },
      reason: { type: 'string', value: 'TEXT', description: 'why it is held, for `status`' },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: 'firn rollback lake.orders --to orders/3@1200 --then replay --dry-run',
      does: 'shows what going back to before offset 1200 of partition 3 would take out and read again',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, asking)
      const to = rollbackTo(invocation.text('to'))
      const then = rollbackThen(invocation.text(THEN))
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      return withPorts(config, async (ports): Promise<ExitCode> => {
        const view = await viewLedger({ config, table, version: asking.version }, ports)
        const target = targetIn(view, to)
        const plan = possible(view, target, then)
        print(output, view, plan, then)
        const json = documentOf(view, target, plan)
        if ((await confirmation.confirm(output, 'Roll back?')) !== 'go') {
          output.document({ ...json, done: false })
          return 0
        }
        const hold = { sinceMs: systemClock.now(), reason: invocation.text('reason') ?? 'rollback' }
        const outcome = await commitRollback(view.context, { to: target, records: then, hold })
        output.document({ ...json, ...reportCommit(output, view.name, outcome) })
        if (then === 'hold') output.mark('warning', 'the table is held', `firn resume ${view.name}`)
        return 0
      })
    },
  }
}

const POSITION = /^(?<topic>[^/\s]+)\/(?<partition>\d{1,7})@(?<offset>\d{1,19})$/

/** What `--to` says. Throws USAGE. */
export function rollbackTo(text: string | undefined): RollbackTo {
  if (text === undefined) return { kind: 'head' }
  if (/^\d{1,19}$/.test(text)) return { kind: 'snapshot', snapshotId: snapshotId(BigInt(text)) }
  const { topic, partition, offset } = POSITION.exec(text)?.groups ?? {}
  if (topic !== undefined && partition !== undefined && offset !== undefined) {
    return {
      kind: 'position',
      partition: { topic: topicName(topic), partition: Number(partition) },
      offset: BigInt(offset),
    }
  }
  const ms = Date.parse(text)
  if (!Number.isNaN(ms)) return { kind: 'time', ms }
  throw new FirnError(
    'USAGE',
    `--to takes a snapshot id, a time or TOPIC/P@OFFSET, found ${text}`,
    {
      help: 'as in --to 4437289412, --to 2026-01-31T08:00:00Z, or --to orders/3@1200',
    },
  )
}

function rollbackThen(text: string | undefined): RollbackThen {
  if (text === undefined) return 'replay'
  if (text === 'replay' || text === 'hold' || text === 'skip') return text
  throw new FirnError('USAGE', `--then takes replay, hold or skip, found ${text}`)
}

function targetIn({ name, standing: { reading } }: LedgerView, to: RollbackTo): SnapshotId {
  const target = targetOf(reading, to)
  if (target !== undefined) return target
  throw noRollback(
    name,
    reading.walk.length === 0
      ? 'it has no snapshot'
      : 'no snapshot of its branch is that old, or not any more: older ones have expired',
  )
}

type Possible = Extract<RollbackView, { kind: 'possible' }>

function possible(view: LedgerView, to: SnapshotId, then: RollbackThen): Possible {
  const { name, loaded, standing } = view
  const plan = viewRollback(loaded.metadata, standing.reading, { to, records: then })
  if (plan.kind === 'refused') throw noRollback(name, plan.why)
  const why = then === 'replay' ? whyNotReadAgain(plan.after, plan.before, view.view.log) : []
  if (why.length > 0) {
    throw noRollback(
      name,
      `what it takes out cannot be read again: ${why.join('; ')}; --then hold stops there, --then skip leaves it out`,
    )
  }
  return plan
}

function print(output: Output, view: LedgerView, plan: Possible, then: RollbackThen): void {
  const { leaving } = plan
  output.heading(`${view.name}: ${pluralText(leaving.length, 'snapshot')} would leave it`)
  if (leaving.length > 0) {
    output.table(
      [
        { title: 'snapshot', align: 'right' },
        { title: 'committed' },
        { title: 'by' },
        { title: 'rows', align: 'right' },
      ],
      leaving.map((snapshot) => [
        String(snapshot.snapshotId),
        timeText(Number(snapshot.timestampMs)),
        byOf(snapshot),
        countText(BigInt(snapshot.summary['added-records'] ?? '0')),
      ]),
    )
  }
  const foreign = leaving.filter(
    ({ summary }) => summary['firn.writer'] !== view.context.owner.writer,
  )
  if (foreign.length > 0) {
    output.mark(
      'warning',
      `${pluralText(foreign.length, 'snapshot')} of others: nobody reads those again`,
    )
  }
  output.table(
    [
      { title: 'partition' },
      { title: 'ledger now', align: 'right' },
      { title: 'after it', align: 'right' },
      { title: WHAT[then], align: 'right' },
    ],
    stepsOf(plan).map(({ key, before, after, positions }) => [
      key,
      String(before),
      String(after),
      countText(positions),
    ]),
  )
}

const WHAT: Readonly<Record<RollbackThen, string>> = {
  replay: 'read again',
  hold: 'to be read again',
  skip: 'left out',
}

function byOf({ summary }: Snapshot): string {
  return summary['firn.writer'] ?? summary['engine-name'] ?? 'another writer'
}

interface Step {
  readonly key: string
  readonly before: bigint
  readonly after: bigint
  /** Positions that are read again, or left out. */
  readonly positions: bigint
}

function stepsOf({ before, after, gaps }: Possible): readonly Step[] {
  return [...before.topics].flatMap(([topic, { next }]) =>
    [...next].map(([partition, position]) => {
      const key = { topic, partition }
      const then = nextOf(after, key) ?? 0n
      const skipped = gaps.get('skip')?.get(key)
      const positions = skipped === undefined ? position - then : skipped.end - skipped.start
      return { key: partitionText(key), before: position, after: then, positions }
    }),
  )
}

function documentOf({ name }: LedgerView, target: SnapshotId, plan: Possible): JsonObject {
  return {
    table: name,
    to: target,
    leaving: plan.leaving.map((snapshot) => ({
      'snapshot-id': snapshot.snapshotId,
      by: byOf(snapshot),
      'added-records': BigInt(snapshot.summary['added-records'] ?? '0'),
    })),
    partitions: Object.fromEntries(
      stepsOf(plan).map(({ key, before, after, positions }) => [key, { before, after, positions }]),
    ),
  }
}
