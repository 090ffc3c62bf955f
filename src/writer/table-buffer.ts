import { assert, required } from '../core/assert.ts'
import { partitionText } from '../core/offsets.ts'
import type { Clock } from '../core/clock.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { Encoder, EncoderOutput, EncodingPlan, PushOutcome } from './encoder.ts'
import { dataFileLocation } from './file-location.ts'
import type { BufferLevel } from './flush-policy.ts'
import { Round } from './round.ts'
import type { SealedFiles, SealReason } from './sealed-files.ts'
import { Uploads } from './uploads.ts'

/** Makes the encoder of one thread; its outputs go to `onOutput` in order. */
export type EncoderFactory = (
  plan: EncodingPlan,
  onOutput: (output: EncoderOutput) => void,
) => Encoder

export interface TableBufferParts {
  readonly plan: EncodingPlan
  readonly tableLocation: string
  readonly store: ObjectStore
  readonly clock: Clock
  /** Names a new data file, without its folder; never the same name twice. */
  readonly fileName: () => string
  /** One factory for each encoder thread: a Kafka partition stays with one of them, so that order is kept. */
  readonly encoders: readonly EncoderFactory[]
}

/** A round with the uploads of each encoder. */
interface Filling {
  readonly round: Round
  readonly uploads: readonly Uploads[]
}

/**
 * Everything of one table between the fetch and the stage: rows in columns, files being encoded, bytes on their way
 * out. Always one round is being filled; sealing it starts the next at once.
 */
export class TableBuffer {
  readonly plan: EncodingPlan
  readonly #parts: TableBufferParts
  readonly #encoders: readonly Encoder[]
  /** The rounds whose outputs each encoder has still to finish, the oldest first: the last one is `#filling`. */
  readonly #owedBy: readonly Filling[][]
  readonly #sealing = new Set<Filling>()
  #filling: Filling
  #pendingBytes = 0
  readonly #pushing = new Set<Promise<PushOutcome>>()

  constructor(parts: TableBufferParts) {
    this.#parts = parts
    this.plan = parts.plan
    this.#filling = this.#newFilling()
    this.#owedBy = parts.encoders.map(() => [this.#filling])
    this.#encoders = parts.encoders.map((make, index) =>
      make(parts.plan, (output) => {
        this.#take(index, output)
      }),
    )
  }

  /** Takes one batch into columns. The outcome says up to which position; the round knows already. */
  async push(batch: FetchedBatch): Promise<PushOutcome> {
    const { round } = this.#filling
    const held = round.ranges.get(batch)
    // Before the rows are in columns: a range that does not follow would put them into the table twice.
    assert(
      held === undefined || held.end === batch.position,
      `${partitionText(batch)}: a batch from ${batch.position} does not follow ${held?.end}`,
    )
    round.begin(batch)
    const encoder = this.#encoders[batch.partition % this.#encoders.length]
    const bytes = batch.bytes.byteLength
    this.#pendingBytes += bytes
    const pushing = required(encoder, 'encoder').push(batch)
    this.#pushing.add(pushing)
    try {
      const outcome = await pushing
      round.add(batch, outcome, this.#parts.clock.monotonic())
      return outcome
    } finally {
      this.#pushing.delete(pushing)
      this.#pendingBytes -= bytes
    }
  }

  /** Resolves once the rounds know of every batch that was pushed until now. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#pushing)
  }

  /** The ranges that the round being filled holds. */
  get round(): Round {
    return this.#filling.round
  }

  get level(): BufferLevel {
    const { round } = this.#filling
    return {
      openedAtMs: round.openedAtMs,
      lastPushAtMs: round.lastPushAtMs,
      rowCount: round.rowCount,
      bytes:
        this.#filling.uploads.reduce((sum, { bytesTaken }) => sum + bytesTaken, 0) +
        this.#bytesToCome,
    }
  }

  /** Of an encoder that has still to end an earlier round, the columns are that round's. */
  get #bytesToCome(): number {
    return this.#encoders.reduce(
      (sum, { bytesToCome }, index) =>
        this.#owedBy[index]?.length === 1 ? sum + bytesToCome : sum,
      0,
    )
  }

  /** Encoded bytes that wait for object storage: who reads faster than it takes should wait too. */
  get uploadBytes(): number {
    return this.#filling.uploads.reduce((sum, { bytesWaiting }) => sum + bytesWaiting, 0)
  }

  /** All bytes of this table in memory, rounds that are being sealed included. */
  get bytesHeld(): number {
    const uploading = [this.#filling, ...this.#sealing]
    return (
      this.#encoders.reduce((sum, { bytesHeld }) => sum + bytesHeld, 0) +
      uploading.reduce((sum, filling) => sum + uploadBytes(filling), 0) +
      this.#pendingBytes
    )
  }

  /**
   * Closes the round: what was pushed before is in it, what is pushed from now on is in the next. Resolves when all
   * its files are durable. Throws the fault of an upload; the round is then lost and its ranges are to be read again.
   */
  async seal(reason: SealReason): Promise<SealedFiles> {
    const sealed = this.#startNextRound()
    try {
      await Promise.all(this.#encoders.map(async (encoder) => encoder.seal()))
      const files = await Promise.all(sealed.uploads.map(async (uploads) => uploads.settle()))
      const { round } = sealed
      return {
        files: files.flat(),
        ranges: round.ranges,
        topics: round.topics,
        facts: round.facts,
        rowCount: BigInt(round.rowCount),
        schemaId: this.plan.schema.schemaId,
        specId: this.plan.spec.specId,
        reason,
        openedAtMs: round.openedAtMs ?? this.#parts.clock.monotonic(),
      }
    } catch (fault) {
      await abort(sealed)
      throw fault
    } finally {
      this.#sealing.delete(sealed)
    }
  }

  /** Forgets the round being filled: its positions are to be read again. */
  async discard(): Promise<void> {
    const dropped = this.#startNextRound()
    try {
      await Promise.all(this.#encoders.map(async (encoder) => encoder.discard()))
    } finally {
      await abort(dropped)
      this.#sealing.delete(dropped)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#encoders.map(async (encoder) => encoder.close()))
    await abort(this.#filling)
  }

  #startNextRound(): Filling {
    const ended = this.#filling
    this.#sealing.add(ended)
    this.#filling = this.#newFilling()
    for (const owed of this.#owedBy) owed.push(this.#filling)
    return ended
  }

  #take(encoder: number, output: EncoderOutput): void {
    const owed = required(this.#owedBy[encoder], 'rounds of an encoder')
    if (output.kind === 'end') owed.shift()
    else required(owed[0]?.uploads[encoder], 'uploads of a round').take(output)
  }

  #newFilling(): Filling {
    const { plan, tableLocation, store, fileName } = this.#parts
    const layout = {
      tableLocation,
      properties: plan.properties,
      schema: plan.schema,
      spec: plan.spec,
    }
    const uploads = this.#parts.encoders.map(
      () =>
        new Uploads({
          store,
          specId: plan.spec.specId,
          locate: (partition) => dataFileLocation(layout, partition, fileName()),
        }),
    )
    return { round: new Round(), uploads }
  }
}

function uploadBytes({ uploads }: Filling): number {
  return uploads.reduce((sum, { bytesHeld }) => sum + bytesHeld, 0)
}

async function abort({ uploads }: Filling): Promise<void> {
  await Promise.all(uploads.map(async (upload) => upload.abort()))
}
