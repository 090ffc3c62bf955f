import { createHash } from 'node:crypto'
import { audit } from './auditor.ts'
import { SimWorld } from './sim-world.ts'

const VIRTUAL_SECOND = 1_000
/** How long things go wrong, and how long they may take to come right after that (I6). */
const STORM_MS = 60 * VIRTUAL_SECOND
const CALM_MS = 600 * VIRTUAL_SECOND

export interface Outcome {
  readonly problems: readonly string[]
  readonly caughtUp: boolean
  readonly traceHash: string
  readonly tail: readonly string[]
  readonly rows: number
}

/** One run: a storm of faults over a few workers, then calm, then the audit. */
export async function simulate(
  seed: string,
  change: (world: SimWorld) => void = () => undefined,
): Promise<Outcome> {
  const world = new SimWorld({ seed, partitions: 3, workers: 2, onRollback: 'follow' })
  change(world)
  const { clock, random } = world
  const stormEnds = clock.nowMs + STORM_MS
  world.commitFaults = 0.25
  world.weather.catalogDown = 0.05
  world.weather.storeDown = 0.03
  const gusts = random.fork('gusts')
  const blow = (): void => {
    if (clock.nowMs > stormEnds) return
    gust(world, gusts)
    clock.after(gusts.between(100, 1_500), blow)
  }
  blow()
  await clock.run(() => clock.nowMs >= stormEnds, STORM_MS)
  world.commitFaults = 0
  world.weather.catalogDown = 0
  world.weather.storeDown = 0
  for (const process of world.processes) process.continue()
  if (world.processes.every(({ dead }) => dead)) world.startWorker()
  const caughtUp = await clock.run(() => world.caughtUp(), CALM_MS)
  return {
    problems: await audit(world),
    caughtUp,
    traceHash: createHash('sha256').update(world.trace.join('\n')).digest('hex'),
    tail: world.trace.slice(-40),
    rows: world.topic.produced.length,
  }
}

/** One thing that goes on, well or badly. */
function gust(world: SimWorld, random: SimWorld['random']): void {
  for (let batch = random.between(0, 4); batch > 0; batch--) world.produce()
  const alive = world.processes.filter(({ dead }) => !dead)
  const one = alive.length === 0 ? undefined : random.pick(alive)
  const dice = random.next()
  const tell = (what: string): void => {
    world.trace.push(`${world.clock.nowMs} ${what}`)
  }
  if (dice < 0.06 && one !== undefined) {
    tell(`kill ${one.name}`)
    one.kill()
  } else if (dice < 0.14 && alive.length < 3) {
    tell('start a worker')
    world.startWorker()
  } else if (dice < 0.18 && one !== undefined) {
    tell(`stop ${one.name}`)
    one.stop()
    world.clock.after(random.between(1_000, 20_000), () => {
      one.continue()
    })
  } else if (dice < 0.22) {
    tell('rebalance')
    world.rebalance()
  } else if (dice < 0.24) {
    rollback(world, random)
  }
}

/** Somebody sets the table back to a snapshot of its history. */
function rollback(world: SimWorld, random: SimWorld['random']): void {
  if (!world.catalog.tables.has('sim.events')) return
  const { snapshots, currentSnapshotId } = world.catalog.metadata(world.table)
  const at = snapshots.findIndex(({ snapshotId }) => snapshotId === currentSnapshotId)
  const back = snapshots[Math.max(0, at - random.between(1, 3))]
  if (back === undefined) return
  world.trace.push(`${world.clock.nowMs} rollback to ${back.snapshotId}`)
  world.catalog.rollback(world.table, back.snapshotId)
}
