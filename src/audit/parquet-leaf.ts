import type { ColumnMetaData, DecodedArray, SchemaTree } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { DECOMPRESSORS } from './decompress.ts'

/** One column of one row group, as bytes. */
export interface LeafChunk {
  readonly meta: ColumnMetaData
  /** From the root of the file's schema to the leaf. */
  readonly schemaPath: readonly SchemaTree[]
  readonly bytes: Uint8Array
}

/** Turns a page's values, or a dictionary's, into numbers. */
export type ToNumbers = (values: DecodedArray) => ArrayLike<number>

/**
 * The values of a column without repetition, as numbers; NaN for null. A column reader for rows would make an object
 * for each value of a struct: this one makes none. They go into `target`, one for each row. Throws what a damaged file
 * makes of it.
 */
export function decodeLeaf<T extends Float64Array>(
  chunk: LeafChunk,
  target: T,
  toNumbers: ToNumbers,
): T {
  const rows = target.length
  const pages = new LeafPages(chunk, toNumbers)
  let row = 0
  for (let page = pages.next(); page !== undefined; page = pages.next()) {
    if (row + page.rows > rows) throw new RangeError('a column has more rows than its row group')
    scatter(page, target.subarray(row, row + page.rows))
    row += page.rows
  }
  if (row !== rows) throw new RangeError(`a column has ${row} rows of ${rows}`)
  return target
}

interface LeafPage {
  readonly rows: number
  readonly values: ArrayLike<number>
  /** Undefined, or empty, where no value is null. */
  readonly levels: ArrayLike<number> | undefined
  readonly levelMax: number
}

function scatter({ rows, values, levels, levelMax }: LeafPage, target: Float64Array): void {
  if (levels === undefined || levels.length === 0) {
    for (let row = 0; row < rows; row += 1) target[row] = values[row] ?? Number.NaN
    return
  }
  let at = 0
  for (let row = 0; row < rows; row += 1) {
    if (levels[row] === levelMax) {
      target[row] = values[at] ?? Number.NaN
      at += 1
    } else {
      target[row] = Number.NaN
    }
  }
}

type PageHeader = ReturnType<typeof parquetHeader>
type Decoder = Parameters<typeof readDataPage>[2]
type Decoded = ReturnType<typeof readDataPage>

class LeafPages {
  readonly #reader: { readonly view: DataView; offset: number }
  readonly #decoder: Decoder
  readonly #toNumbers: ToNumbers
  readonly #levelMax: number
  #dictionary: ArrayLike<number> = []

  constructor({ meta, schemaPath, bytes }: LeafChunk, toNumbers: ToNumbers) {
    const leaf = schemaPath.at(-1)
    if (leaf === undefined) throw new RangeError('a column without a schema')
    this.#reader = {
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      offset: 0,
    }
    this.#toNumbers = toNumbers
    this.#levelMax = schemaPath
      .slice(1)
      .filter(({ element }) => element.repetition_type !== 'REQUIRED').length
    this.#decoder = {
      pathInSchema: meta.path_in_schema,
      type: meta.type,
      element: leaf.element,
      schemaPath: [...schemaPath],
      codec: meta.codec,
      compressors: DECOMPRESSORS,
      parsers: NO_PARSERS,
    }
  }

  next(): LeafPage | undefined {
    const reader = this.#reader
    while (reader.offset < reader.view.byteLength) {
      const header = parquetHeader(reader)
      const bytes = this.#take(header.compressed_page_size)
      if (header.dictionary_page_header !== undefined) {
        this.#readDictionary(header, bytes)
      } else if (header.data_page_header !== undefined) {
        const { num_values: rows, encoding } = header.data_page_header
        const page = this.#inflate(header, bytes)
        return this.#page(
          rows,
          encoding,
          readDataPage(page, header.data_page_header, this.#decoder),
        )
      } else if (header.data_page_header_v2 !== undefined) {
        const { num_rows: rows, encoding } = header.data_page_header_v2
        return this.#page(rows, encoding, readDataPageV2(bytes, header, this.#decoder))
      }
    }
    return undefined
  }

  #take(length: number): Uint8Array {
    const { view } = this.#reader
    if (length < 0 || this.#reader.offset + length > view.byteLength) {
      throw new RangeError('a page runs beyond its column')
    }
    const bytes = new Uint8Array(view.buffer, view.byteOffset + this.#reader.offset, length)
    this.#reader.offset += length
    return bytes
  }

  #inflate(header: PageHeader, bytes: Uint8Array): Uint8Array {
    return decompressPage(bytes, header.uncompressed_page_size, this.#decoder.codec, DECOMPRESSORS)
  }

  #readDictionary(header: PageHeader, bytes: Uint8Array): void {
    const page = this.#inflate(header, bytes)
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
    const { type, element } = this.#decoder
    const count = header.dictionary_page_header?.num_values ?? 0
    const values = readPlain({ view, offset: 0 }, type, count, element.type_length)
    this.#dictionary = this.#toNumbers(values)
  }

  #page(rows: number, encoding: string, { dataPage, definitionLevels }: Decoded): LeafPage {
    const values = encoding.endsWith('_DICTIONARY')
      ? this.#looked(dataPage)
      : this.#toNumbers(dataPage)
    return { rows, values, levels: definitionLevels, levelMax: this.#levelMax }
  }

  #looked(indexes: DecodedArray): Float64Array {
    const values = new Float64Array(indexes.length)
    const dictionary = this.#dictionary
    for (let at = 0; at < values.length; at += 1) {
      values[at] = dictionary[Number(indexes[at])] ?? Number.NaN
    }
    return values
  }
}

/** Parsers make dates and texts of values; none of them is asked for here. */
const NO_PARSERS: Decoder['parsers'] = {
  timestampFromMilliseconds: (millis) => millis,
  timestampFromMicroseconds: (micros) => micros,
  timestampFromNanoseconds: (nanos) => nanos,
  dateFromDays: (days) => days,
  stringFromBytes: (bytes) => bytes,
  jsonFromBytes: (bytes) => bytes,
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
  uuidFromBytes: (bytes) => bytes,
}

const WORD = 2 ** 32

/** Integers of 32 or 64 bits. Those beyond 2^53 are not exact: no offset is. */
export function integers(values: DecodedArray): ArrayLike<number> {
  if (values instanceof Int32Array) return values
  const numbers = new Float64Array(values.length)
  if (values instanceof BigInt64Array) {
    // In halves: a bigint for each value would cost more than everything else.
    const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
    const high = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    for (let at = 0; at < numbers.length; at += 1) {
      numbers[at] = (high[2 * at + 1] ?? 0) * WORD + (low[2 * at] ?? 0)
    }
    return numbers
  }
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = Number(values[at])
  return numbers
}

/** Texts by number, in the order in which they were first met. */
export class TextNumbers {
  readonly #texts: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #decoder = new TextDecoder()

  /** @see ToNumbers */
  readonly toNumbers: ToNumbers = (values) => {
    const numbers = new Float64Array(values.length)
    for (let at = 0; at < numbers.length; at += 1) numbers[at] = this.#numberOf(values[at])
    return numbers
  }

  text(number: number): string | undefined {
    return this.#texts[number]
  }

  #numberOf(value: unknown): number {
    if (!(value instanceof Uint8Array)) throw new RangeError('a text column holds other values')
    const text = this.#decoder.decode(value)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }
}
