import { grownInt32 } from '../columns/growable.ts'
import { isSame, viewOf } from './compare-bytes.ts'
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
  private offsets: Int32Array = new Int32Array(0)
  private view = viewOf(new Uint8Array(0))

  start(values: LeafValues): void {
    this.offsets = values.offsets
    this.view = viewOf(values.bytes)
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
    const { view, offsets } = this
    let start = offsets[range.start] ?? 0
    for (let index = range.start; index < range.end; index += 1) {
      const end = offsets[index + 1] ?? 0
      const hash = hashOf(view, start, end)
      const slot = this.find(hash, start, end)
      let id = this.slots[slot] ?? FREE
      if (id === FREE) {
        id = this.insert(slot, hash, index)
        if (this.byteSize > range.bytesMax) return false
      }
      ids[index] = id
      start = end
    }
    return true
  }

  /** The distinct values, in bytes of their own. */
  entries(): LeafValues {
    const { view: source, offsets: sourceOffsets, count } = this
    const bytes = Buffer.allocUnsafeSlow(this.byteSize - count * LENGTH_BYTES)
    const offsets = new Int32Array(count + 1)
    let to = 0
    for (let id = 0; id < count; id += 1) {
      const first = this.firsts[id] ?? 0
      const end = sourceOffsets[first + 1] ?? 0
      for (let at = sourceOffsets[first] ?? 0; at < end; at += 1) bytes[to++] = source.getUint8(at)
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
    const { slots, hashes } = this
    const mask = slots.length - 1
    let slot = hash & mask
    for (;;) {
      const id = slots[slot] ?? FREE
      if (id === FREE || (hashes[id] === hash && this.holds(id, start, end))) return slot
      slot = (slot + 1) & mask
    }
  }

  /** Whether an entry is the bytes [start, end). */
  private holds(id: number, start: number, end: number): boolean {
    const { view, offsets } = this
    const first = this.firsts[id] ?? 0
    const from = offsets[first] ?? 0
    return (offsets[first + 1] ?? 0) - from === end - start && isSame(view, start, end, from)
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
    const { offsets } = this
    this.byteSize += (offsets[index + 1] ?? 0) - (offsets[index] ?? 0) + LENGTH_BYTES
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

/** Four bytes at a step, the last four once more in part; multiplied and folded, as the table looks at the low bits. */
function hashOf(view: DataView, start: number, end: number): number {
  const last = end - 4
  let hash = end - start
  if (last >= start) {
    for (let at = start; at < last; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1 | 0)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash ^ view.getInt32(last, true), 0x9e3779b1 | 0)
  } else {
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0)
  return hash ^ (hash >>> 13)
}
