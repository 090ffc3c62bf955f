import { replayTagName } from '../commit/ledger-text.ts'
import { FirnError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { dropRefs } from '../replay/drop-refs.ts'
import { preparePromotion, type PreparedPromotion, promote } from '../replay/promote.ts'
import { checkReplay, type ReplayEnd } from '../replay/replay.ts'
import { commitContext } from './commit-context.ts'
import { readConfigFile } from './config-file.ts'
import { CONFIRM_OPTIONS, Confirmation } from './confirm.ts'
import { countText, pluralText } from './format.ts'
import type { ExitCode, Output } from './output.ts'
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
import { withTablePorts } from './with-ports.ts'
import type { CommitContext } from '../commit/context.ts'

/** `firn promote TABLE --branch NAME`: brings a replay that was written to a branch into the table. */
export function promoteVerb(outside: ProcessOutside): VerbBody {
  return {
    options: {
      branch: {
        type: 'string',
        value: 'NAME',
        description: 'the branch of `firn replay --branch`',
      },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: 'firn promote lake.orders --branch corrected --dry-run',
      does: 'shows what the table would get, computed on what it holds now',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, outside)
      const branch = invocation.text('branch')
      if (branch === undefined) {
        throw new FirnError('USAGE', '--branch is missing', { help: 'name the replay’s branch' })
      }
      const config = readConfigFile(invocation.configPath, outside.env)
      const table = tableNamed(config, invocation.operands[0])
      return withTablePorts(config, async (ports) => {
        const loaded = await loadExisting(ports.catalog, table)
        const { version } = outside
        const context = commitContext({ config, table, version }, ports, loaded)
        const { enabled, name } = table.metadataColumn
        const column = enabled ? name : undefined
        const prepared = await preparePromotion(context, { branch, column })
        return runPrepared({ context, prepared, confirmation, output })
      })
    },
  }
}

interface PromoteCall {
  readonly context: CommitContext
  readonly prepared: PreparedPromotion
  readonly confirmation: Confirmation
  readonly output: Output
}

async function runPrepared(call: PromoteCall): Promise<ExitCode> {
  const { context, prepared, confirmation, output } = call
  const { opened, branch, ranges, before, log, plan, begun } = prepared
  printPlan(output, prepared)
  const question = `bring ${branch} into ${opened.table}?`
  const confirmed = await confirmation.confirm(output, question)
  if (confirmed !== 'go') {
    const counts = { ranges, before, log, after: undefined }
    output.document(documentOf(prepared, counts, { 'dry-run': confirmed === 'dry-run' }))
    return confirmed === 'dry-run' ? 0 : 1
  }
  const { end, commitId } = await promote(context, prepared)
  const { outcome, replacement, after } = end
  printEnd(output, prepared, end)
  checkReplay(opened.table, log, end)
  const tag = replayTagName(context.owner.writer, commitId)
  const left =
    (await dropRefs(context, outcome.snapshotId, [tag])) ??
    (await dropRefs(context, begun.snapshotId, [branch]))
  if (left !== undefined) {
    output.mark('warning', `branch ${branch} could not be taken away: ${left.message}`)
  }
  const files = plan.live ? plan.files : replacement.replaced.removed
  output.document(
    documentOf(
      { ...prepared, plan: { ...plan, files } },
      { ranges, before, log, after },
      {
        'snapshot-id': outcome.snapshotId,
      },
    ),
  )
  return 0
}

function printPlan(
  output: Output,
  { opened, branch, ranges, before, log, plan, movedBy }: PreparedPromotion,
): void {
  output.heading(`${opened.table}: branch ${branch}`)
  printRanges(output, { ranges, before, log, after: undefined })
  if (plan.live) {
    output.mark('ok', 'the table has these files already: only the branch is left to take away')
    return
  }
  if (movedBy === undefined || movedBy > 0) {
    const moved = movedBy === undefined ? 'moved' : `got ${pluralText(movedBy, 'snapshot')}`
    output.mark('note', `the table has ${moved} since: what goes is computed on what it holds now`)
  }
  output.mark('note', filesText(filesChanged(plan.files)))
  printUnplaced(output, plan)
}

function printEnd(
  output: Output,
  { ranges, before, log }: PreparedPromotion,
  { outcome, replacement, after, rowsOutside }: ReplayEnd,
): void {
  output.line()
  const files = filesChanged(replacement.replaced.removed)
  output.mark('ok', `snapshot ${outcome.snapshotId}: ${filesText(files)}`)
  printRanges(output, { ranges, before, log, after })
  if (files.rewritten === 0) return
  output.mark(
    'ok',
    `${countText(rowsOutside.before)} rows outside of the ranges before, ${countText(rowsOutside.after)} after`,
  )
}

function documentOf(
  { opened, branch, plan, movedBy }: PreparedPromotion,
  counts: RangeCounts,
  more: JsonObject,
): JsonObject {
  return {
    table: opened.table,
    branch,
    'dry-run': false,
    'snapshot-id': null,
    'moved-by': movedBy ?? null,
    files: filesJson(filesChanged(plan.files)),
    ranges: [...rangesJson(counts)],
    ...more,
  }
}
