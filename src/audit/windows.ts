import { PartitionMap, type PositionRange } from '../core/offsets.ts'

const BITS_PER_BYTE = 8n
/** A bitmap is addressed with 32 bits. */
const POSITIONS_MAX = 2n ** 31n

/**
 * Cuts the positions to check into windows whose bitmaps take `bytesMax` at most. Each window takes the same share of
 * every partition: files hold what was read at one time of several partitions, so that most of them fall into one
 * window and are read once. Pure.
 */
export function planWindows(
  spans: PartitionMap<PositionRange>,
  bytesMax: number,
): readonly PartitionMap<PositionRange>[] {
  const lengths = [...spans.values()].map(({ start, end }) => end - start)
  const total = lengths.reduce((sum, length) => sum + length, 0n)
  const longest = greatest(lengths)
  const perWindow = BigInt(Math.floor(bytesMax)) * BITS_PER_BYTE
  const count = greatest([1n, ceiling(total, perWindow), ceiling(longest, POSITIONS_MAX)])
  return Array.from({ length: Number(count) }, (_, index) =>
    spans.map((span) => ({
      start: cut(span, BigInt(index), count),
      end: cut(span, BigInt(index) + 1n, count),
    })),
  )
}

/** Where the `at`-th of `count` equal shares begins. */
function cut({ start, end }: PositionRange, at: bigint, count: bigint): bigint {
  return start + ((end - start) * at) / count
}

function ceiling(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}

function greatest(values: readonly bigint[]): bigint {
  return values.reduce((most, value) => (value > most ? value : most), 0n)
}
