import type { AbortedTransaction } from '../consumer/record-source.ts'
import type { BatchHeader } from './batch-header.ts'

const NO_PRODUCER = -1n

/**
 * Which batches of one fetch response belong to aborted transactions, for read_committed. The response lists every
 * aborted transaction that overlaps it, so nothing is carried over to the next: Kafka's own consumer does the same.
 */
export class AbortedBatches {
  /** By first offset, the next one last. */
  readonly #waiting: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#waiting = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? 1 : -1))
  }

  /** Whether the batch's records are to be skipped. Asked once for each batch that is not a control batch, in order. */
  holds(header: BatchHeader): boolean {
    if (header.producerId === NO_PRODUCER) return false
    this.#openUpTo(header.baseOffset + BigInt(header.lastOffsetDelta))
    return header.transactional && this.#open.has(header.producerId)
  }

  /** A transaction marker ends an aborted transaction; what its producer writes behind it is another one. */
  close(header: BatchHeader): void {
    this.#openUpTo(header.baseOffset + BigInt(header.lastOffsetDelta))
    this.#open.delete(header.producerId)
  }

  #openUpTo(offset: bigint): void {
    for (;;) {
      const next = this.#waiting.at(-1)
      if (next === undefined || next.firstOffset > offset) return
      this.#open.add(next.producerId)
      this.#waiting.pop()
    }
  }
}
