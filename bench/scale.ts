/**
 * What it costs that there is more of something: Kafka partitions, columns, history. Firn alone, on the rig's parts;
 * each run is checked as those of `npm run bench`.
 *
 *     npm run bench:scale -- [--only partitions,columns,history] [--records N] [--rounds N] [--json]
 */
import { parseArgs } from 'node:util'
import { startRig } from '../rig/start.ts'
import type { Contest, Run } from './contest.ts'
import { type CommitCost, commitCost } from './history.ts'
import { lineOf, machine } from './report.ts'
import { runFirn } from './run-firn.ts'
import { shapeOf } from './shapes.ts'
import { fillTopic } from './topic.ts'

const PARTITIONS = [1, 2, 4, 8, 64]
const COLUMNS = [1, 10, 50, 100, 200]
const SNAPSHOTS = [10, 100, 1_000, 10_000]
const INTERVAL_MS = 5_000

/** One size of a shape. */
interface Sized {
  readonly size: number
  readonly records: number
  readonly recordsPerSecond: number
  readonly cpuSecondsPerMillion: number
  /** CPU seconds per million values, columns times records. */
  readonly cpuSecondsPerMillionValues: number
  readonly peakMegabytes: number
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'partitions,columns,history' },
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const only = new Set(values.only.split(','))
const [records, rounds] = [Number(values.records), Number(values.rounds)]
if (!(records >= 10_000) || !(rounds >= 1)) throw new Error('--records from 10000, --rounds from 1')

await using rig = await startRig({ kafka: true, catalog: 'fixture', readers: ['duckdb'] })
const partitions = await sizes('partitions', PARTITIONS)
const columns = await sizes('columns', COLUMNS)
const history: CommitCost[] = []
for (const snapshots of only.has('history') ? SNAPSHOTS : []) {
  process.stderr.write(`history of ${snapshots}\n`)
  history.push(await commitCost(rig, snapshots))
}
if (values.json) {
  console.log(JSON.stringify({ machine: machine(), ...values, partitions, columns, history }))
} else {
  console.log(machine())
  for (const table of [partitions, columns, history]) console.table(table)
}

async function sizes(kind: 'partitions' | 'columns', of: readonly number[]): Promise<Sized[]> {
  const found: Sized[] = []
  for (const size of only.has(kind) ? of : []) found.push(await measured(`${kind}-${size}`, size))
  return found
}

async function measured(topic: string, size: number): Promise<Sized> {
  const shape = shapeOf(topic)
  const count = Math.round(records * shape.share)
  const { bytes } = await fillTopic(rig.kafka.bootstrap, topic, { shape, records: count })
  const contest: Contest = {
    rig,
    onS3: false,
    shape,
    topic,
    records: count,
    intervalMs: INTERVAL_MS,
  }
  const runs: Run[] = []
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`${topic}, round ${round + 1} of ${rounds}\n`)
    runs.push(await runFirn(contest, { threads: 1 }))
  }
  const line = lineOf({
    shape: topic,
    program: 'firn',
    records: count,
    bytes,
    runs,
    profile: undefined,
  })
  const { recordsPerSecond, cpuSecondsPerMillion, peakMegabytes } = line
  const cpuSecondsPerMillionValues = Number(
    (cpuSecondsPerMillion / shape.fields.length).toPrecision(3),
  )
  return {
    size,
    records: count,
    recordsPerSecond,
    cpuSecondsPerMillion,
    cpuSecondsPerMillionValues,
    peakMegabytes,
  }
}
