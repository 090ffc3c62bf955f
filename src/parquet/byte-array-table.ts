import { grownInt32 } from '../columns/growable.ts'
import { copyBytes, isSame, viewOf } from './compare-bytes.ts'
import type { LeafValues } from './leaf-values.ts'

const SLOTS_MIN = 4096
const FREE = -1
const LENGTH_BYTES = 4
/** A value of at most so many bytes is known by two words and its length; of a longer one they are a hash and its end. */
const WHOLE_BYTES = 8
/** Of an entry: its two words, its length, and where it was first seen. */
const ENTRY_WORDS = 4

const FIRST_FACTOR = 0x9e3779b1 | 0
const SECOND_FACTOR = 0x85ebca6b | 0

/** Distinct byte arrays of a chunk: an open-addressed hash table over the chunk's own bytes. */
export class ByteArrayTable {
  count = 0
  /** Bytes of the entries in PLAIN encoding. */
  byteSize = 0
  private slots: Int32Array = new Int32Array(SLOTS_MIN)
  private known: Int32Array = new Int32Array(SLOTS_MIN * ENTRY_WORDS)
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
    let id = FREE
    // The value before: in many columns it is this one again.
    let from = 0
    let before = -1
    for (let index = range.start; index < range.end; index += 1) {
      const end = offsets[index + 1] ?? 0
      const length = end - start
      let first = 0
      let second = 0
      if (length > WHOLE_BYTES) {
        if (length === before && isSame(view, start, end, from)) {
          ids[index] = id
          from = start
          start = end
          continue
        }
        first = hashOf(view, start, end)
        second = view.getInt32(end - 4, true)
      } else if (length >= 4) {
        first = view.getInt32(start, true)
        second = view.getInt32(end - 4, true)
      } else if (length > 0) {
        second = allOf(view, start, end)
      }
      const slot = this.find(first, second, start, length)
      id = this.slots[slot] ?? FREE
      if (id === FREE) {
        id = this.insert(slot, first, second, index)
        if (this.byteSize > range.bytesMax) return false
      }
      ids[index] = id
      before = length
      from = start
      start = end
    }
    return true
  }

  /** The distinct values, in bytes of their own. */
  entries(): LeafValues {
    const { view: source, known, count } = this
    const bytes = Buffer.allocUnsafeSlow(this.byteSize - count * LENGTH_BYTES)
    const target = viewOf(bytes)
    const offsets = new Int32Array(count + 1)
    let to = 0
    for (let id = 0; id < count; id += 1) {
      const at = id * ENTRY_WORDS
      const from = known[at + 3] ?? 0
      to = copyBytes(source, target, { from, stop: from + (known[at + 2] ?? 0), to })
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
  private find(first: number, second: number, start: number, length: number): number {
    const { slots, known, view } = this
    const mask = slots.length - 1
    let slot = placeOf(first, second, length) & mask
    for (;;) {
      const id = slots[slot] ?? FREE
      if (id === FREE) return slot
      const at = id * ENTRY_WORDS
      if (known[at] === first && known[at + 1] === second && known[at + 2] === length) {
        if (length <= WHOLE_BYTES) return slot
        if (isSame(view, start, start + length, known[at + 3] ?? 0)) return slot
      }
      slot = (slot + 1) & mask
    }
  }

  private insert(slot: number, first: number, second: number, index: number): number {
    const { offsets } = this
    const id = this.count
    const at = id * ENTRY_WORDS
    const start = offsets[index] ?? 0
    const length = (offsets[index + 1] ?? 0) - start
    if (at === this.known.length) this.known = grownInt32(this.known, at * 2)
    const { known } = this
    known[at] = first
    known[at + 1] = second
    known[at + 2] = length
    known[at + 3] = start
    this.slots[slot] = id
    this.count = id + 1
    this.byteSize += length + LENGTH_BYTES
    if (this.count * 2 > this.slots.length) this.grow()
    return id
  }

  private grow(): void {
    const { known } = this
    const slots = new Int32Array(this.slots.length * 2).fill(FREE)
    const mask = slots.length - 1
    for (let id = 0; id < this.count; id += 1) {
      const at = id * ENTRY_WORDS
      let slot = placeOf(known[at] ?? 0, known[at + 1] ?? 0, known[at + 2] ?? 0) & mask
      while (slots[slot] !== FREE) slot = (slot + 1) & mask
      slots[slot] = id
    }
    this.slots = slots
  }
}

/** A value of one to three bytes. */
function allOf(view: DataView, start: number, end: number): number {
  const middle = view.getUint8(start + ((end - start) >>> 1))
  return view.getUint8(start) | (middle << 8) | (view.getUint8(end - 1) << 16)
}

/** Of all but the last four bytes of a long value: eight at a step in two strands, the last ones once more in part. */
function hashOf(view: DataView, start: number, end: number): number {
  const last = end - WHOLE_BYTES
  let even = 0
  let odd = 0
  for (let at = start; at < last; at += 8) {
    even = Math.imul(even ^ view.getInt32(at, true), FIRST_FACTOR)
    odd = Math.imul(odd ^ view.getInt32(at + 4, true), SECOND_FACTOR)
    even ^= even >>> 15
    odd ^= odd >>> 13
  }
  return Math.imul(even ^ view.getInt32(last, true), FIRST_FACTOR) ^ Math.imul(odd, SECOND_FACTOR)
}

/** Multiplied and folded, as the table looks at the low bits. */
function placeOf(first: number, second: number, length: number): number {
  let hash = Math.imul(first ^ length, FIRST_FACTOR) ^ Math.imul(second, SECOND_FACTOR)
  hash = Math.imul(hash ^ (hash >>> 15), SECOND_FACTOR)
  return hash ^ (hash >>> 13)
}
