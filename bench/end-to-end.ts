/**
 * The whole way, on real parts: a topic into a table, by Firn and, if asked, by Apache's Kafka Connect sink, which take
 * turns in each round. Broker, catalog, object store and whoever is measured share the machine. A run counts only where
 * DuckDB finds every record once, in all columns the same as in every other run's table, and Firn's own has to pass
 * `firn audit`. Firn is what `npm run build` makes, in the environment that its image sets.
 *
 *     npm run bench -- [--shapes reference,small,…|all] [--records N] [--rounds N] [--store s3|local]
 *                      [--threads N] [--budget-mib N] [--peer connect] [--json]
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startRig } from '../rig/start.ts'
import type { Contest, Run } from './contest.ts'
import { type Line, lineOf, machine, print } from './report.ts'
import { runConnect } from './run-connect.ts'
import { runFirn } from './run-firn.ts'
import { type Shape, shapeOf, SHAPES } from './shapes.ts'
import { createTopic, fillTopic } from './topic.ts'

const EMPTY_TOPIC = 'empty'
const INTERVAL_MS = 5_000

const { values } = parseArgs({
  options: {
    shapes: { type: 'string', default: 'reference' },
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '2' },
    store: { type: 'string', default: 's3' },
    threads: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
    'budget-mib': { type: 'string' },
    peer: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const budgetBytes =
  values['budget-mib'] === undefined ? undefined : Number(values['budget-mib']) * 2 ** 20
const [records, rounds] = [Number(values.records), Number(values.rounds)]
if (!(records >= 1_000) || !(rounds >= 1)) throw new Error('--records from 1000, --rounds from 1')
if (values.store !== 's3' && values.store !== 'local') throw new Error('--store: s3 or local')
if (values.peer !== undefined && values.peer !== 'connect') throw new Error('--peer takes connect')
if (values.peer !== undefined && values.store === 's3')
  throw new Error('--peer: with --store local, where the sink is at its best')
const shapes = values.shapes === 'all' ? Object.keys(SHAPES) : values.shapes.split(',')

await using rig = await startRig({
  kafka: true,
  catalog: 'fixture',
  readers: ['duckdb'],
  ...(values.store === 's3' ? { s3: 'versitygw' } : {}),
})
await createTopic(rig.kafka.bootstrap, EMPTY_TOPIC, 1)
const lines: Line[] = []
for (const name of shapes) {
  lines.push(...(await compare(name, shapeOf(name))))
}
if (values.json) console.log(JSON.stringify({ machine: machine(), ...values, lines }))
else {
  console.log(`${machine()}; ${values.store}, ${rounds} rounds`)
  print(lines)
}

async function compare(name: string, shape: Shape): Promise<Line[]> {
  const count = Math.round(records * shape.share)
  const { bytes, sample } = await fillTopic(rig.kafka.bootstrap, name, { shape, records: count })
  const contest: Contest = {
    rig,
    onS3: values.store === 's3',
    shape,
    topic: name,
    records: count,
    intervalMs: INTERVAL_MS,
  }
  const options = { threads: Number(values.threads), budgetBytes }
  const programs: Record<string, () => Promise<Run>> = {
    firn: async () => runFirn(contest, options),
    'JSON.parse': async () => parseAlone(sample, count),
    ...(values.peer === undefined
      ? {}
      : { connect: async () => runConnect(contest, { emptyTopic: EMPTY_TOPIC }) }),
  }
  const runs = new Map<string, Run[]>(Object.keys(programs).map((program) => [program, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [program, run] of Object.entries(programs)) {
      process.stderr.write(`${name}, round ${round + 1} of ${rounds}: ${program}\n`)
      runs.get(program)?.push(await run())
    }
  }
  const profile = await runFirn(contest, { ...options, profiled: true })
  const digests = new Set(
    [...runs.values(), [profile]].flat().flatMap(({ digest }) => digest ?? []),
  )
  if (digests.size !== 1) throw new Error(`${name}: the tables differ: ${[...digests].join(', ')}`)
  return [...runs].map(([program, own]) =>
    lineOf({
      shape: name,
      program,
      records: count,
      bytes,
      runs: own,
      profile: program === 'firn' ? profile : undefined,
    }),
  )
}

/** What one thread takes that does nothing but parse the same bytes into objects. */
function parseAlone(sample: readonly Buffer[], count: number): Run {
  const cpu = process.cpuUsage()
  const began = performance.now()
  let parsed = 0
  while (parsed < count) {
    for (const text of sample) JSON.parse(text.toString())
    parsed += sample.length
  }
  const { user, system } = process.cpuUsage(cpu)
  const scale = count / parsed
  return {
    seconds: (scale * (performance.now() - began)) / 1_000,
    cpuSeconds: (scale * (user + system)) / 1e6,
    peakBytes: 0,
    files: 0,
    fileBytes: 0,
    commits: 0,
  }
}
