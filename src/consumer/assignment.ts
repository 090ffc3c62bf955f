import { partitionText, type TopicPartition } from '../core/offsets.ts'

/** A member as the leader of a classic group sees it. */
export interface GroupMember {
  readonly id: string
  /** What it subscribes to: workers with an older configuration may read other topics. */
  readonly topics: readonly string[]
  /** What it holds now, as it says itself. */
  readonly owned: readonly TopicPartition[]
}

/**
 * Who gets which partition: of each topic, one of the members that read it. Topics with the same readers are shared
 * out together.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitions: readonly TopicPartition[],
): ReadonlyMap<string, readonly TopicPartition[]> {
  const readersOf = (topic: string): readonly GroupMember[] =>
    members.filter(({ topics }) => topics.includes(topic))
  const shares = Map.groupBy(partitions, ({ topic }) =>
    readersOf(topic)
      .map(({ id }) => id)
      .sort()
      .join('\n'),
  )
  const assigned = new Map<string, readonly TopicPartition[]>(members.map(({ id }) => [id, []]))
  for (const own of shares.values()) {
    const [first] = own
    if (first === undefined) continue
    for (const [id, given] of shareOut(readersOf(first.topic), own)) {
      assigned.set(id, [...(assigned.get(id) ?? []), ...given])
    }
  }
  return assigned
}

/**
 * Shares partitions out among members that read all of them. Even (no two members differ by more than one), sticky
 * (what a member holds it keeps, up to its share), and cooperative: a partition that moves is given to nobody until its holder has let it go, and then a
 * second round gives it to the new one. Pure, and the same whatever the order of the members.
 */
function shareOut(
  members: readonly GroupMember[],
  partitions: readonly TopicPartition[],
): ReadonlyMap<string, readonly TopicPartition[]> {
  const ordered = [...members].sort((a, b) => (a.id < b.id ? -1 : 1))
  const holders = holdersOf(ordered, partitions)
  const targets = evenTargets(ordered, partitions, holders)
  const assigned = new Map<string, TopicPartition[]>(ordered.map(({ id }) => [id, []]))
  for (const partition of partitions) {
    const key = partitionText(partition)
    const target = targets.get(key)
    const holder = holders.get(key)
    if (target !== undefined && (holder === undefined || holder === target)) {
      assigned.get(target)?.push(partition)
    }
  }
  return assigned
}

/** Who holds each partition; of two who say so neither does: one of them has lost it without knowing. */
function holdersOf(
  members: readonly GroupMember[],
  partitions: readonly TopicPartition[],
): ReadonlyMap<string, string> {
  const existing = new Set(partitions.map(partitionText))
  const claims = new Map<string, string[]>()
  for (const { id, owned } of members) {
    for (const key of owned.map(partitionText)) claims.set(key, [...(claims.get(key) ?? []), id])
  }
  const single = [...claims].flatMap(([key, [first, second]]) =>
    first === undefined || second !== undefined || !existing.has(key)
      ? []
      : [[key, first] as const],
  )
  return new Map(single)
}

function evenTargets(
  members: readonly GroupMember[],
  partitions: readonly TopicPartition[],
  holders: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const share = Math.floor(partitions.length / Math.max(1, members.length))
  let larger = partitions.length - share * members.length
  const counts = new Map(members.map(({ id }) => [id, 0]))
  const targets = new Map<string, string>()
  const homeless: string[] = []
  for (const partition of partitions) {
    const key = partitionText(partition)
    const holder = holders.get(key)
    const count = holder === undefined ? undefined : counts.get(holder)
    const takesMore = count === share && larger > 0
    if (holder === undefined || count === undefined || (count >= share && !takesMore)) {
      homeless.push(key)
      continue
    }
    if (takesMore) larger -= 1
    counts.set(holder, count + 1)
    targets.set(key, holder)
  }
  for (const key of homeless) {
    const [least] = [...counts].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
    if (least === undefined) break
    counts.set(least[0], least[1] + 1)
    targets.set(key, least[0])
  }
  return targets
}
