import { createHash } from 'node:crypto'
import type { Position } from '../core/offsets.ts'

/** Positions of one chunk: 8 KiB of bits. */
const CHUNK_BITS = 16n
const CHUNK_BYTES = 2 ** Number(CHUNK_BITS) / 8
const IN_CHUNK = (1n << CHUNK_BITS) - 1n

/** A set of positions of one partition: a bit each, in chunks where there are any. */
export class PositionSet {
  readonly #chunks = new Map<bigint, Uint8Array>()
  #size = 0n

  /** False where it is in the set already. */
  add(position: Position): boolean {
    const key = position >> CHUNK_BITS
    let chunk = this.#chunks.get(key)
    if (chunk === undefined) {
      chunk = new Uint8Array(CHUNK_BYTES)
      this.#chunks.set(key, chunk)
    }
    const bit = Number(position & IN_CHUNK)
    const byte = chunk[bit >>> 3] ?? 0
    const mask = 1 << (bit & 7)
    if ((byte & mask) !== 0) return false
    chunk[bit >>> 3] = byte | mask
    this.#size += 1n
    return true
  }

  addAll(other: PositionSet): void {
    for (const position of other) this.add(position)
  }

  has(position: Position): boolean {
    const bit = Number(position & IN_CHUNK)
    const byte = this.#chunks.get(position >> CHUNK_BITS)?.[bit >>> 3] ?? 0
    return ((byte >>> (bit & 7)) & 1) === 1
  }

  get size(): bigint {
    return this.#size
  }

  /** The same for the same positions, and for no others: the start of a SHA-256. */
  get digest(): string {
    const hash = createHash('sha256')
    for (const key of this.#keys()) {
      hash.update(`${key}:`)
      hash.update(this.#chunks.get(key) ?? new Uint8Array())
    }
    return hash.digest('hex').slice(0, 16)
  }

  /** In order. */
  *[Symbol.iterator](): Generator<Position> {
    for (const key of this.#keys()) {
      const chunk = this.#chunks.get(key) ?? new Uint8Array()
      for (const [index, byte] of chunk.entries()) {
        for (let rest = byte; rest !== 0; rest &= rest - 1) {
          const bit = 31 - Math.clz32(rest & -rest)
          yield (key << CHUNK_BITS) + BigInt(index * 8 + bit)
        }
      }
    }
  }

  #keys(): readonly bigint[] {
    return [...this.#chunks.keys()].sort((a, b) => (a < b ? -1 : 1))
  }
}

/** Positions that one set has and the other lacks: how many, and the first of them. */
export interface PositionDifference {
  readonly count: bigint
  readonly first: readonly Position[]
}

/** What `from` has and `without` does not. */
export function difference(
  from: PositionSet,
  without: PositionSet,
  firstMax: number,
): PositionDifference {
  let count = 0n
  const first: Position[] = []
  for (const position of from) {
    if (without.has(position)) continue
    count += 1n
    if (first.length < firstMax) first.push(position)
  }
  return { count, first }
}
