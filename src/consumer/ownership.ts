import { FirnError, messageOf } from '../core/errors.ts'
import { partitionText, type TopicPartition } from '../core/offsets.ts'
import type { AssignmentListener } from './record-source.ts'

/**
 * What this member holds, and the calls to its listener: one after the other, whoever asks for them, each awaited
 * before the group protocol goes on.
 */
export class Ownership {
  readonly #listener: AssignmentListener
  #owned: readonly TopicPartition[] = []
  #last: Promise<unknown> = Promise.resolve()
  #closed = false
  #losses = 0

  constructor(listener: AssignmentListener) {
    this.#listener = listener
  }

  get owned(): readonly TopicPartition[] {
    return this.#owned
  }

  /** How often everything was lost: what was assigned before the last time is not ours any more. */
  get losses(): number {
    return this.#losses
  }

  /** Lets go of what is no longer in the target. Resolves when the listener has committed what it wants to. */
  async revokeAllBut(target: readonly TopicPartition[]): Promise<readonly TopicPartition[]> {
    return this.#serially(async () => {
      const revoked = without(this.#owned, target)
      if (revoked.length > 0) await this.#tell(async () => this.#listener.revoked(revoked))
      this.#owned = without(this.#owned, revoked)
      return revoked
    })
  }

  /** Takes what is new in a target that was given when so many losses had been. */
  async take(target: readonly TopicPartition[], losses: number): Promise<void> {
    await this.#serially(async () => {
      if (this.#closed || losses !== this.#losses) return
      const added = without(target, this.#owned)
      this.#owned = [...this.#owned, ...added]
      if (added.length > 0) await this.#tell(async () => this.#listener.assigned(added))
    })
  }

  /** Everything is already somebody else's. */
  async loseAll(): Promise<void> {
    this.#losses += 1
    await this.#serially(async () => {
      const lost = this.#owned
      this.#owned = []
      if (lost.length > 0) await this.#tell(async () => this.#listener.lost(lost))
    })
  }

  /** Lets go of all, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.revokeAllBut([])
  }

  async #serially<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  /** A listener that fails ends the membership by its own word; the protocol is not held up. */
  async #tell(call: () => Promise<void>): Promise<void> {
    try {
      await call()
    } catch (fault) {
      this.#listener.failed(
        fault instanceof FirnError
          ? fault
          : new FirnError('INTERNAL', messageOf(fault), { cause: fault }),
      )
    }
  }
}

function without(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): readonly TopicPartition[] {
  const left = new Set(others.map(partitionText))
  return partitions.filter((partition) => !left.has(partitionText(partition)))
}
