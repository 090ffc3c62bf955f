import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'
import { broken, KEPT_SEEDS } from './verdict.ts'

const SEEDS_DEFAULT = 100
const MS_PER_MINUTE = 60_000

// npm run sim [-- --seeds N]            the kept seeds and N others
// npm run sim:soak -- --minutes N       seeds that nobody has run yet, for so long
// SIM_SEED=… npm run sim                one seed, with its whole trace
const { values } = parseArgs({
  options: { seeds: { type: 'string' }, minutes: { type: 'string' }, from: { type: 'string' } },
})
const asked = process.env['SIM_SEED']
process.exitCode = asked === undefined ? await soak() : await one(asked)

async function one(seed: string): Promise<number> {
  const outcome = await simulate(seed, { tail: Number.POSITIVE_INFINITY })
  console.log(outcome.tail.join('\n'))
  const problems = broken(outcome)
  console.log(problems.length === 0 ? `${seed}: nothing is broken` : problems.join('\n'))
  return problems.length === 0 ? 0 : 1
}

async function soak(): Promise<number> {
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  const started = Date.now()
  const from = values.from ?? (minutes === undefined ? 'seed' : started.toString(36))
  const last = minutes === undefined ? Number(values.seeds ?? SEEDS_DEFAULT) : Infinity
  const until = minutes === undefined ? Infinity : started + minutes * MS_PER_MINUTE
  const tally = { seeds: 0, broken: 0, needsAPerson: 0, records: 0 }
  for (const seed of seedsOf(from, last)) {
    if (Date.now() > until) break
    const outcome = await simulate(seed)
    tally.seeds += 1
    tally.records += outcome.rows
    if (outcome.needsAPerson.length > 0) tally.needsAPerson += 1
    const problems = broken(outcome)
    if (problems.length === 0) continue
    tally.broken += 1
    console.log(`SIM_SEED=${seed} npm run sim\n  ${problems.slice(0, 3).join('\n  ')}`)
  }
  const seconds = (Date.now() - started) / 1_000
  console.log(
    `${tally.seeds} seeds, ${tally.records} positions, ${(tally.seeds / seconds).toFixed(1)} seeds/s; ` +
      `${tally.needsAPerson} ended at a refusal that only the rows can resolve; ${tally.broken} broken`,
  )
  return tally.broken === 0 ? 0 : 1
}

function* seedsOf(from: string, count: number): Generator<string> {
  yield* KEPT_SEEDS
  for (let index = 0; index < count; index++) yield `${from}-${index}`
}
