import type { ColumnBuilder } from '../columns/column-builder.ts'

/** Copies that are written at once, ahead of the rows that they are for. */
const COPIES_AHEAD = 512

/**
 * Appends a text that hardly ever changes from row to row, as a topic's name: copies of it are laid out ahead, by a few
 * large moves, so that a row only has to say where its own ends.
 */
export class RepeatedText {
  readonly #column: ColumnBuilder
  #text: string | undefined
  #bytes = Buffer.alloc(0)
  /** The bytes of the column that the copies ahead are in. */
  #target: Uint8Array | undefined
  /** Where the next row's copy is, if no row was taken back and none came from elsewhere. */
  #next = 0
  /** Where the copies end. */
  #end = 0

  constructor(column: ColumnBuilder) {
    this.#column = column
  }

  append(text: string): void {
    const column = this.#column
    const start = column.offsets[column.length] ?? 0
    const end = start + this.#bytes.length
    const isLaidOut =
      text === this.#text &&
      start === this.#next &&
      end <= this.#end &&
      column.bytes === this.#target
    this.#next = isLaidOut ? end : this.#layOut(text, start)
    // The slot first: taking it may replace the array.
    const slot = column.takeSlot()
    column.offsets[slot + 1] = this.#next
  }

  /** Copies of the text from `start` on; answers where the first of them ends. */
  #layOut(text: string, start: number): number {
    const column = this.#column
    if (text !== this.#text) {
      this.#text = text
      this.#bytes = Buffer.from(text)
    }
    const { length } = this.#bytes
    const room = length * COPIES_AHEAD
    column.reserveBytes(room)
    this.#target = column.bytes
    this.#end = start + room
    this.#bytes.copy(column.bytes, start)
    for (let filled = length; filled > 0 && filled < room; filled *= 2) {
      column.bytes.copyWithin(start + filled, start, start + Math.min(filled, room - filled))
    }
    return start + length
  }
}
