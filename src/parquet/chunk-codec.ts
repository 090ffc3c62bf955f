import { compress, type Compression } from './compression.ts'
import type { Codec } from './format.ts'

/** Compression must save this part of a chunk: it costs the writer and every reader. */
const SAVING_MIN = 0.05
/** And so many bytes a page: setting a codec up costs more than fewer are worth. */
const PAGE_SAVING_MIN = 64

/** The bodies that a chunk begins with: its dictionary page, if it has one, and its first data page. */
export interface FirstBodies {
  readonly dictionary: Uint8Array | undefined
  readonly page: Uint8Array
  /** How many data pages there are. */
  readonly pageCount: number
}

/** The codec of a chunk, and the first bodies by it. */
export interface ChosenCodec {
  readonly codec: Codec
  readonly dictionary: Uint8Array | undefined
  readonly page: Uint8Array
}

/** The table's codec, or none where the first pages show that there is little to be saved. */
export function chooseCodec(bodies: FirstBodies, compression: Compression): ChosenCodec {
  const { codec } = compression
  if (codec === 'uncompressed' || sizeOf(bodies) <= savingMin(bodies)) return uncompressed(bodies)
  const dictionary = bodies.dictionary && compress(bodies.dictionary, compression)
  const page = compress(bodies.page, compression)
  const saved = sizeOf(bodies) - sizeOf({ dictionary, page, pageCount: bodies.pageCount })
  return saved < savingMin(bodies) ? uncompressed(bodies) : { codec, dictionary, page }
}

export function uncompressed({ dictionary, page }: FirstBodies): ChosenCodec {
  return { codec: 'uncompressed', dictionary, page }
}

/** Of the whole chunk, if all data pages are as large as the first. */
export function sizeOf({ dictionary, page, pageCount }: FirstBodies): number {
  return (dictionary?.length ?? 0) + page.length * pageCount
}

function savingMin(bodies: FirstBodies): number {
  const pages = bodies.pageCount + (bodies.dictionary === undefined ? 0 : 1)
  return Math.max(sizeOf(bodies) * SAVING_MIN, pages * PAGE_SAVING_MIN)
}
