import { grownInt32 } from '../columns/growable.ts'
import type { LeafValues } from './leaf-values.ts'

const SLOTS_MIN = 4096
const FREE = -1
const LENGTH_BYTES = 4

/** Distinct byte arrays of a chunk: an open-addressed hash table over the chunk's own bytes. */
export class ByteArrayTable {
  count = 0
  /** Bytes of the entries in PLAIN encoding. */
  byteSize = 0
  private slots: Int32Array = new Int32Array(SLOTS_MIN)
  private hashes: Int32Array = new Int32Array(SLOTS_MIN)
  /** For each entry, the value that it was first seen as. */
  private firsts: Int32Array = new Int32Array(SLOTS_MIN)
  private values: LeafValues | undefined

  start(values: LeafValues): void {
    this.values = values
    this.count = 0
    this.byteSize = 0
    if (this.slots.length > SLOTS_MIN) this.slots = new Int32Array(SLOTS_MIN)
    this.slots.fill(FREE)
  }

  /** Finds or adds the values [start, end); false as soon as the entries take more than `bytesMax`. */
  add(
    ids: Int32Array,
    range: { readonly start: number; readonly end: number; readonly bytesMax: number },
  ): boolean {
    if (this.values === undefined) return false
    const { bytes, offsets } = this.values
    for (let index = range.start; index < range.end; index += 1) {
      const start = offsets[index] ?? 0
      const end = offsets[index + 1] ?? 0
      const hash = hashOf(bytes, start, end)
      const slot = this.find(hash, start, end)
      let id = this.slots[slot] ?? FREE
      if (id === FREE) {
        id = this.insert(slot, hash, index)
        if (this.byteSize > range.bytesMax) return false
      }
      ids[index] = id
    }
    return true
  }

  /** The distinct values, in bytes of their own. */
  entries(): LeafValues {
    const { values, count } = this
    const source = values?.bytes ?? Buffer.alloc(0)
    const sourceOffsets = values?.offsets ?? new Int32Array(0)
    const bytes = Buffer.allocUnsafeSlow(this.byteSize - count * LENGTH_BYTES)
    const offsets = new Int32Array(count + 1)
    let to = 0
    for (let id = 0; id < count; id += 1) {
      const first = this.firsts[id] ?? 0
      const end = sourceOffsets[first + 1] ?? 0
      for (let at = sourceOffsets[first] ?? 0; at < end; at += 1) bytes[to++] = source[at] ?? 0
      offsets[id + 1] = to
    }
    return {
      count,
      width: 0,
      bytes,
      offsets,
      words: new Int32Array(0),
      floats: new Float32Array(0),
      doubles: new Float64Array(0),
    }
  }

  /** The slot that holds the value, or the free one where it belongs. */
  private find(hash: number, start: number, end: number): number {
    const { slots, hashes, firsts } = this
    const mask = slots.length - 1
    let slot = hash & mask
    for (;;) {
      const id = slots[slot] ?? FREE
      if (id === FREE) return slot
      if (hashes[id] === hash && this.equals(firsts[id] ?? 0, start, end)) return slot
      slot = (slot + 1) & mask
    }
  }

  private equals(first: number, start: number, end: number): boolean {
    if (this.values === undefined) return false
    const { bytes, offsets } = this.values
    const from = offsets[first] ?? 0
    if ((offsets[first + 1] ?? 0) - from !== end - start) return false
    for (let at = start, other = from; at < end; at += 1, other += 1) {
      if (bytes[at] !== bytes[other]) return false
    }
    return true
  }

  private insert(slot: number, hash: number, index: number): number {
    const id = this.count
    if (id === this.firsts.length) {
      this.firsts = grownInt32(this.firsts, id * 2)
      this.hashes = grownInt32(this.hashes, id * 2)
    }
    this.firsts[id] = index
    this.hashes[id] = hash
    this.slots[slot] = id
    this.count = id + 1
    const offsets = this.values?.offsets
    this.byteSize += (offsets?.[index + 1] ?? 0) - (offsets?.[index] ?? 0) + LENGTH_BYTES
    if (this.count * 2 > this.slots.length) this.grow()
    return id
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(FREE)
    const mask = slots.length - 1
    for (let id = 0; id < this.count; id += 1) {
      let slot = (this.hashes[id] ?? 0) & mask
      while (slots[slot] !== FREE) slot = (slot + 1) & mask
      slots[slot] = id
    }
    this.slots = slots
  }
}

/** FNV-1a by byte, its high bits folded into the low ones that the table looks at. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash ^ (hash >>> 15)
}
