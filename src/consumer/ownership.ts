import { partitionText, type TopicPartition } from '../core/offsets.ts'
import type { AssignmentListener } from './record-source.ts'

/**
 * What this member holds, and the calls to its listener: one after the other, each awaited before the group protocol
 * goes on.
 */
export class Ownership {
  readonly #listener: AssignmentListener
  #owned: readonly TopicPartition[] = []

  constructor(listener: AssignmentListener) {
    this.#listener = listener
  }

  get owned(): readonly TopicPartition[] {
    return this.#owned
  }

  /** Lets go of what is no longer in the target. Resolves when the listener has committed what it wants to. */
  async revokeAllBut(target: readonly TopicPartition[]): Promise<readonly TopicPartition[]> {
    const revoked = without(this.#owned, target)
    if (revoked.length > 0) await this.#listener.revoked(revoked)
    this.#owned = without(this.#owned, revoked)
    return revoked
  }

  /** Takes what is new in the target. */
  async take(target: readonly TopicPartition[]): Promise<void> {
    const added = without(target, this.#owned)
    this.#owned = [...this.#owned, ...added]
    if (added.length > 0) await this.#listener.assigned(added)
  }

  /** Everything is already somebody else's. */
  async loseAll(): Promise<void> {
    const lost = this.#owned
    this.#owned = []
    if (lost.length > 0) await this.#listener.lost(lost)
  }
}

function without(
  partitions: readonly TopicPartition[],
  others: readonly TopicPartition[],
): readonly TopicPartition[] {
  const left = new Set(others.map(partitionText))
  return partitions.filter((partition) => !left.has(partitionText(partition)))
}
