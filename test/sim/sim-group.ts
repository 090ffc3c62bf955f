import type { AssignmentListener } from '../../src/consumer/record-source.ts'
import type { TopicName } from '../../src/core/ids.ts'
import { partitionText, type TopicPartition } from '../../src/core/offsets.ts'
import type { SimClock } from './sim-clock.ts'
import type { SimProcess } from './sim-process.ts'

export interface SimMember {
  readonly process: SimProcess
  readonly listener: AssignmentListener
  owned: TopicPartition[]
  /** When it was last heard of; a member that is stopped goes silent. */
  evicted: boolean
}

const SESSION_TIMEOUT_MS = 10_000
const REVOKE_BUDGET_MS = 8_000

/**
 * A consumer group with cooperative hand-over: who loses a partition is asked first and waited for, up to a budget.
 * A member that is silent for the session timeout is evicted and not told until it speaks again.
 */
export class SimGroup {
  readonly #clock: SimClock
  readonly #members: SimMember[] = []
  readonly #partitions: () => TopicPartition[]
  #rebalancing = false
  #again = false
  rebalances = 0

  constructor(clock: SimClock, partitions: () => TopicPartition[]) {
    this.#clock = clock
    this.#partitions = partitions
    this.#watch()
  }

  join(process: SimProcess, listener: AssignmentListener): SimMember {
    const member: SimMember = { process, listener, owned: [], evicted: false }
    this.#members.push(member)
    this.rebalance()
    return member
  }

  async leave(member: SimMember): Promise<void> {
    const { owned } = member
    if (owned.length > 0) await member.listener.revoked(owned)
    this.#remove(member)
    this.rebalance()
  }

  /** Starts a hand-over towards an even assignment; a second call while one runs makes it run again. */
  rebalance(): void {
    if (this.#rebalancing) {
      this.#again = true
      return
    }
    this.#rebalancing = true
    void this.#handOver().finally(() => {
      this.#rebalancing = false
      if (!this.#again) return
      this.#again = false
      this.rebalance()
    })
  }

  async #handOver(): Promise<void> {
    this.rebalances++
    const members = this.#members.filter(({ evicted, process }) => !evicted && !process.dead)
    const targets = new Map(members.map((member) => [member, [] as TopicPartition[]]))
    this.#partitions().forEach((partition, index) => {
      const member = members[(index + this.rebalances) % Math.max(1, members.length)]
      if (member !== undefined) targets.get(member)?.push(partition)
    })
    await Promise.all(
      [...targets].map(async ([member, target]) => {
        const wanted = new Set(target.map(partitionText))
        const going = member.owned.filter((partition) => !wanted.has(partitionText(partition)))
        if (going.length === 0) return
        await this.#within(REVOKE_BUDGET_MS, member.listener.revoked(going))
        member.owned = member.owned.filter((partition) => wanted.has(partitionText(partition)))
      }),
    )
    for (const [member, target] of targets) {
      if (member.evicted || member.process.dead || !this.#members.includes(member)) continue
      const held = new Set(member.owned.map(partitionText))
      const coming = target.filter((partition) => !held.has(partitionText(partition)))
      member.owned = target
      if (coming.length > 0) void member.listener.assigned(coming)
    }
  }

  async #within(ms: number, work: Promise<void>): Promise<void> {
    await Promise.race([work.catch(() => undefined), this.#clock.wait(ms)])
  }

  #remove(member: SimMember): void {
    const index = this.#members.indexOf(member)
    if (index >= 0) this.#members.splice(index, 1)
    member.owned = []
  }

  /** Looks for silent members at a steady beat, as a group coordinator does. */
  #watch(): void {
    const silentSince = new Map<SimMember, number>()
    const beat = (): void => {
      for (const member of this.#members.slice()) this.#look(member, silentSince)
      this.#clock.after(1_000, beat)
    }
    this.#clock.after(1_000, beat)
  }

  #look(member: SimMember, silentSince: Map<SimMember, number>): void {
    if (!member.process.dead && !member.process.stopped) {
      silentSince.delete(member)
      if (member.evicted) this.#comeBack(member)
      return
    }
    const since = silentSince.get(member) ?? this.#clock.nowMs
    silentSince.set(member, since)
    if (this.#clock.nowMs - since < SESSION_TIMEOUT_MS || member.evicted) return
    if (member.process.dead) this.#remove(member)
    else member.evicted = true
    this.rebalance()
  }

  /** The zombie speaks again: it learns what it lost, and joins anew. */
  #comeBack(member: SimMember): void {
    const lost = member.owned
    member.owned = []
    member.evicted = false
    void member.listener.lost(lost).finally(() => {
      this.rebalance()
    })
  }

  ownersOf(topic: TopicName): number {
    return this.#members.filter(({ owned }) => owned.some((held) => held.topic === topic)).length
  }
}
