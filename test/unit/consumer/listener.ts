import { topicName } from '../../../src/core/ids.ts'
import type { FirnError } from '../../../src/core/errors.ts'
import { partitionText, type TopicPartition } from '../../../src/core/offsets.ts'
import type { AssignmentListener } from '../../../src/consumer/record-source.ts'

export const partitions = (...numbers: readonly number[]): TopicPartition[] =>
  numbers.map((partition) => ({ topic: topicName('t'), partition }))

/** Writes down what it is told, and may take its time. */
export class ScriptedListener implements AssignmentListener {
  readonly log: string[] = []
  failure: FirnError | undefined
  /** What each call waits for. */
  hold: Promise<void> = Promise.resolve()

  async assigned(given: readonly TopicPartition[]): Promise<void> {
    await this.#told('assigned', given)
  }

  async revoked(given: readonly TopicPartition[]): Promise<void> {
    await this.#told('revoked', given)
  }

  async lost(given: readonly TopicPartition[]): Promise<void> {
    await this.#told('lost', given)
  }

  failed(error: FirnError): void {
    this.failure = error
    this.log.push(`failed ${error.code}`)
  }

  async #told(what: string, given: readonly TopicPartition[]): Promise<void> {
    const line = `${what} ${given.map(partitionText).join(' ')}`
    this.log.push(`${line}…`)
    await this.hold
    this.log.push(line)
  }
}
