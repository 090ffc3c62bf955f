import type { AuditedTable } from '../audit/audited-table.ts'
import { audit, type AuditFacts, type AuditProgress } from '../audit/audit.ts'
import type { Check, CheckStatus } from '../audit/check.ts'
import { auditReport } from '../audit/report.ts'
import { auditFault } from '../audit/row-report.ts'
import { tableText } from '../catalog/catalog.ts'
import { ledgerToJson } from '../commit/ledger-json.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { systemClock } from '../core/clock.ts'
import type { FirnError } from '../core/errors.ts'
import { memoryOption, MEMORY_OPTION, readState, snapshotOption } from './audited-state.ts'
import type { Invocation } from './arguments.ts'
import { readConfigFile } from './config-file.ts'
import { bytesText, countText, timeText } from './format.ts'
import type { ExitCode, Mark, Output } from './output.ts'
import { Progress, type ProgressSink } from './progress.ts'
import type { VerbBody } from './run-cli.ts'
import { loadExisting, tableNamed } from './table-operand.ts'
import { withPorts, withTablePorts, type TablePorts } from './with-ports.ts'
import type { RecordSource } from '../consumer/record-source.ts'

/** `firn audit TABLE`: proves from the table and the log that the ledger is true, or lists what is wrong. */
export function auditVerb(
  env: Readonly<Record<string, string | undefined>>,
  stderr: ProgressSink,
): VerbBody {
  return {
    options: {
      branch: { type: 'string', value: 'NAME', description: "this branch; default: the writer's" },
      snapshot: {
        type: 'string',
        value: 'ID',
        description: "the table as of this snapshot; default: the branch's head",
      },
      'no-log': { type: 'boolean', description: 'read the table only, not the topics' },
      'no-files': { type: 'boolean', description: 'do not ask storage whether each file is there' },
      progress: { type: 'boolean', description: 'show progress, though stderr is no terminal' },
      'memory-max-mb': MEMORY_OPTION,
    },
    example: {
      command: 'firn audit lake.orders',
      does: 'reads the positions of all rows, and the topics over them',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      const progress = new Progress(stderr, {
        clock: systemClock,
        wanted: invocation.flag('progress'),
      })
      const act = async (ports: TablePorts, source?: RecordSource): Promise<AuditFacts> =>
        auditWith({ config, table, invocation, progress }, ports, source)
      try {
        const facts = invocation.flag('no-log')
          ? await withTablePorts(config, act)
          : await withPorts(config, async (ports) => act(ports, ports.source))
        progress.end()
        return print(output, tableText(table.table), facts)
      } finally {
        progress.end()
      }
    },
  }
}

interface AuditCall {
  readonly config: Config
  readonly table: TableConfig
  readonly invocation: Invocation
  readonly progress: Progress
}

async function auditWith(
  { config, table, invocation, progress }: AuditCall,
  { catalog, storeOf }: TablePorts,
  source: RecordSource | undefined,
): Promise<AuditFacts> {
  const asked = {
    branch: invocation.text('branch'),
    snapshotId: snapshotOption(invocation.text('snapshot')),
  }
  const memoryBytesMax = memoryOption(invocation.text('memory-max-mb'))
  const loaded = await loadExisting(catalog, table)
  const store = storeOf(loaded.config)
  const { audited, lists } = await readState({ config, table, loaded, store }, asked)
  return audit({
    table: audited,
    column: table.metadataColumn.name,
    store,
    lists,
    clock: systemClock,
    log: source === undefined ? undefined : { source, isolation: config.kafka.isolation },
    files: !invocation.flag('no-files'),
    memoryBytesMax,
    progress: (at) => {
      progress.tell(() => progressText(at))
    },
  })
}

function progressText(at: AuditProgress): string {
  switch (at.kind) {
    case 'manifests':
      return 'reading manifests'
    case 'files':
      return `asked for ${countText(at.checked)} of ${countText(at.files)} files`
    case 'rows': {
      const window = at.windows === 1 ? '' : `window ${at.window} of ${at.windows}: `
      const files = `${countText(at.filesRead)} of ${countText(at.filesToRead)} files`
      return `${window}${files}, ${countText(at.rows)} rows; ${countText(at.compared)} positions of the log`
    }
  }
}

const MARKS: Readonly<Record<CheckStatus, Mark>> = {
  ok: 'ok',
  failed: 'failed',
  unproven: 'warning',
  inexact: 'warning',
  note: 'note',
}

function print(output: Output, name: string, facts: AuditFacts): ExitCode {
  const checks = auditReport(facts)
  const fault = auditFault(name, checks)
  output.document({
    table: name,
    ...stateJson(facts.table),
    rows: facts.rows.rows,
    proven: checks.every(({ status }) => status === 'ok' || status === 'note'),
    checks: checks.map(({ name: of, status, text, differences }) => ({
      name: of,
      status,
      text,
      differences: [...differences],
    })),
    error: fault === undefined ? null : { code: fault.code, message: fault.message },
  })
  output.heading(headingText(name, facts))
  for (const one of checks) printCheck(output, one)
  return ended(output, fault)
}

function ended(output: Output, fault: FirnError | undefined): ExitCode {
  if (fault === undefined) return 0
  return output.json ? fault.facts.exit : output.error(fault)
}

function printCheck(output: Output, { status, text, differences }: Check): void {
  output.mark(MARKS[status], text)
  for (const difference of differences) output.line(`    ${difference}`)
}

function headingText(name: string, { table: { snapshot }, live }: AuditFacts): string {
  if (snapshot === undefined) return `${name}, without a snapshot`
  const bytes = live.data.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const at = timeText(Number(snapshot.timestampMs))
  return `${name} at snapshot ${snapshot.snapshotId} of ${at}, ${bytesText(bytes)}`
}

function stateJson({ snapshot, ledger, reading }: AuditedTable) {
  return {
    branch: reading.owner.ref,
    'snapshot-id': snapshot?.snapshotId ?? null,
    ledger: ledgerToJson(ledger),
  }
}
