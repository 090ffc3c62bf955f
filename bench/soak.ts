/**
 * Whether memory and cost stay what they are: the reference records, over and over into one topic while Firn reads it,
 * and its memory and CPU seconds after every so many millions. In the end `firn audit` has to find every position.
 *
 *     npm run bench:soak -- [--millions N] [--store s3|local]
 */
import { parseArgs } from 'node:util'
import { poll } from '../rig/environment.ts'
import { memoryBytes, processorMs } from '../rig/process-cost.ts'
import { batchProducer, type PreparedBatch } from '../rig/produce-batches.ts'
import { startRig } from '../rig/start.ts'
import { type Contest, tableSize } from './contest.ts'
import { machine } from './report.ts'
import { endOf, expectAudited, startContestant } from './run-firn.ts'
import { shapeOf } from './shapes.ts'
import { createTopic, preparedBatches } from './topic.ts'

const TOPIC = 'soak'
const INTERVAL_MS = 10_000
const PASS_RECORDS = 1_000_000
/** Producing goes no further ahead of the table. */
const AHEAD_RECORDS = 5_000_000
const DEADLINE_MS = 300_000

const { values } = parseArgs({
  options: {
    millions: { type: 'string', default: '100' },
    store: { type: 'string', default: 'local' },
  },
})
const millions = Number(values.millions)
if (!(millions >= 1)) throw new Error('--millions from 1')
const shape = shapeOf('reference')

await using rig = await startRig({
  kafka: true,
  catalog: 'fixture',
  readers: ['duckdb'],
  ...(values.store === 's3' ? { s3: 'versitygw' } : {}),
})
await createTopic(rig.kafka.bootstrap, TOPIC, shape.partitions)
const pass: readonly PreparedBatch[] = [...preparedBatches(shape, PASS_RECORDS)]
await using producer = batchProducer(rig.kafka.bootstrap)
const contest: Contest = {
  rig,
  onS3: values.store === 's3',
  shape,
  topic: TOPIC,
  records: millions * PASS_RECORDS,
  intervalMs: INTERVAL_MS,
}
console.log(machine())
console.log(
  'records in the table · MB of memory, now and at most · CPU s per million since the last line',
)
const { worker, table, config } = await startContestant(contest, { threads: 1 })
await Promise.all([produce(), watch()])
await worker.stop()
await expectAudited(config, table)
console.log('every position is in the table once')

async function produce(): Promise<void> {
  for (let produced = 0; produced < contest.records; produced += PASS_RECORDS) {
    await until(async () => produced - (await tableSize(contest, table)).rows < AHEAD_RECORDS)
    for (const batch of pass) await producer.append(TOPIC, [batch])
  }
}

/** A line for each million that has come into the table. */
async function watch(): Promise<void> {
  let [rows, cpuMs] = [0, await processorMs(worker.pid)]
  while (rows < contest.records) {
    const next = Math.min(contest.records, rows + PASS_RECORDS)
    await until(async () => (await tableSize(contest, table)).rows >= next)
    const [size, cpuNow] = [await tableSize(contest, table), await processorMs(worker.pid)]
    const seconds = (cpuNow - cpuMs) / 1_000
    const [resident, peak] = [await memoryBytes(worker.pid, 'VmRSS'), await peakOf()]
    console.log(
      `${millionsText(size.rows)} M · ${megabytes(resident)} · ${megabytes(peak)} · ${((seconds / (size.rows - rows)) * 1e6).toFixed(2)}`,
    )
    rows = size.rows
    cpuMs = cpuNow
  }
}

async function peakOf(): Promise<number | undefined> {
  return memoryBytes(worker.pid, 'VmHWM')
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  const done = await poll(
    async () => {
      const why = await endOf(worker)
      if (why !== undefined) throw new Error(why)
      return (await reached()) ? true : undefined
    },
    { deadlineMs: DEADLINE_MS, everyMs: 500 },
  )
  if (done === undefined) throw new Error(`nothing more came for ${DEADLINE_MS / 1_000} s`)
}

function millionsText(rows: number): string {
  return (rows / 1e6).toFixed(1).padStart(6)
}

function megabytes(bytes: number | undefined): string {
  return String(Math.round((bytes ?? 0) / 2 ** 20))
}
