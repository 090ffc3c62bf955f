import { partitionText, type TopicPartition } from '../core/offsets.ts'

/** A member as the leader of a classic group sees it. */
export interface GroupMember {
  readonly id: string
  /** What it reads: it is given nothing else. */
  readonly topics: readonly string[]
  /** What it holds, as it says itself, and the generation in which it was given that (KIP-792). */
  readonly owned: readonly TopicPartition[]
  readonly generation: number
}

/** Who holds each partition now; `contested` where several say so. */
type Holders = ReadonlyMap<string, { readonly id: string; readonly contested: boolean }>

/**
 * Who gets which partition. Even (no two members that read the same differ by more than one), sticky (what a member
 * holds it keeps, up to its share), and cooperative: a partition that moves is given to nobody until its holder has
 * let it go, and then a second round gives it to the new one. Pure, and the same whatever the order of the members.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitions: readonly TopicPartition[],
): ReadonlyMap<string, readonly TopicPartition[]> {
  const ordered = [...members].sort((a, b) => (a.id < b.id ? -1 : 1))
  const holders = holdersOf(ordered)
  const targets = new Targets(ordered, partitions, holders).even()
  const assigned = new Map<string, TopicPartition[]>(ordered.map(({ id }) => [id, []]))
  for (const partition of partitions) {
    const key = partitionText(partition)
    const target = targets.get(key)
    const holder = holders.get(key)
    const free = holder === undefined || (!holder.contested && holder.id === target)
    if (target !== undefined && free) assigned.get(target)?.push(partition)
  }
  return assigned
}

/**
 * Of several that claim a partition the one of the newest generation holds it: the others missed that they lost it.
 * Where that does not tell, all let go first.
 */
function holdersOf(members: readonly GroupMember[]): Holders {
  const holders = new Map<string, { id: string; generation: number; contested: boolean }>()
  for (const { id, owned, generation } of members) {
    for (const key of owned.map(partitionText)) {
      const other = holders.get(key)
      if (other === undefined || generation > other.generation) {
        holders.set(key, { id, generation, contested: false })
      } else if (generation === other.generation) other.contested = true
    }
  }
  return holders
}

/** Where partitions should be, once all that move have moved. */
class Targets {
  readonly #partitions: readonly TopicPartition[]
  readonly #holders: Holders
  readonly #counts: Map<string, number>
  readonly #readers = new Map<string, readonly string[]>()
  readonly #targets = new Map<string, string>()

  constructor(
    members: readonly GroupMember[],
    partitions: readonly TopicPartition[],
    holders: Holders,
  ) {
    this.#partitions = partitions
    this.#holders = holders
    this.#counts = new Map(members.map(({ id }) => [id, 0]))
    for (const { topic } of partitions) {
      if (this.#readers.has(topic)) continue
      const readers = members.filter(({ topics }) => topics.includes(topic))
      this.#readers.set(
        topic,
        readers.map(({ id }) => id),
      )
    }
  }

  even(): ReadonlyMap<string, string> {
    for (const partition of this.#partitions) this.#keep(partition)
    for (const partition of this.#partitions) this.#place(partition)
    // Each move makes the counts more even, so that this ends.
    while (this.#partitions.map((partition) => this.#move(partition)).includes(true));
    return this.#targets
  }

  #count(id: string): number {
    return this.#counts.get(id) ?? 0
  }

  #give(key: string, id: string): void {
    const before = this.#targets.get(key)
    if (before !== undefined) this.#counts.set(before, this.#count(before) - 1)
    this.#counts.set(id, this.#count(id) + 1)
    this.#targets.set(key, id)
  }

  #keep(partition: TopicPartition): void {
    const key = partitionText(partition)
    const holder = this.#holders.get(key)
    if (holder === undefined || holder.contested) return
    if (this.#readers.get(partition.topic)?.includes(holder.id) === true) this.#give(key, holder.id)
  }

  #place(partition: TopicPartition): void {
    const key = partitionText(partition)
    const least = this.#least(partition)
    if (!this.#targets.has(key) && least !== undefined) this.#give(key, least)
  }

  #move(partition: TopicPartition): boolean {
    const key = partitionText(partition)
    const from = this.#targets.get(key)
    const least = this.#least(partition)
    if (from === undefined || least === undefined) return false
    if (this.#count(from) <= this.#count(least) + 1) return false
    this.#give(key, least)
    return true
  }

  /** The member that reads the topic and has least; the first by id of several. */
  #least({ topic }: TopicPartition): string | undefined {
    let least: string | undefined
    for (const id of this.#readers.get(topic) ?? []) {
      if (least === undefined || this.#count(id) < this.#count(least)) least = id
    }
    return least
  }
}
