import { join } from 'node:path'
import { runFirn } from '../../rig/firn.ts'
import { sparkSql } from '../../rig/readers/readers.ts'
import { viewTable } from '../e2e/support/catalog-view.ts'
import { lengthenHistory } from '../support/long-history.ts'
import type { Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'

const PORTION = 2_000

async function spark(stage: Stage, statements: readonly string[]): Promise<void> {
  const { uri, warehouse } = stage.rig.catalog
  await sparkSql({ uri, warehouse, statements })
}

async function headOf(stage: Stage): Promise<bigint> {
  const head = (await viewTable(stage.rig.catalog, stage.table))?.['current-snapshot-id']
  if (head === null || head === undefined) throw new Error(`${stage.table} has no snapshot`)
  return head
}

/** A night's jobs. A job that lost against a commit of ours is run again, as its scheduler would. */
async function maintain(stage: Stage): Promise<void> {
  const { table } = stage
  await spark(stage, [
    `INSERT INTO rest.${table} VALUES (-1, 'foreign', NULL), (-2, 'foreign', NULL)`,
    `CALL rest.system.rewrite_data_files(table => '${table}', options => map('rewrite-all', 'true', 'partial-progress.enabled', 'true'))`,
  ])
  for (let left = 4; left >= 0; left--) {
    try {
      await spark(stage, [`CALL rest.system.rewrite_manifests(table => '${table}')`])
      break
    } catch (fault) {
      if (left === 0) throw fault
    }
  }
  await spark(stage, [
    `CALL rest.system.expire_snapshots(table => '${table}', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 2)`,
    `INSERT INTO rest.${table} VALUES (-3, 'foreign', NULL)`,
  ])
}

const MAINTENANCE: Scenario = {
  name: 'spark-maintenance',
  what: 'Spark appends, compacts, rewrites manifests and expires snapshots while the worker commits',
  rig: 'spark',
  play: async (stage) => {
    await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    stage.marksFault()
    const end: { reached: boolean; fault?: Error } = { reached: false }
    const maintenance = maintain(stage)
      .catch((fault: unknown) => {
        end.fault = fault instanceof Error ? fault : new Error(String(fault))
      })
      .finally(() => {
        end.reached = true
      })
    await stage.until('the end of the maintenance', async () => {
      await stage.produce(PORTION)
      await stage.untilRows()
      return end.reached
    })
    await maintenance
    if (end.fault !== undefined) throw end.fault
    await stage.produce(PORTION)
    // Two rows of others, and one more, besides.
    await stage.untilRows(3)
    return stage.verdict()
  },
}

const ROLLBACKS: readonly Scenario[] = (['follow', 'hold', 'skip'] as const).map((policy) => ({
  name: `spark-rollback-${policy}`,
  what: `Spark rolls the table back under a running worker, on_rollback: ${policy}`,
  rig: 'spark',
  onRollback: policy,
  play: async (stage) => {
    await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    const back = await headOf(stage)
    await stage.produce(PORTION)
    await stage.untilRows()
    await spark(stage, [`CALL rest.system.rollback_to_snapshot('${stage.table}', ${back})`])
    stage.marksFault()
    if (policy === 'skip') return afterSkip(stage)
    if (policy === 'hold') await decide(stage)
    await stage.produce(PORTION)
    await stage.untilRows()
    return stage.verdict()
  },
}))

/** Nothing is committed until a person says what is to become of the records. */
async function decide(stage: Stage): Promise<void> {
  await stage.produce(PORTION)
  await stage.until('the refusal', async () => stage.hasLogged('TABLE_ROLLED_BACK'))
  if ((await stage.rows()) !== PORTION) throw new Error('hold did not hold')
  const config = join(stage.rig.scratch, `${stage.options.name}-solo.yaml`)
  const done = await runFirn([
    'rollback',
    stage.table,
    '--then',
    'replay',
    '--yes',
    '--config',
    config,
  ])
  if (done.status !== 0) throw new Error(`firn rollback: ${done.stdout}${done.stderr}`)
}

/** The records that were rolled back stay out, and only those: the ledger says so. */
async function afterSkip(stage: Stage): Promise<Awaited<ReturnType<Stage['verdict']>>> {
  await stage.produce(PORTION)
  await stage.untilRows(-PORTION)
  const left = await stage.verdict()
  const outIsWhatWasRolledBack = left.missing === PORTION && left.duplicates === 0
  return { ...left, exact: outIsWhatWasRolledBack, missing: left.missing - PORTION }
}

const HISTORIES = [10, 1_000, 10_000] as const

const RECOVERY: readonly Scenario[] = HISTORIES.map((snapshots) => ({
  name: `recovery-${snapshots}`,
  what: `SIGKILL of a worker on a table with a history of ${snapshots} snapshots; recovered: from its restart to the first new snapshot`,
  rig: 'plain',
  play: async (stage) => {
    await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    stage.forget('solo')
    for (const worker of stage.workers) await worker.stop()
    await lengthenHistory(stage.rig.catalog, stage.table, snapshots)
    const worker = await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    stage.forget('solo')
    await stage.produce(PORTION)
    await worker.kill9()
    const before = await commits(stage)
    stage.marksFault()
    await stage.start('solo')
    // By the worker's word: to ask for a table of such a history is work for the catalog.
    await stage.until('a new snapshot', async () => (await commits(stage)) > before)
    const recoveredMs = Date.now() - stage.faultAtMs
    await stage.untilRows()
    return { ...(await stage.verdict()), recoveredMs }
  },
}))

async function commits(stage: Stage): Promise<number> {
  const log = await stage.workers.at(-1)?.log()
  return (log ?? []).filter((line) => 'snapshot' in line).length
}

export const TABLE_SCENARIOS: readonly Scenario[] = [MAINTENANCE, ...ROLLBACKS, ...RECOVERY]
