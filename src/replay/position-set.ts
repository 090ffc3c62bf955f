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
    for (const [key, theirs] of other.#chunks) {
      const ours = this.#chunks.get(key) ?? new Uint8Array(CHUNK_BYTES)
      this.#chunks.set(key, ours)
      let added = 0
      for (const [index, byte] of theirs.entries()) {
        const before = ours[index] ?? 0
        added += ones(byte & ~before)
        ours[index] = before | byte
      }
      this.#size += BigInt(added)
    }
  }

  /** Those that are not in another set. */
  without(other: PositionSet): PositionSet {
    const left = new PositionSet()
    for (const [key, ours] of this.#chunks) {
      const theirs = other.#chunks.get(key)
      const chunk = ours.map((byte, index) => byte & ~(theirs?.[index] ?? 0))
      const size = chunk.reduce((sum, byte) => sum + ones(byte), 0)
      if (size === 0) continue
      left.#chunks.set(key, chunk)
      left.#size += BigInt(size)
    }
    return left
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

/** What one set has and another does not. */
export function difference(
  of: PositionSet,
  other: PositionSet,
  firstMax: number,
): PositionDifference {
  const left = of.without(other)
  const first: Position[] = []
  for (const position of left) {
    if (first.length >= firstMax) break
    first.push(position)
  }
  return { count: left.size, first }
}

/** The bits that are set in a byte. */
function ones(byte: number): number {
  let count = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1
  return count
}
