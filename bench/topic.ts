import { batchProducer, type PreparedBatch } from '../rig/produce-batches.ts'
import { kafkaTool } from '../rig/produce.ts'
import { recordBatch, type RecordSpec } from '../test/support/record-batch.ts'
import { compressed } from '../test/unit/record/batches.ts'
import type { Shape } from './shapes.ts'

/** As a producer fills them that batches well: 500 reference records. */
const BATCH_BYTES = 190_000
const SAMPLE_RECORDS = 20_000

/** What lies in a topic. */
export interface Filled {
  /** Of the values, as JSON. */
  readonly bytes: number
  /** The first values. */
  readonly sample: readonly Buffer[]
}

/** Creates a topic, in which record i goes to partition i mod the number of partitions, and fills it. */
export async function fillTopic(
  bootstrap: string,
  topic: string,
  { shape, records }: { readonly shape: Shape; readonly records: number },
): Promise<Filled> {
  await createTopic(bootstrap, topic, shape.partitions)
  await using producer = batchProducer(bootstrap)
  const sample: Buffer[] = []
  let [bytes, ready]: [number, PreparedBatch[]] = [0, []]
  const see = (value: Buffer): void => {
    bytes += value.length
    if (sample.length < SAMPLE_RECORDS) sample.push(value)
  }
  for (const batch of preparedBatches(shape, records, see)) {
    if (ready.some(({ partition }) => partition === batch.partition)) {
      await producer.append(topic, ready)
      ready = []
    }
    ready.push(batch)
  }
  await producer.append(topic, ready)
  return { bytes, sample }
}

/** A shape's first records as batches, in the order in which they fill up. */
export function* preparedBatches(
  shape: Shape,
  records: number,
  see: (value: Buffer) => void = () => undefined,
): Generator<PreparedBatch, void> {
  const filling = Array.from({ length: shape.partitions }, () => new Filling(shape.codec))
  let index = 0
  for (const text of shape.records(records)) {
    const value = Buffer.from(text)
    see(value)
    const partition = index % shape.partitions
    index += 1
    const full = filling[partition]?.add(value)
    if (full !== undefined) yield { partition, bytes: full }
  }
  for (const [partition, rest] of filling.entries()) {
    const last = rest.take()
    if (last !== undefined) yield { partition, bytes: last }
  }
}

export async function createTopic(
  bootstrap: string,
  topic: string,
  partitions: number,
): Promise<void> {
  await using tool = kafkaTool(bootstrap)
  await tool.createTopic(topic, { partitions, config: { 'retention.ms': '-1' } })
}

/** The next batch of a partition. */
class Filling {
  readonly #codec: Shape['codec']
  #records: RecordSpec[] = []
  #bytes = 0

  constructor(codec: Shape['codec']) {
    this.#codec = codec
  }

  /** The batch, if this record fills it. */
  add(value: Buffer): Uint8Array | undefined {
    const offset = BigInt(this.#records.length)
    this.#records.push({ offset, timestampMs: Date.now(), value })
    this.#bytes += value.length
    return this.#bytes < BATCH_BYTES ? undefined : this.take()
  }

  take(): Uint8Array | undefined {
    const records = this.#records
    if (records.length === 0) return undefined
    this.#records = []
    this.#bytes = 0
    const batch = recordBatch({ baseOffset: 0n, lastOffset: BigInt(records.length) - 1n, records })
    return this.#codec === 'none' ? batch : compressed(batch, this.#codec)
  }
}
