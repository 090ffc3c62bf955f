import { FirnError } from '../core/errors.ts'
import type { PartitionMap, PositionRange } from '../core/offsets.ts'
import { type AuditFacts, placeText } from './audit.ts'
import { bounded, type Check, check, counted, note, positions, reasonTexts } from './check.ts'
import { removalsAbove, removalText } from './removals.ts'

/** What the rows and the log say. Pure. */
export function rowChecks(facts: AuditFacts): readonly Check[] {
  return [
    ...inexactChecks(facts),
    readableCheck(facts),
    distinctCheck(facts),
    placedCheck(facts),
    snapshotRowsCheck(facts),
    ...logChecks(facts),
    ...notes(facts),
  ]
}

function inexactChecks({ live }: AuditFacts): readonly Check[] {
  const kinds = [
    ['equality', 'equality delete file', 'which rows they delete was not worked out'],
    ['vector', 'deletion vector', 'which rows they delete was not worked out'],
  ] as const
  const deletes = kinds.flatMap(([kind, thing, what]) => {
    const found = live.deletes.filter((file) => file.deletes === kind).length
    const text = `the table has ${counted(found, thing)}: ${what}, and deleted rows are counted as if they were there`
    return found === 0 ? [] : [note('deletes', 'inexact', text)]
  })
  const others = live.data.filter(({ format }) => format !== 'PARQUET').length
  const text = `${counted(others, 'data file')} in another format than Parquet: their rows were not read`
  return others === 0 ? deletes : [...deletes, note('formats', 'inexact', text)]
}

function readableCheck({ rows }: AuditFacts): Check {
  return check(
    'files-readable',
    {
      ok: `${counted(rows.rows, 'row')} read, as many as the manifests state for each file`,
      failed: 'data files could not be read, or hold other rows than their manifests state',
    },
    bounded([
      ...rows.unreadable.map(({ fault }) => fault.message),
      ...rows.miscounted.map(
        ({ file, found }) => `${file.path} has ${found} rows, its manifest says ${file.rows}`,
      ),
    ]),
  )
}

function distinctCheck(facts: AuditFacts): Check {
  const { duplicates } = facts.rows
  return check(
    'positions-distinct',
    {
      ok: 'every position is there once at most',
      failed: `${positions(duplicates)} more than once`,
    },
    duplicates.total === 0 ? [] : duplicateTexts(facts),
  )
}

/** The duplicates' first positions with the files that hold them. */
function duplicateTexts({ rows, duplicates }: AuditFacts): readonly string[] {
  const located = [...duplicates].map(([place, found]) => {
    const files = found
      .filter(({ deleted }) => !deleted)
      .map(({ file, row }) => `${file.path} row ${row}`)
    return `${placeText(place)} is in ${files.join(', and in ')}`
  })
  return [...rows.duplicates.texts, ...located]
}

function placedCheck({ rows, scopes }: AuditFacts): Check {
  const kinds = [
    [rows.aboveLedger, 'beyond the ledger'],
    [rows.belowStart, 'below where the partition was started'],
    [rows.inGaps, 'in a gap that the ledger records'],
  ] as const
  const unknown = [...rows.unknownTopics].map(
    ([topic, count]) =>
      `${counted(count, 'row')} of topic ${topic}, which the ledger does not have`,
  )
  return check(
    'positions-in-ledger',
    {
      ok: `every position is in a range of the ledger: ${counted(scopes.size, 'partition')}`,
      failed: 'rows lie outside of what the ledger says',
    },
    bounded([
      ...kinds.flatMap(([list, what]) => list.texts.map((text) => `${text} ${what}`)),
      ...unknown,
    ]),
  )
}

/** Each snapshot says how many rows it added for its ranges: so many positions of them must be there still. */
function snapshotRowsCheck({ table, rows, scopes }: AuditFacts): Check {
  const differences: string[] = []
  let compared = 0
  const { links, replays } = table.chain
  for (const { snapshot, record, addedRecords } of links) {
    const rebased = [...record.ranges].some(
      ([partition, { start }]) => start < (scopes.get(partition)?.rebasedBelow ?? 0n),
    )
    // A replay may bring in what was missing: then the log alone says how many rows there should be.
    const again = replays.some((later) => overlap(record.ranges, later.record.replayed))
    if (record.ranges.size === 0 || rebased || again) continue
    compared += 1
    const found = BigInt(rows.rowsBySnapshot.get(snapshot.snapshotId) ?? 0)
    if (found === addedRecords) continue
    differences.push(
      `snapshot ${snapshot.snapshotId} added ${counted(addedRecords, 'row')}, ${counted(found, 'position')} of its ranges are there`,
    )
  }
  const suspects = removalsAbove(table.reading.walk, undefined).map(removalText)
  return check(
    'rows-of-snapshots',
    {
      ok: `${counted(compared, 'snapshot')}: as many positions of its ranges are there as it added rows`,
      failed: `${counted(differences.length, 'snapshot')} with more or fewer rows than it added`,
    },
    differences.length === 0 ? [] : bounded([...differences, ...suspects]),
  )
}

function overlap(
  ranges: PartitionMap<PositionRange>,
  others: PartitionMap<PositionRange>,
): boolean {
  return [...others].some(([partition, { start, end }]) => {
    const range = ranges.get(partition)
    return range !== undefined && start < range.end && range.start < end
  })
}

function logChecks({ log, rows, scopes }: AuditFacts): readonly Check[] {
  const name = 'log'
  if (log === undefined) {
    const holes = counted(rows.holesNotCompared, 'position')
    return [
      note(
        name,
        'unproven',
        `the log was left out: ${holes} below the ledger without a row may be holes of the log or missing rows`,
      ),
    ]
  }
  const faults = [...log.incomparable].filter(([, { wrong }]) => wrong)
  const checks: Check[] = []
  if (rows.compared > 0 || faults.length > 0)
    checks.push(
      check(
        name,
        {
          ok: `${counted(rows.compared, 'position')} compared with the log: every record that it has is in the table`,
          failed: 'the table is not what the log says',
        },
        bounded([
          ...rows.missing.texts.map((text) => `${text} missing`),
          ...rows.phantoms.texts.map(
            (text) => `${text} in the table, where the log has no record that may be read`,
          ),
          ...reasonTexts(faults.map(([partition, { why }]) => [partition, why] as const)),
        ]),
      ),
    )
  const unread = [
    ...reasonTexts(rows.logEnds),
    ...reasonTexts(
      [...log.incomparable].flatMap(([partition, { why, wrong }]) =>
        wrong ? [] : [[partition, why] as const],
      ),
    ),
  ]
  if (unread.length > 0) {
    const text = `${counted(unread.length, 'partition')} of ${scopes.size} not compared with the log`
    checks.push({ ...note('log-unread', 'unproven', text), differences: bounded(unread) })
  }
  if (rows.belowLog.total > 0) {
    const holes = counted(rows.holesNotCompared, 'position')
    const text = `${positions(rows.belowLog)} not checkable against the log (retention); ${holes} of them have no row`
    const belowLog = note('log-retention', 'unproven', text)
    checks.push({ ...belowLog, differences: rows.belowLog.texts })
  }
  return checks
}

function notes({ rows, live, table }: AuditFacts): readonly Check[] {
  const found: Check[] = []
  if (rows.rowsWithoutPosition > 0) {
    const text = `${counted(rows.rowsWithoutPosition, 'row')} of other writers, without a position`
    found.push(note('other-writers', 'note', text))
  }
  if (rows.deleted.total > 0) {
    const files = live.deletes.filter(({ deletes }) => deletes === 'position').length
    const text = `${counted(rows.deleted.total, 'row')} deleted by ${counted(files, 'position delete file')}`
    found.push({ ...note('deleted', 'note', text), differences: rows.deleted.texts })
  }
  if (rows.compacted > 0) {
    const text = `${counted(rows.compacted, 'row')} whose records compaction has since taken from the log`
    found.push(note('compacted', 'note', text))
  }
  if (table.chain.rebased.size > 0) {
    const twice = positions(rows.ambiguous)
    const text = `topics were rebased on another log: ${twice} there twice may be of either`
    found.push({ ...note('rebased', 'unproven', text), differences: rows.ambiguous.texts })
  }
  return found
}

/** What a verb ends with; undefined where nothing is wrong and nothing was in the way. */
export function auditFault(name: string, checks: readonly Check[]): FirnError | undefined {
  const failed = checks.filter(({ status }) => status === 'failed')
  if (failed.length > 0) {
    return new FirnError(
      'AUDIT_FAILED',
      `table ${name}: ${failed.length} of ${checks.length} checks failed: ${failed.map((one) => one.name).join(', ')}`,
      { help: `firn trace TOPIC/P@OFFSET says what became of one record` },
    )
  }
  const inexact = checks.filter(({ status }) => status === 'inexact')
  if (inexact.length === 0) return undefined
  return new FirnError(
    'AUDIT_INEXACT',
    `table ${name}: ${inexact.map((one) => one.text).join('; ')}`,
    {
      help: 'compact the table (rewrite_data_files), so that deletes are applied to the files, then audit it again',
    },
  )
}
