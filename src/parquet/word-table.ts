import { grownInt32 } from '../columns/growable.ts'
import type { LeafValues } from './leaf-values.ts'

const SLOTS_MIN = 4096
const FREE = -1

/**
 * Distinct numbers of a chunk by their bits, of 4 or 8 bytes: an open-addressed hash table. By bits: −0 is not +0, and
 * each NaN is itself.
 */
export class WordTable {
  count = 0
  private slots: Int32Array = new Int32Array(SLOTS_MIN)
  /** Two words an entry; the second is 0 where values have one. */
  private words: Int32Array = new Int32Array(SLOTS_MIN * 2)
  private values: LeafValues | undefined

  start(values: LeafValues): void {
    this.values = values
    this.count = 0
    if (this.slots.length > SLOTS_MIN) this.slots = new Int32Array(SLOTS_MIN)
    this.slots.fill(FREE)
  }

  /** Bytes of the entries in PLAIN encoding. */
  get byteSize(): number {
    return this.count * (this.values?.width ?? 0)
  }

  /** Finds or adds the values [start, end); false as soon as the entries take more than `bytesMax`. */
  add(
    ids: Int32Array,
    range: { readonly start: number; readonly end: number; readonly bytesMax: number },
  ): boolean {
    if (this.values === undefined) return false
    const { words, width } = this.values
    const countMax = range.bytesMax / width
    const wide = width === 8
    // The value before: in many columns it is this one again.
    let id = FREE
    let lastLow = 0
    let lastHigh = 0
    for (let index = range.start; index < range.end; index += 1) {
      const low = (wide ? words[index * 2] : words[index]) ?? 0
      const high = (wide ? words[index * 2 + 1] : 0) ?? 0
      if (low !== lastLow || high !== lastHigh || id === FREE) {
        const slot = this.find(low, high)
        id = this.slots[slot] ?? FREE
        if (id === FREE) {
          id = this.insert(slot, low, high)
          if (this.count > countMax) return false
        }
        lastLow = low
        lastHigh = high
      }
      ids[index] = id
    }
    return true
  }

  /** The distinct values. */
  entries(): LeafValues {
    const { count } = this
    const width = this.values?.width ?? 0
    const words = new Int32Array((count * width) / 4)
    const step = width / 4
    for (let id = 0; id < count; id += 1) {
      words[id * step] = this.words[id * 2] ?? 0
      if (step === 2) words[id * 2 + 1] = this.words[id * 2 + 1] ?? 0
    }
    return {
      count,
      width,
      words,
      bytes: Buffer.alloc(0),
      offsets: new Int32Array(0),
      floats: new Float32Array(0),
      doubles: new Float64Array(0),
    }
  }

  /** The slot that holds the value, or the free one where it belongs. */
  private find(low: number, high: number): number {
    const { slots, words } = this
    const mask = slots.length - 1
    let slot = hashOf(low, high) & mask
    for (;;) {
      const id = slots[slot] ?? FREE
      if (id === FREE || (words[id * 2] === low && words[id * 2 + 1] === high)) return slot
      slot = (slot + 1) & mask
    }
  }

  private insert(slot: number, low: number, high: number): number {
    const id = this.count
    if (id * 2 === this.words.length) this.words = grownInt32(this.words, id * 4)
    this.words[id * 2] = low
    this.words[id * 2 + 1] = high
    this.slots[slot] = id
    this.count = id + 1
    if (this.count * 2 > this.slots.length) this.grow()
    return id
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(FREE)
    const mask = slots.length - 1
    for (let id = 0; id < this.count; id += 1) {
      let slot = hashOf(this.words[id * 2] ?? 0, this.words[id * 2 + 1] ?? 0) & mask
      while (slots[slot] !== FREE) slot = (slot + 1) & mask
      slots[slot] = id
    }
    this.slots = slots
  }
}

/** Multiplied and folded: the bits of doubles differ high up, the table looks at the low ones. */
function hashOf(low: number, high: number): number {
  let hash = Math.imul(low ^ Math.imul(high, 0x85ebca6b | 0), 0x9e3779b1 | 0)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0xc2b2ae35 | 0)
  return hash ^ (hash >>> 13)
}
