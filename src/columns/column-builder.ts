import { assert, required } from '../core/assert.ts'
import { release } from '../core/release.ts'
import { childFields } from '../iceberg/schema.ts'
import type { NestedField } from '../iceberg/types.ts'
import { bitmapBytes, clearBit, getBit, setBits } from './bitmap.ts'
import { Column } from './column.ts'
import { grownBytes, grownCapacity, grownFloat32, grownFloat64, grownInt32 } from './growable.ts'
import { type Layout, layoutOf, widthOf } from './layout.ts'

const NO_BYTES = Buffer.alloc(0)
const NO_VIEW = viewOf(NO_BYTES)
const NO_WORDS = new Int32Array(0)
const NO_FLOATS = new Float32Array(0)
const NO_DOUBLES = new Float64Array(0)
const ALL_VALID = 0xff
const COUNTERS_PER_COLUMN = 2

/** What all columns of one builder share: the counters, and what became of the arrays. */
export class BuilderState {
  /** [0] rows; then, for each column in depth-first order, its slots and its nulls. */
  readonly counters: Int32Array
  /**
   * Counts the times that an array was replaced by a larger one: who keeps arrays must fetch them again. The bytes of text
   * and binary do not count: they grow far more often than the rest, and are nobody's to keep.
   */
  generation = 0
  allocatedBytes = 0
  private columns = 0

  constructor(columnCount: number) {
    this.counters = new Int32Array(1 + columnCount * COUNTERS_PER_COLUMN)
  }

  /** The place of the next column's counters. */
  nextCounter(): number {
    const at = 1 + this.columns * COUNTERS_PER_COLUMN
    assert(at < this.counters.length, 'the counters have room for every column')
    this.columns += 1
    return at
  }
}

/**
 * A column under construction, in Arrow's layout (see `Layout` for which arrays are in use). The arrays are open to
 * compiled code, which writes slot `counters[lengthAt]` and then counts it up. Rules that it must keep:
 * - `validity` (of an optional column) is all ones ahead of the length: a valid slot needs no bit written. A null slot
 *   clears its bit and counts `counters[nullsAt]` up.
 * - `offsets[length]` is where the next value starts; a null or empty one repeats it.
 * - A null struct has a null slot in each of its children (`appendNull` of a required child leaves its slot unused);
 *   a null or empty list has none.
 * - Room must be reserved before a write: a write past the end of a typed array is lost without a word.
 */
export class ColumnBuilder {
  readonly field: NestedField
  readonly layout: Layout
  /** Bytes of a value of fixed size, else 0. */
  readonly width: number
  readonly optional: boolean
  readonly children: readonly ColumnBuilder[]
  readonly lengthAt: number
  readonly nullsAt: number
  private readonly state: BuilderState
  private readonly hasOffsets: boolean
  /** Those that take a slot when this one does: itself, and all within structs. */
  private readonly slotted: readonly ColumnBuilder[]
  /** Slots that there is room for. */
  capacity = 0
  validity: Buffer = NO_BYTES
  offsets: Int32Array = NO_WORDS
  words: Int32Array = NO_WORDS
  floats: Float32Array = NO_FLOATS
  doubles: Float64Array = NO_DOUBLES
  bytes: Buffer = NO_BYTES
  /** Over `bytes`. */
  bytesView: DataView = NO_VIEW

  constructor(field: NestedField, state: BuilderState) {
    this.field = field
    this.layout = layoutOf(field)
    this.width = widthOf(field)
    this.optional = !field.required
    this.state = state
    this.lengthAt = state.nextCounter()
    this.nullsAt = this.lengthAt + 1
    this.children = childFields(field.type).map((child) => new ColumnBuilder(child, state))
    this.hasOffsets = this.layout === 'bytes' || this.layout === 'list' || this.layout === 'map'
    const within = this.layout === 'struct' ? this.children : []
    this.slotted = [this, ...within.flatMap(({ slotted }) => slotted)]
    this.drop()
  }

  get length(): number {
    return this.state.counters[this.lengthAt] ?? 0
  }

  get nullCount(): number {
    return this.state.counters[this.nullsAt] ?? 0
  }

  /** A child: a struct's field by its place, a list's elements (0), a map's keys (0) and values (1). */
  child(index: number): ColumnBuilder {
    return required(this.children[index], 'child column')
  }

  /** Makes room for more slots, in a struct's children too; not in a list's, whose number is not known ahead. */
  reserve(slots: number): void {
    const needed = this.length + slots
    if (needed > this.capacity) this.growSlots(grownCapacity(this.capacity, needed))
    if (this.layout === 'struct') for (const child of this.children) child.reserve(slots)
  }

  /** Makes room for more bytes of text or binary. */
  reserveBytes(count: number): void {
    const needed = (this.offsets[this.length] ?? 0) + count
    if (needed <= this.bytes.length) return
    this.replaceBytes(grownCapacity(this.bytes.length, needed))
  }

  /** Makes room for more elements in each child of a list or map. */
  reserveElements(count: number): void {
    for (const child of this.children) child.reserve(count)
  }

  /** The next slot, counted and with room for it, for a value that is there. */
  takeSlot(): number {
    const at = this.length
    if (at >= this.capacity) this.reserve(1)
    this.state.counters[this.lengthAt] = at + 1
    return at
  }

  /** Counts slots that were written in bulk. */
  countSlots(slots: number): void {
    this.state.counters[this.lengthAt] = this.length + slots
  }

  /** Counts nulls whose bits were cleared in bulk. */
  countNulls(nulls: number): void {
    this.state.counters[this.nullsAt] = this.nullCount + nulls
  }

  /**
   * A null slot; in a struct, one in each child as well. A required column takes one only under a null parent, where
   * the slot is never looked at.
   */
  appendNull(): void {
    this.reserve(1)
    this.fillNull()
  }

  /** Takes back the slots from `length` on, and all that lies in them; what was half done in a child, too. */
  truncate(length: number): void {
    const { layout, children } = this
    if (this.length > length) {
      if (this.optional) this.takeNullsBack(length)
      this.state.counters[this.lengthAt] = length
    }
    // The next value of a list would start where its elements ended then.
    const within = layout === 'struct' ? length : (this.offsets[length] ?? 0)
    for (let index = 0; index < children.length; index += 1) children[index]?.truncate(within)
  }

  /** Forgets all slots and keeps the arrays. The counters are the caller's to clear. */
  clear(): void {
    if (this.optional && this.nullCount > 0) setBits(this.validity, 0, this.length)
  }

  /** Gives all arrays up, as at the start. */
  drop(): void {
    this.capacity = 0
    this.validity = NO_BYTES
    this.words = NO_WORDS
    this.floats = NO_FLOATS
    this.doubles = NO_DOUBLES
    this.bytes = NO_BYTES
    this.bytesView = NO_VIEW
    this.offsets = this.hasOffsets ? new Int32Array(1) : NO_WORDS
  }

  /** Gives all arrays up and their memory back, whoever still looks at them. */
  free(): void {
    const { validity, words, floats, doubles, bytes, offsets } = this
    for (const array of [validity, words, floats, doubles, bytes, offsets]) release(array)
    this.drop()
  }

  /** Bytes in use, as Arrow counts them: of this column and those in it. */
  get byteSize(): number {
    const { length } = this
    let size = this.optional ? bitmapBytes(length) : 0
    if (this.hasOffsets) size += (length + 1) * 4
    if (this.layout === 'bytes') size += this.offsets[length] ?? 0
    else if (this.layout === 'boolean') size += bitmapBytes(length)
    else size += length * this.width
    for (const child of this.children) size += child.byteSize
    return size
  }

  /** The slots so far, over the same arrays. */
  view(): Column {
    const { length, layout, width } = this
    const dataBytes = layout === 'bytes' ? (this.offsets[length] ?? 0) : length * width
    return new Column({
      field: this.field,
      layout,
      width,
      length,
      nullCount: this.nullCount,
      validity: this.optional ? this.validity.subarray(0, bitmapBytes(length)) : NO_BYTES,
      offsets: this.hasOffsets ? this.offsets.subarray(0, length + 1) : NO_WORDS,
      words: this.words.subarray(0, (length * width) / 4),
      floats: this.floats.subarray(0, length),
      doubles: this.doubles.subarray(0, length),
      bytes: this.bytes.subarray(0, layout === 'boolean' ? bitmapBytes(length) : dataBytes),
      children: this.children.map((child) => child.view()),
    })
  }

  /** As `appendNull`, where there is room already. */
  fillNull(): void {
    const { slotted } = this
    for (let index = 0; index < slotted.length; index += 1) slotted[index]?.fillNullSlot()
  }

  private fillNullSlot(): void {
    const { counters } = this.state
    const at = counters[this.lengthAt] ?? 0
    counters[this.lengthAt] = at + 1
    if (this.optional) {
      clearBit(this.validity, at)
      counters[this.nullsAt] = (counters[this.nullsAt] ?? 0) + 1
    }
    if (this.hasOffsets) this.offsets[at + 1] = this.offsets[at] ?? 0
  }

  private takeNullsBack(length: number): void {
    let nulls = 0
    for (let slot = length; slot < this.length; slot += 1) {
      if (!getBit(this.validity, slot)) nulls += 1
    }
    if (nulls === 0) return
    setBits(this.validity, length, this.length)
    this.countNulls(-nulls)
  }

  private growSlots(capacity: number): void {
    const before = this.slotBytes
    if (this.optional) {
      const old = this.validity.length
      this.validity = grownBytes(this.validity, bitmapBytes(capacity))
      this.validity.fill(ALL_VALID, old)
    }
    if (this.hasOffsets) this.offsets = grownInt32(this.offsets, capacity + 1)
    switch (this.layout) {
      case 'int32':
      case 'int64':
      case 'decimal':
        this.words = grownInt32(this.words, (capacity * this.width) / 4)
        break
      case 'float':
        this.floats = grownFloat32(this.floats, capacity)
        break
      case 'double':
        this.doubles = grownFloat64(this.doubles, capacity)
        break
      case 'fixed':
        this.replaceBytes(capacity * this.width)
        break
      case 'boolean':
        this.replaceBytes(bitmapBytes(capacity))
        break
      default:
        break
    }
    this.capacity = capacity
    this.state.allocatedBytes += this.slotBytes - before
    this.state.generation += 1
  }

  private replaceBytes(length: number): void {
    this.state.allocatedBytes += length - this.bytes.length
    this.bytes = grownBytes(this.bytes, length)
    this.bytesView = viewOf(this.bytes)
  }

  /** Without `bytes`, which are counted where they are replaced. */
  private get slotBytes(): number {
    return (
      this.validity.byteLength +
      this.offsets.byteLength +
      this.words.byteLength +
      this.floats.byteLength +
      this.doubles.byteLength
    )
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
