import type { Chunk } from './chunk.ts'
import { type Extremes, extremesOf } from './extremes.ts'

/**
 * The extremes of pages. Of text with a dictionary each distinct value is compared once a page: sorting the
 * dictionary, or comparing every value, would cost more than the encoding.
 */
export class PageExtremes {
  /** For each entry of a dictionary, the last page that it was met on; pages are numbered throughout. */
  private lastPage = new Int32Array(0)
  private picks = new Int32Array(0)
  private page = 0

  of(
    { leaf, values, dictionary, boundBytes }: Chunk,
    range: { readonly start: number; readonly end: number },
  ): Extremes | undefined {
    if (dictionary === undefined || leaf.storage.physical !== 'BYTE_ARRAY') {
      return extremesOf(leaf, values, { ...range, picks: undefined }, boundBytes)
    }
    const { entries, ids } = dictionary
    const end = this.pickDistinct(ids, range, entries.count)
    return extremesOf(leaf, entries, { start: 0, end, picks: this.picks }, boundBytes)
  }

  /** Puts the distinct ids among [start, end) into `picks`; their number. */
  private pickDistinct(
    ids: Int32Array,
    { start, end }: { readonly start: number; readonly end: number },
    entryCount: number,
  ): number {
    if (this.lastPage.length < entryCount) {
      this.lastPage = new Int32Array(entryCount * 2)
      this.picks = new Int32Array(entryCount * 2)
    }
    this.page += 1
    const { lastPage, picks, page } = this
    let count = 0
    for (let index = start; index < end && count < entryCount; index += 1) {
      const id = ids[index] ?? 0
      if (lastPage[id] === page) continue
      lastPage[id] = page
      picks[count++] = id
    }
    return count
  }
}
