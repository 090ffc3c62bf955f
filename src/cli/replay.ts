import { replayTagName } from '../commit/ledger-text.ts'
import { FirnError } from '../core/errors.ts'
import { topicName } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import { dropRefs } from '../replay/drop-refs.ts'
import {
  checkReplay,
  prepareReplay,
  type PreparedReplay,
  type ReplayEnd,
  type ReplayParts,
  replaceRanges,
  type StagedReplay,
  stageReplay,
} from '../replay/replay.ts'
import { rangeRequest } from '../replay/request.ts'
import { encodingPlan } from '../worker/encoding-plan.ts'
import { checkSchema } from '../worker/table-definition.ts'
import { haltError } from '../worker/table-reporter.ts'
import { inlineEncoder } from '../writer/inline-encoder.ts'
import type { Invocation } from './arguments.ts'
import { commitContext } from './commit-context.ts'
import { readConfigFile } from './config-file.ts'
import { CONFIRM_OPTIONS, Confirmation } from './confirm.ts'
import { countText } from './format.ts'
import type { ExitCode, Output } from './output.ts'
import { Progress } from './progress.ts'
import {
  filesChanged,
  filesJson,
  filesText,
  printRanges,
  printUnplaced,
  type RangeCounts,
  rangesJson,
} from './replay-text.ts'
import type { ProcessOutside } from './run.ts'
import type { VerbBody } from './run-cli.ts'
import { loadExisting, tableNamed } from './table-operand.ts'
import { systemClock } from '../core/clock.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { type Ports, withPorts } from './with-ports.ts'

/** Encoded bytes that may wait for object storage. */
const UPLOAD_BYTES_MAX = 64 * 1024 * 1024
/** Rows that are not encoded yet. */
const COLUMN_BYTES_MAX = 64 * 1024 * 1024

/** `firn replay TABLE`: reads a range of a topic again and puts it in the place of what the table has of it. */
export function replayVerb(outside: ProcessOutside): VerbBody {
  return {
    options: {
      topic: { type: 'string', value: 'NAME', description: 'default: the only topic of the table' },
      partition: {
        type: 'string',
        value: 'N',
        description: 'one, or several as 0,1,2; default with times: all of the topic',
      },
      from: { type: 'string', value: 'AT', description: 'an offset, or a time: 2026-11-22T08:00Z' },
      to: { type: 'string', value: 'AT', description: 'where the range ends, itself not in it' },
      branch: {
        type: 'string',
        value: 'NAME',
        description: 'write to a new branch, and leave the table as it is: firn promote moves it',
      },
      'fill-missing': {
        type: 'boolean',
        description: 'put in positions that the table lacks, though rows without one are there',
      },
      'drop-absent': {
        type: 'boolean',
        description: 'let rows go whose records the log does not have any more',
      },
      progress: { type: 'boolean', description: 'show progress, though stderr is no terminal' },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: 'firn replay lake.orders --from 2026-11-22 --to 2026-11-23 --dry-run',
      does: 'shows which files a replay of that day would drop and rewrite',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, outside)
      const request = rangeRequest({
        topic: invocation.text('topic'),
        partition: invocation.text('partition'),
        from: invocation.text('from'),
        to: invocation.text('to'),
      })
      const config = readConfigFile(invocation.configPath, outside.env)
      const table = tableNamed(config, invocation.operands[0])
      const progress = new Progress(outside.stderr, {
        clock: systemClock,
        wanted: invocation.flag('progress'),
      })
      return withPorts(config, async (ports) => {
        const call = { config, table, version: outside.version, progress }
        const parts = await replayParts(call, ports)
        const prepared = await prepareReplay(parts, request, {
          fillMissing: invocation.flag('fill-missing'),
          dropAbsent: invocation.flag('drop-absent'),
        })
        try {
          return await runPrepared({ parts, prepared, confirmation, invocation, output })
        } finally {
          progress.end()
        }
      })
    },
  }
}

interface ReplayCall {
  readonly config: Config
  readonly table: TableConfig
  readonly version: string
  readonly progress: Progress
}

async function replayParts(call: ReplayCall, ports: Ports): Promise<ReplayParts> {
  const { config, table, progress } = call
  const loaded = await loadExisting(ports.catalog, table)
  checkSchema(table, currentSchema(loaded.metadata))
  return {
    context: commitContext(call, ports, loaded),
    source: ports.source,
    column: table.metadataColumn.enabled ? table.metadataColumn.name : undefined,
    topics: table.topics.flatMap((topic) => (topic.kind === 'name' ? [topicName(topic.name)] : [])),
    encoding: (metadata) =>
      encodingPlan({ ...config, columnBytesMax: COLUMN_BYTES_MAX }, table, metadata),
    encoder: inlineEncoder,
    reading: {
      bytesMax: UPLOAD_BYTES_MAX,
      haltError: (partition, cause) => notARow(haltError(partition, cause)),
      progress: (positions) => {
        progress.tell(() => `${countText(positions)} positions read`)
      },
    },
  }
}

/** The same fault as a worker has, with what helps here. */
function notARow(fault: FirnError): FirnError {
  return new FirnError(fault.code, fault.message, {
    cause: fault.cause,
    context: fault.context,
    help: 'nothing was changed; correct the table or its `columns` so that the record fits, and replay again',
  })
}

interface PreparedCall {
  readonly parts: ReplayParts
  readonly prepared: PreparedReplay
  readonly confirmation: Confirmation
  readonly invocation: Invocation
  readonly output: Output
}

async function runPrepared(call: PreparedCall): Promise<ExitCode> {
  const { parts, prepared, confirmation, invocation, output } = call
  const { resolved, plan, before, place, inspector } = prepared
  const { ranges } = resolved
  const newBranch = invocation.text('branch')
  if (ranges.size === 0) {
    output.document(documentOf(prepared, { ranges, before, log: undefined, after: undefined }, {}))
    output.line('there are no positions between these times: nothing to replay')
    return 0
  }
  printPlan(output, prepared)
  const where = newBranch === undefined ? prepared.table : `a new branch ${newBranch}`
  const confirmed = await confirmation.confirm(output, `replay this into ${where}?`)
  const planned = { ranges, before, log: undefined, after: undefined }
  if (confirmed !== 'go') {
    output.document(documentOf(prepared, planned, { 'dry-run': confirmed === 'dry-run' }))
    return confirmed === 'dry-run' ? 0 : 1
  }
  const staged = await stageReplay(parts, prepared)
  const { context } = parts
  const end = await replaceRanges(context, {
    ...staged,
    place,
    inspector,
    newBranch,
    rewritten: [],
  })
  printEnd(output, prepared, { staged, end, newBranch })
  checkReplay(prepared.table, staged.log, end)
  await dropOwnTag(call, staged, end)
  const counts = { ranges, before, log: staged.log, after: end.after }
  const done = { 'snapshot-id': end.outcome.snapshotId, branch: newBranch ?? null }
  output.document(
    documentOf(
      { ...prepared, plan: { ...plan, files: end.replacement.replaced.removed } },
      counts,
      done,
    ),
  )
  return 0
}

function printPlan(output: Output, { table, resolved, plan, before }: PreparedReplay): void {
  const { ranges } = resolved
  const positions = [...ranges.values()].reduce((sum, { start, end }) => sum + end - start, 0n)
  output.heading(`${table}: ${countText(positions)} positions of ${resolved.topic.topic}`)
  printRanges(output, { ranges, before, log: undefined, after: undefined })
  output.mark('note', filesText(filesChanged(plan.files)))
  printUnplaced(output, plan)
}

function printEnd(
  output: Output,
  { table, resolved, before }: PreparedReplay,
  {
    staged,
    end,
    newBranch,
  }: {
    readonly staged: StagedReplay
    readonly end: ReplayEnd
    readonly newBranch: string | undefined
  },
): void {
  const { outcome, replacement, after, rowsOutside } = end
  const files = filesChanged(replacement.replaced.removed)
  const attempts = outcome.attempts === 1 ? '' : `, in ${outcome.attempts} attempts`
  output.line()
  output.mark('ok', `snapshot ${outcome.snapshotId}: ${filesText(files)}${attempts}`)
  printRanges(output, { ranges: resolved.ranges, before, log: staged.log, after })
  if (files.rewritten > 0) {
    output.mark(
      'ok',
      `${countText(rowsOutside.before)} rows outside of the ranges before, ${countText(rowsOutside.after)} after`,
    )
  }
  if (newBranch === undefined) return
  if (end.strayed) {
    output.mark(
      'warning',
      `the catalog moved the table itself: it has the replay, exactly, already`,
    )
    return
  }
  output.mark('note', `the table is as it was: branch ${newBranch} has the replay`)
  output.line(`  firn promote ${table} --branch ${newBranch}`)
}

/** The tag that kept the replay's snapshot findable has done its work. */
async function dropOwnTag(
  { parts: { context }, output }: PreparedCall,
  { staged }: StagedReplay,
  { outcome }: ReplayEnd,
): Promise<void> {
  const tag = replayTagName(context.owner.writer, staged.commitId)
  const left = await dropRefs(context, outcome.snapshotId, [tag])
  if (left === undefined) return
  output.mark('warning', `tag ${tag} could not be taken away: it goes with an expiry in 7 days`)
}

function documentOf(
  { table, resolved, plan }: PreparedReplay,
  counts: RangeCounts,
  more: JsonObject,
): JsonObject {
  return {
    table,
    topic: resolved.topic.topic,
    'dry-run': false,
    'snapshot-id': null,
    branch: null,
    files: filesJson(filesChanged(plan.files)),
    ranges: [...rangesJson(counts)],
    ...more,
  }
}
