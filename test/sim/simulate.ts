import { createHash } from 'node:crypto'
import { audit } from './auditor.ts'
import { NEEDS_A_PERSON, SimOperator } from './sim-operator.ts'
import { MISHAPS } from './sim-process.ts'
import type { SimRandom } from './sim-random.ts'
import { SimWorld, type WorldOptions } from './sim-world.ts'

const VIRTUAL_SECOND = 1_000
/** How long things go wrong, and how long they may take to come right after that (I6). */
const STORM_MS = 60 * VIRTUAL_SECOND
const CALM_MS = 600 * VIRTUAL_SECOND
const TAIL = 60

export interface Outcome {
  readonly problems: readonly string[]
  readonly caughtUp: boolean
  /** Refusals that stand at the end, and that no verb of the operator resolves. */
  readonly needsAPerson: readonly string[]
  readonly traceHash: string
  readonly tail: readonly string[]
  readonly rows: number
}

/** What goes on besides producing: each seed has some of it, so that each thing is also seen without the others. */
const GUSTS = {
  kill: 0.06,
  crash: 0.05,
  start: 0.09,
  stop: 0.04,
  rebalance: 0.05,
  clock: 0.03,
  rollback: 0.03,
  append: 0.05,
  compact: 0.03,
  expire: 0.04,
  truncate: 0.012,
  retention: 0.015,
  recreate: 0.008,
  drill: 0.012,
} as const
type Gust = keyof typeof GUSTS

export interface SimulationOptions extends Omit<WorldOptions, 'seed'> {
  /** Only these; default: what the seed says. */
  readonly gusts?: readonly Gust[]
  readonly change?: (world: SimWorld) => void
  /** Records go on coming while things come right: nobody is ever idle. */
  readonly busy?: boolean
  /** Lines of the trace to keep; default 60. */
  readonly tail?: number
}

/** One run: a storm of faults over a few workers, then calm, then the audit. */
export async function simulate(seed: string, options: SimulationOptions = {}): Promise<Outcome> {
  const { world, gusts } = worldOf(seed, options)
  options.change?.(world)
  const operator = new SimOperator(world)
  const { clock, weather } = world
  const stormEnds = clock.nowMs + STORM_MS
  const random = world.random.fork('gusts')
  world.commitFaults = random.pick([0, 0.1, 0.25])
  weather.catalogDown = random.pick([0, 0.02, 0.05])
  weather.storeDown = random.pick([0, 0.01, 0.03])
  weather.slow = random.pick([0, 0, 0.02])
  const blow = (): void => {
    if (clock.nowMs > stormEnds) return
    for (let batch = random.between(0, 4); batch > 0; batch--) world.produce()
    for (const gust of gusts) if (random.chance(GUSTS[gust])) DO[gust](world, random, operator)
    world.witness.memory()
    clock.after(random.between(100, 1_500), blow)
  }
  blow()
  await clock.run(() => clock.nowMs >= stormEnds, STORM_MS)
  calm(world)
  const marks = world.topic.partitions.map(({ logEnd }) => logEnd)
  if (options.busy === true) keepBusy(world)
  const isDone = (): boolean => world.hasReached(marks) || needsAPerson(world).length > 0
  const ended = await clock.run(isDone, options.busy === true ? CALM_MS / 5 : CALM_MS)
  return {
    problems: await audit(world),
    caughtUp: ended && needsAPerson(world).length === 0,
    needsAPerson: needsAPerson(world),
    traceHash: createHash('sha256').update(world.trace.join('\n')).digest('hex'),
    tail: world.trace.slice(-(options.tail ?? TAIL)),
    rows: world.cluster.everAt.size,
  }
}

function worldOf(
  seed: string,
  { gusts, change: _change, tail: _tail, busy: _busy, ...options }: SimulationOptions,
): { readonly world: SimWorld; readonly gusts: readonly Gust[] } {
  // A generator of its own: what the seed chooses must not depend on what is asked for.
  const world = new SimWorld({ seed, ...options, workers: 0 })
  const random = world.random.fork('profile')
  const all = Object.keys(GUSTS) as Gust[]
  const chosen = all.filter(() => random.chance(0.55))
  const policy = random.pick(['follow', 'follow', 'hold', 'skip'] as const)
  world.onRollback = options.onRollback ?? policy
  for (let count = options.workers ?? 2; count > 0; count--) world.startWorker()
  return { world, gusts: gusts ?? chosen }
}

function keepBusy(world: SimWorld): void {
  const produce = (): void => {
    for (const { partition } of world.partitions) world.produce(partition, 1)
    world.clock.after(300, produce)
  }
  produce()
}

/** Faults are off, whoever was stopped goes on, and somebody is there to work. */
function calm(world: SimWorld): void {
  world.tell('calm')
  world.commitFaults = 0
  world.weather.catalogDown = 0
  world.weather.storeDown = 0
  world.weather.slow = 0
  for (const process of world.processes) process.continue()
  if (world.alive.length === 0) world.startWorker()
}

/** Where nothing has expired, the metadata can decide everything. */
function needsAPerson(world: SimWorld): readonly string[] {
  if (!world.others.hasExpired) return []
  return [...world.refusals].filter((code) => NEEDS_A_PERSON.has(code))
}

const DO: Readonly<
  Record<Gust, (world: SimWorld, random: SimRandom, operator: SimOperator) => void>
> = {
  drill: (world, random, operator) => {
    if (!world.exists) return
    const newest = world.others.listed().slice(0, 4)
    if (newest.length === 0) return
    const back = random.pick(newest)
    void operator.rollback(back.snapshotId, random.pick(['replay', 'hold', 'skip']))
  },
  kill: (world, random) => {
    const { alive } = world
    if (alive.length === 0) return
    const one = random.pick(alive)
    world.tell(`kill ${one.name}`)
    one.kill()
  },
  crash: (world, random) => {
    if (world.alive.length > 2) return
    world.mishap = { atCall: random.between(1, 60), kind: random.pick(MISHAPS) }
    world.tell(`start a worker: ${world.mishap.kind} at its call ${world.mishap.atCall}`)
    world.startWorker()
  },
  start: (world) => {
    if (world.alive.length > 2) return
    world.tell('start a worker')
    world.startWorker()
  },
  stop: (world, random) => {
    const { alive } = world
    if (alive.length === 0) return
    const one = random.pick(alive)
    world.tell(`stop ${one.name}`)
    one.stop()
    world.clock.after(random.between(1_000, 20_000), () => {
      one.continue()
    })
  },
  rebalance: (world) => {
    world.tell('rebalance')
    world.rebalance()
  },
  clock: (world, random) => {
    const { alive } = world
    if (alive.length === 0) return
    const one = random.pick(alive)
    one.clockOffset.ms = random.between(-3_600_000, 3_600_000)
    world.tell(`the clock of ${one.name} is off by ${one.clockOffset.ms}`)
  },
  rollback: (world, random) => {
    if (world.exists) world.others.rollback(random)
  },
  append: (world) => {
    if (world.exists) void world.others.append()
  },
  compact: (world) => {
    if (world.exists) void world.others.compact()
  },
  expire: (world, random) => {
    if (world.exists) world.others.expire(random.between(1, 4))
  },
  truncate: (world, random) => {
    world.others.truncateLog(random)
  },
  retention: (world, random) => {
    world.others.retention(random)
  },
  recreate: (world) => {
    world.recreateTopic()
  },
}
