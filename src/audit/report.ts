import { ledgerToJson } from '../commit/ledger-json.ts'
import { stringifyJson } from '../core/json.ts'
import type { AuditedTable } from './audited-table.ts'
import type { AuditFacts } from './audit.ts'
import { bounded, type Check, check, counted, note } from './check.ts'
import { rowChecks } from './row-report.ts'

/** What an audit proved and what not, a check each. Pure. */
export function auditReport(facts: AuditFacts): readonly Check[] {
  return [
    chainCheck(facts.table),
    copiedCheck(facts.table),
    ...carrierChecks(facts.table),
    listedCheck(facts),
    ...fileChecks(facts),
    ...rowChecks(facts),
  ]
}

function chainCheck({ chain }: AuditedTable): Check {
  const count = counted(chain.links.length, 'snapshot')
  const since = chain.complete ? '' : ', as far back as they are listed'
  return check(
    'ledger-chain',
    {
      ok: `${count} of the writer: each ledger is the one before, with the ranges and gaps of its snapshot${since}`,
      failed: `the ledgers of ${count} do not chain`,
    },
    bounded(chain.problems),
  )
}

function copiedCheck({ chain: { copied } }: AuditedTable): Check {
  return check(
    'copied-snapshots',
    {
      ok: "no snapshot copies one of the writer's: each commit id names its own",
      failed: "snapshots copy the writer's: their rows are there, their positions are not",
    },
    bounded(
      copied.map(({ snapshotId, summary }) => {
        const source = summary['source-snapshot-id'] ?? summary['firn.commit-id'] ?? ''
        return `snapshot ${snapshotId} is a copy of ${source}`
      }),
    ),
  )
}

/** Mirror and tag are about the head of the writer's own branch, and only there they can be compared. */
function carrierChecks({ standing, reading }: AuditedTable): readonly Check[] {
  const name = 'mirror-and-tag'
  if (standing === undefined) return []
  const { mirror, tag, newest } = reading
  if (standing.kind === 'rolled-back') {
    const { from, snapshotId } = standing.newer
    return [
      note(
        name,
        'unproven',
        `the table was rolled back behind snapshot ${snapshotId}, which the ${from} names, and no worker has acted on it yet`,
      ),
    ]
  }
  if (standing.kind === 'buried') {
    return [
      note(name, 'unproven', 'the snapshot with the ledger has expired: the mirror alone has it'),
    ]
  }
  const differences: string[] = []
  const newestId = newest?.snapshot.snapshotId
  if (mirror !== undefined && mirror.snapshotId !== newestId) {
    differences.push(`the mirror names snapshot ${mirror.snapshotId}, the ledger is in ${newestId}`)
  } else if (mirror !== undefined && ledgerText(mirror) !== ledgerText(newest?.record)) {
    differences.push(`the mirror's ledger is not that of its snapshot ${mirror.snapshotId}`)
  }
  if (tag !== undefined && tag.snapshotId !== newestId) {
    differences.push(`the tag points to snapshot ${tag.snapshotId}, the ledger is in ${newestId}`)
  }
  const kept = [mirror === undefined ? [] : ['mirror'], tag === undefined ? [] : ['tag']].flat()
  if (kept.length === 0) return [note(name, 'unproven', 'the table has neither mirror nor tag')]
  const carriers = kept.join(' and ')
  return [
    check(
      name,
      {
        ok: `the ${carriers} agree with the newest ledger, in snapshot ${newestId}`,
        failed: `the ${carriers} do not agree with the newest ledger`,
      },
      differences,
    ),
  ]
}

function ledgerText(held: { readonly ledger: AuditedTable['ledger'] } | undefined): string {
  return held === undefined ? '' : stringifyJson(ledgerToJson(held.ledger))
}

function listedCheck({ live }: AuditFacts): Check {
  const unreadable = live.unreadable.map(({ message }) => message)
  return check(
    'files-listed-once',
    {
      ok: `${filesText(live)}: none is listed twice`,
      failed: 'the manifests are not as they should be',
    },
    bounded([...unreadable, ...live.repeated.map((path) => `${path} is listed more than once`)]),
  )
}

function fileChecks({ files, live }: AuditFacts): readonly Check[] {
  if (files === undefined) {
    return [note('files-exist', 'unproven', 'whether each file is there was not asked: --no-files')]
  }
  const more = files.wrong - files.differences.length
  return [
    check(
      'files-exist',
      {
        ok: `${counted(files.checked, 'file')} in storage, of the size that the manifests state`,
        failed: `${counted(files.wrong, 'file')} of ${live.data.length + live.deletes.length} not as the manifests state`,
      },
      more > 0 ? [...files.differences, `… and ${more} more`] : files.differences,
    ),
  ]
}

function filesText({ data, deletes }: AuditFacts['live']): string {
  const files = counted(data.length, 'data file')
  return deletes.length === 0 ? files : `${files} and ${counted(deletes.length, 'delete file')}`
}
