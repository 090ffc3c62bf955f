import type { ChunkFacts } from './column-chunk.ts'
import type { Extent } from './file-output.ts'
import { CODEC, ENCODING, PAGE_TYPE, PHYSICAL } from './format.ts'
import type { FileSchema } from './file-schema.ts'
import { writeStatistics } from './statistics.ts'
import { THRIFT_ELEMENT, ThriftWriter } from './thrift.ts'

/** A column chunk with its parts of the page index, which are written behind all row groups. */
export interface IndexedChunk {
  readonly facts: ChunkFacts
  readonly bloomFilter: Extent | undefined
  readonly columnIndex: Extent | undefined
  readonly offsetIndex: Extent
}

export interface RowGroup {
  readonly offset: number
  readonly rowCount: number
  readonly chunks: readonly IndexedChunk[]
}

export interface FooterFacts {
  readonly schema: FileSchema
  readonly rowGroups: readonly RowGroup[]
  readonly createdBy: string
  readonly keyValueMetadata: Readonly<Record<string, string>>
}

/** The version with logical types and RLE_DICTIONARY. */
const FORMAT_VERSION = 2

/** The struct `FileMetaData` of parquet.thrift. */
export function footer(facts: FooterFacts): Uint8Array {
  const { schema, rowGroups, keyValueMetadata } = facts
  const thrift = new ThriftWriter()
  thrift.int32(1, FORMAT_VERSION)
  thrift.list(2, THRIFT_ELEMENT.struct, schema.parquet.elements.length)
  thrift.elements(schema.elements)
  thrift.int64(
    3,
    rowGroups.reduce((rows, group) => rows + group.rowCount, 0),
  )
  thrift.list(4, THRIFT_ELEMENT.struct, rowGroups.length)
  rowGroups.forEach((group, ordinal) =>
    thrift.structElement(() => writeRowGroup(thrift, group, ordinal)),
  )
  const entries = Object.entries(keyValueMetadata)
  thrift.list(5, THRIFT_ELEMENT.struct, entries.length)
  for (const [key, value] of entries) {
    thrift.structElement(() => {
      thrift.binary(1, key)
      thrift.binary(2, value)
    })
  }
  thrift.binary(6, facts.createdBy)
  // The order of each column's statistics: the one that its type defines.
  thrift.list(7, THRIFT_ELEMENT.struct, schema.parquet.leaves.length)
  for (let index = 0; index < schema.parquet.leaves.length; index += 1) {
    thrift.structElement(() => thrift.struct(1, () => undefined))
  }
  return thrift.finish()
}

function writeRowGroup(
  thrift: ThriftWriter,
  { offset, rowCount, chunks }: RowGroup,
  ordinal: number,
): void {
  const sum = (size: 'compressedSize' | 'uncompressedSize'): number =>
    chunks.reduce((total, { facts }) => total + facts[size], 0)
  thrift.list(1, THRIFT_ELEMENT.struct, chunks.length)
  for (const chunk of chunks) thrift.structElement(() => writeChunk(thrift, chunk))
  thrift.int64(2, sum('uncompressedSize'))
  thrift.int64(3, rowCount)
  thrift.int64(5, offset)
  thrift.int64(6, sum('compressedSize'))
  thrift.int16(7, ordinal)
}

function writeChunk(thrift: ThriftWriter, chunk: IndexedChunk): void {
  const { columnIndex, offsetIndex } = chunk
  // The offset of a copy of this metadata at the chunk's end: there is none.
  thrift.int64(2, 0)
  thrift.struct(3, () => writeChunkMetadata(thrift, chunk))
  thrift.int64(4, offsetIndex.offset)
  thrift.int32(5, offsetIndex.length)
  thrift.int64(6, columnIndex?.offset)
  thrift.int32(7, columnIndex?.length)
}

function writeChunkMetadata(thrift: ThriftWriter, { facts, bloomFilter }: IndexedChunk): void {
  const { leaf, encodings, pages, dictionaryPage } = facts
  thrift.int32(1, PHYSICAL[leaf.storage.physical])
  thrift.list(2, THRIFT_ELEMENT.int32, encodings.length)
  for (const encoding of encodings) thrift.intElement(ENCODING[encoding])
  thrift.list(3, THRIFT_ELEMENT.binary, leaf.path.length)
  for (const name of leaf.path) thrift.binaryElement(name)
  thrift.int32(4, CODEC[facts.codec])
  thrift.int64(5, facts.entryCount)
  thrift.int64(6, facts.uncompressedSize)
  thrift.int64(7, facts.compressedSize)
  thrift.int64(9, pages[0]?.offset)
  thrift.int64(11, dictionaryPage?.offset)
  writeStatistics(thrift, 12, facts)
  writeEncodingStats(thrift, facts)
  thrift.int64(14, bloomFilter?.offset)
  thrift.int32(15, bloomFilter?.length)
}

/** How many pages have which encoding: it tells a reader that a dictionary holds all values of the chunk. */
function writeEncodingStats(
  thrift: ThriftWriter,
  { encodings, pages, dictionaryPage }: ChunkFacts,
): void {
  const stats = [
    { type: PAGE_TYPE.DATA, encoding: encodings.at(-1) ?? 'PLAIN', count: pages.length },
  ]
  const dictionary = { type: PAGE_TYPE.DICTIONARY, encoding: 'PLAIN', count: 1 } as const
  const all = dictionaryPage === undefined ? stats : [dictionary, ...stats]
  thrift.list(13, THRIFT_ELEMENT.struct, all.length)
  for (const { type, encoding, count } of all) {
    thrift.structElement(() => {
      thrift.int32(1, type)
      thrift.int32(2, ENCODING[encoding])
      thrift.int32(3, count)
    })
  }
}
