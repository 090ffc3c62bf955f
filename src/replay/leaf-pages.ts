import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js'
import { readPlain } from 'hyparquet/src/plain.js'
import type {
  ColumnDecoder,
  ColumnMetaData,
  DecodedArray,
  PageHeader,
} from 'hyparquet/src/types.js'
import { DECOMPRESSORS } from '../audit/decompress.ts'
import type { FileLeaf } from './file-layout.ts'

/** One page of a leaf column: levels, and values as Parquet stores them. */
export interface LeafPage {
  readonly entryCount: number
  /** Empty where every entry is at the greatest level. */
  readonly definition: ArrayLike<number>
  /** Empty where nothing repeats. */
  readonly repetition: ArrayLike<number>
  /** Values, or places in the dictionary. */
  readonly values: DecodedArray
  readonly dictionary: DecodedArray | undefined
}

/**
 * The pages of a column chunk. The package decodes levels and values; its conversions to JavaScript's types, which
 * lose digits, and its assembly of nested values, which loses the difference between kinds of nothing, are left out.
 */
export function* leafPages(
  bytes: Uint8Array,
  leaf: FileLeaf,
  chunk: ColumnMetaData,
): Generator<LeafPage> {
  const decoder = decoderOf(leaf, chunk)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader = { view, offset: 0 }
  let dictionary: DecodedArray | undefined
  let entries = 0n
  while (entries < chunk.num_values && reader.offset < bytes.byteLength) {
    const header = parquetHeader(reader)
    const stored = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size)
    reader.offset += header.compressed_page_size
    if (header.type === 'DICTIONARY_PAGE') {
      dictionary = readDictionary(stored, header, decoder)
    } else {
      const page = readPage(stored, header, decoder)
      if (page === undefined) continue
      entries += BigInt(page.entryCount)
      yield { ...page, dictionary: page.dictionary ? dictionary : undefined }
    }
  }
  if (entries !== chunk.num_values) {
    throw new RangeError(`${chunk.num_values} values were promised, and ${entries} are there`)
  }
}

function decoderOf({ element, schemaPath, path }: FileLeaf, chunk: ColumnMetaData): ColumnDecoder {
  return {
    pathInSchema: [...path],
    type: chunk.type,
    element,
    schemaPath: [...schemaPath],
    codec: chunk.codec,
    compressors: DECOMPRESSORS,
    utf8: false,
    parsers: NO_PARSERS,
  }
}

/** Never called: nothing is converted. */
const raw = (value: unknown): unknown => value
const NO_PARSERS: ColumnDecoder['parsers'] = {
  timestampFromMilliseconds: raw,
  timestampFromMicroseconds: raw,
  timestampFromNanoseconds: raw,
  dateFromDays: raw,
  stringFromBytes: raw,
  jsonFromBytes: raw,
  geometryFromBytes: raw,
  geographyFromBytes: raw,
  uuidFromBytes: raw,
}

function readDictionary(
  stored: Uint8Array,
  header: PageHeader,
  { codec, compressors, type, element }: ColumnDecoder,
): DecodedArray {
  const count = header.dictionary_page_header?.num_values ?? 0
  const page = decompressPage(stored, header.uncompressed_page_size, codec, compressors)
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  return readPlain({ view, offset: 0 }, type, count, element.type_length)
}

type ReadPage = Omit<LeafPage, 'dictionary'> & { readonly dictionary: boolean }

/** Undefined for a page that is neither of data nor a dictionary: readers pass over it. */
function readPage(
  stored: Uint8Array,
  header: PageHeader,
  decoder: ColumnDecoder,
): ReadPage | undefined {
  const { data_page_header: v1, data_page_header_v2: v2 } = header
  if (header.type === 'DATA_PAGE' && v1 !== undefined) {
    const { codec, compressors } = decoder
    const plain = decompressPage(stored, header.uncompressed_page_size, codec, compressors)
    return pageOf(v1, readDataPage(plain, v1, decoder))
  }
  if (header.type === 'DATA_PAGE_V2' && v2 !== undefined) {
    return pageOf(v2, readDataPageV2(stored, header, decoder))
  }
  return undefined
}

function pageOf(
  { num_values: entryCount, encoding }: { readonly num_values: number; readonly encoding: string },
  read: {
    readonly definitionLevels: readonly number[] | undefined
    readonly repetitionLevels: readonly number[]
    readonly dataPage: DecodedArray
  },
): ReadPage {
  return {
    entryCount,
    definition: read.definitionLevels ?? [],
    repetition: read.repetitionLevels,
    values: read.dataPage,
    dictionary: encoding.endsWith('_DICTIONARY'),
  }
}
