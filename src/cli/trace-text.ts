import { placeText } from '../audit/audit.ts'
import type { LocatedRow } from '../audit/locate-rows.ts'
import type { HoleKind, TracedSnapshot, TraceFacts, TraceOutcome } from '../audit/trace-decision.ts'
import type { GapReason } from '../commit/ledger.ts'
import type { JsonObject } from '../core/json.ts'
import { timeText } from './format.ts'
import type { Mark } from './output.ts'

/** A trace's answer for people: a sentence, and what belongs to it. */
export interface TraceText {
  readonly mark: Mark
  readonly text: string
  readonly details: readonly string[]
}

const HOLES: Readonly<Record<HoleKind, string>> = {
  aborted: 'its transaction was aborted',
  control: 'a transaction marker',
  absent: 'compaction took the record, or none was ever there',
}

const GAPS: Readonly<Record<GapReason, string>> = {
  start: 'the table was started behind it',
  'accept-gap': 'retention had deleted it before it was read, and the gap was accepted',
  rebase: 'the ledger was moved to another log behind it',
  skip: 'the table was rolled back, and the difference was skipped',
  adopt: 'another writer read it, before this one took over',
}

/** What a trace says for people. */
export function traceText(facts: TraceFacts, outcome: TraceOutcome, table: string): TraceText {
  const place = placeText(facts.place)
  const { mark, text, details } = answerOf(facts, outcome, table)
  return { mark, text: `${place} ${text}`, details }
}

function answerOf(facts: TraceFacts, outcome: TraceOutcome, table: string): TraceText {
  switch (outcome.kind) {
    case 'in-table':
      return inTable(facts, outcome.rows, table)
    case 'deleted':
      return {
        mark: 'warning',
        text: `is not in ${table}: a position delete takes its row out`,
        details: [...rowTexts(facts, outcome.rows), ...addedText(facts)],
      }
    case 'not-yet':
      return plain('note', `is not in ${table} yet: ${ledgerText(facts, outcome.lag)}`)
    case 'gap':
      return {
        mark: 'note',
        text: `is not in ${table}: ${GAPS[outcome.reason]}`,
        details: [
          ...(facts.gap === undefined
            ? []
            : [`the gap is recorded in ${snapshotText(facts.gap.snapshot)}`]),
          ...rolledBackText(facts),
        ],
      }
    case 'rolled-back':
      return {
        mark: 'warning',
        text: `is not in ${table}: a rollback took it out, and it has not been read again: ${ledgerText(facts, undefined)}`,
        details: [
          `it was added by ${snapshotText(outcome.snapshot)}`,
          ...(facts.log.kind === 'below-start'
            ? [`it cannot be read again: the log begins at ${facts.log.logStart} by now`]
            : []),
        ],
      }
    default:
      return absentText(facts, outcome, table)
  }
}

function absentText(
  facts: TraceFacts,
  outcome: Exclude<
    TraceOutcome,
    { kind: 'in-table' | 'deleted' | 'not-yet' | 'gap' | 'rolled-back' }
  >,
  table: string,
): TraceText {
  const absent = `is not in ${table}`
  const details = addedText(facts)
  switch (outcome.kind) {
    case 'expired-unread':
      return plain(
        'failed',
        `${absent}: retention deleted it before it was read: the log begins at ${outcome.logStart}, ${ledgerText(facts, undefined)}`,
      )
    case 'hole':
      return { mark: 'note', text: `is a hole in the log: ${HOLES[outcome.hole]}`, details }
    case 'beyond-end':
      return plain(
        'note',
        `is beyond the log's end, ${outcome.logEnd}; what an open transaction wrote lies there too`,
      )
    case 'removed':
      return {
        mark: 'failed',
        text: `${absent}: the log has it, the ledger has passed it, and others took rows out since`,
        details: [
          ...details,
          ...outcome.removals.map((snapshot) => `rows were taken out by ${snapshotText(snapshot)}`),
        ],
      }
    case 'missing':
      return {
        mark: 'failed',
        text: `${absent}: the log has it, the ledger has passed it, and nobody is known to have taken it out`,
        details: [...details, `firn audit ${table} lists everything that is missing`],
      }
    case 'untold':
      return {
        mark: 'warning',
        text: `${absent}, though the ledger has passed it; whether it ever was a record cannot be told: ${outcome.why}`,
        details,
      }
    case 'unknown-topic':
      return plain('note', `is of a topic that ${table} does not take`)
  }
}

function plain(mark: Mark, text: string): TraceText {
  return { mark, text, details: [] }
}

function inTable(facts: TraceFacts, rows: readonly LocatedRow[], table: string): TraceText {
  const details = [...rowTexts(facts, rows), ...addedText(facts)]
  return rows.length === 1
    ? { mark: 'ok', text: `is in ${table}`, details }
    : { mark: 'failed', text: `is in ${table} ${rows.length} times`, details }
}

function rowTexts({ addedBy }: TraceFacts, rows: readonly LocatedRow[]): readonly string[] {
  return rows.flatMap(({ file, row }) => {
    const text = `row ${row} of ${file.path}`
    const again = addedBy !== undefined && file.snapshotId !== addedBy.snapshotId
    return again ? [text, `the file was written by snapshot ${file.snapshotId}`] : [text]
  })
}

function addedText({ addedBy, replayedBy, ledger }: TraceFacts): readonly string[] {
  const again = replayedBy === undefined ? [] : [`read again by ${snapshotText(replayedBy)}`]
  if (addedBy !== undefined) {
    const { start, end } = addedBy.range
    return [`in the range [${start},${end}) of ${snapshotText(addedBy)}`, ...again]
  }
  return ledger === undefined ? again : ['the snapshot that added its range has expired', ...again]
}

function rolledBackText({ rolledBack }: TraceFacts): readonly string[] {
  return rolledBack === undefined ? [] : [`it had been added by ${snapshotText(rolledBack)}`]
}

function ledgerText({ ledger }: TraceFacts, lag: bigint | undefined): string {
  const stands =
    ledger === undefined ? 'the ledger does not have the partition' : `the ledger is at ${ledger}`
  return lag === undefined ? stands : `${stands}, ${lag} behind the log's end`
}

function snapshotText({ snapshotId, timestampMs }: TracedSnapshot): string {
  const at = timestampMs === undefined ? '' : ` of ${timeText(Number(timestampMs))}`
  return `snapshot ${snapshotId}${at}`
}

/** What a trace says for programs. */
export function traceJson(facts: TraceFacts, outcome: TraceOutcome, table: string): JsonObject {
  const { place, ledger, addedBy, gap, rolledBack, log } = facts
  return {
    table,
    topic: place.topic,
    partition: place.partition,
    offset: place.offset,
    outcome: outcome.kind,
    ...(outcome.kind === 'hole' ? { hole: outcome.hole } : {}),
    ...(outcome.kind === 'untold' ? { why: outcome.why } : {}),
    ledger: ledger ?? null,
    log: log.kind,
    rows: facts.rows.map(({ file, row, deleted }) => ({
      file: file.path,
      row,
      'file-snapshot-id': file.snapshotId,
      deleted,
    })),
    'added-by':
      addedBy === undefined
        ? null
        : { ...snapshotJson(addedBy), range: [addedBy.range.start, addedBy.range.end] },
    'replayed-by': facts.replayedBy === undefined ? null : snapshotJson(facts.replayedBy),
    gap: gap === undefined ? null : { reason: gap.reason, ...snapshotJson(gap.snapshot) },
    'rolled-back': rolledBack === undefined ? null : snapshotJson(rolledBack),
    removals: facts.removals.map(snapshotJson),
  }
}

function snapshotJson({ snapshotId, timestampMs }: TracedSnapshot): JsonObject {
  return { 'snapshot-id': snapshotId, 'timestamp-ms': timestampMs ?? null }
}
