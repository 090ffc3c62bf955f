import type { ColumnBatch } from '../columns/column.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Chunk } from './chunk.ts'
import { type Dictionary, dictionaryOf } from './dictionary.ts'
import { PageExtremes } from './page-extremes.ts'
import type { EncodingMemory } from './encoding-memory.ts'
import { type Extremes, merged, nanCount } from './extremes.ts'
import type { FileOutput } from './file-output.ts'
import type { Encoding } from './format.ts'
import { type LeafValues, leafValues } from './leaf-values.ts'
import { leafColumn } from './levels.ts'
import { type PageRange, pageRanges } from './page-ranges.ts'
import { PageWriter, type WrittenPage } from './page.ts'
import type { Leaf } from './parquet-schema.ts'
import { plainSize, writePlain } from './plain.ts'
import { bitWidth, writeLevels, writeRle } from './rle.ts'
import type { Scratch } from './scratch.ts'
import type { ParquetSettings } from './settings.ts'
import { chooseEncoding, writeValues } from './value-encoding.ts'

/** A data page, as the page index and the statistics need it. */
export interface PageFacts extends WrittenPage {
  readonly firstRow: number
  readonly entryCount: number
  readonly nullCount: number
  readonly extremes: Extremes | undefined
}

/** A column's part of a row group, as the footer and the metrics need it. */
export interface ChunkFacts {
  readonly leaf: Leaf
  readonly encodings: readonly Encoding[]
  readonly dictionaryPage: WrittenPage | undefined
  readonly pages: readonly PageFacts[]
  readonly entryCount: number
  readonly nullCount: number
  readonly nanCount: number
  readonly extremes: Extremes | undefined
  readonly compressedSize: number
  readonly uncompressedSize: number
}

export interface EncodedChunk {
  readonly facts: ChunkFacts
  /** For a Bloom filter: each distinct value at least once. Over memory of the batch and the scratch: good until the next chunk. */
  readonly distinctValues: LeafValues
}

/** Encodes the columns of row groups, one after another, with the same scratch memory. */
export class ChunkEncoder {
  private readonly settings: ParquetSettings
  private readonly memory: EncodingMemory
  private readonly pages: PageWriter
  private readonly scratch: Scratch
  private readonly pageExtremes = new PageExtremes()

  constructor(output: FileOutput, settings: ParquetSettings, memory: EncodingMemory) {
    this.settings = settings
    this.memory = memory
    this.scratch = memory.scratch
    this.pages = new PageWriter(output, settings.compression)
  }

  /** `boundBytes`: how much of long text and bytes statistics keep. */
  encode(leaf: Leaf, batch: ColumnBatch, boundBytes: number): EncodedChunk {
    const { scratch } = this
    scratch.reset()
    const levels = this.memory.levels.levelsOf(leaf, batch)
    const values = leafValues(leaf, leafColumn(leaf, batch), levels, scratch)
    const dictionary = this.dictionaryFor(leaf, values)
    const dictionaryPage = dictionary && this.writeDictionary(leaf, dictionary)
    const encoding =
      dictionary === undefined
        ? chooseEncoding(leaf, values, { settings: this.settings, scratch })
        : 'RLE_DICTIONARY'
    const chunk: Chunk = { leaf, levels, values, dictionary, encoding, boundBytes }
    const pages = this.rangesOf(chunk, batch.rowCount).map((range) => this.writePage(chunk, range))
    const facts: ChunkFacts = {
      leaf,
      encodings: dictionary === undefined ? ['RLE', encoding] : ['PLAIN', 'RLE', encoding],
      dictionaryPage,
      pages,
      ...totalsOf(chunk, dictionaryPage === undefined ? pages : [dictionaryPage, ...pages]),
      extremes: pages.reduce<Extremes | undefined>(
        (all, page) => merged(leaf, all, page.extremes),
        undefined,
      ),
    }
    return { facts, distinctValues: dictionary?.entries ?? values }
  }

  private dictionaryFor(leaf: Leaf, values: LeafValues): Dictionary | undefined {
    if (!this.memory.wantsDictionary(leaf.fieldId)) return undefined
    const { scratch } = this
    const bytesMax = this.settings.dictionaryBytesMax
    const dictionary = dictionaryOf(leaf, values, { bytesMax, scratch })
    if (values.count > 0) this.memory.learn(leaf.fieldId, dictionary !== undefined)
    return dictionary
  }

  private writeDictionary(leaf: Leaf, { entries }: Dictionary): WrittenPage {
    const { body } = this.scratch
    body.length = 0
    writePlain(body, leaf.storage.physical, entries, { start: 0, end: entries.count })
    return this.pages.dictionary({ body: body.view(), count: entries.count })
  }

  private rangesOf({ leaf, levels, values, dictionary }: Chunk, rowCount: number): PageRange[] {
    const { pageRows: rows, pageBytes: bytes } = this.settings
    const width = dictionary === undefined ? 0 : indexWidth(dictionary)
    return pageRanges(leaf, levels, rowCount, {
      rows,
      bytes,
      sizeOf: (range) =>
        dictionary === undefined
          ? plainSize(leaf.storage.physical, values, range)
          : ((range.end - range.start) * width) / 8,
    })
  }

  private writePage(chunk: Chunk, range: PageRange): PageFacts {
    const { leaf, levels, values, dictionary, encoding } = chunk
    const { body } = this.scratch
    const entries = { start: range.entryStart, end: range.entryEnd }
    const valueRange = { start: range.valueStart, end: range.valueEnd }
    body.length = 0
    if (leaf.repetitionMax > 0) writeLevels(body, levels.repetition, entries, leaf.repetitionMax)
    if (leaf.definitionMax > 0) writeLevels(body, levels.definition, entries, leaf.definitionMax)
    if (dictionary === undefined) writeValues(body, leaf, values, { ...valueRange, encoding })
    else writeIndices(body, dictionary, valueRange)
    const entryCount = range.entryEnd - range.entryStart
    return {
      ...this.pages.data({ body: body.view(), count: entryCount, encoding }),
      firstRow: range.rowStart,
      entryCount,
      nullCount: entryCount - (range.valueEnd - range.valueStart),
      extremes: this.pageExtremes.of(chunk, valueRange),
    }
  }
}

function writeIndices(
  body: ByteWriter,
  dictionary: Dictionary,
  range: { readonly start: number; readonly end: number },
): void {
  const width = indexWidth(dictionary)
  body.byte(width)
  writeRle(body, dictionary.ids, range, width)
}

/** Width 0, for a dictionary of one value, is allowed but rarely met by readers. */
function indexWidth({ entries }: Dictionary): number {
  return Math.max(1, bitWidth(entries.count - 1))
}

function totalsOf(
  { leaf, levels, values }: Chunk,
  pages: readonly WrittenPage[],
): Pick<
  ChunkFacts,
  'entryCount' | 'nullCount' | 'nanCount' | 'compressedSize' | 'uncompressedSize'
> {
  let compressedSize = 0
  let uncompressedSize = 0
  for (const page of pages) {
    compressedSize += page.compressedSize
    uncompressedSize += page.uncompressedSize
  }
  return {
    entryCount: levels.entryCount,
    nullCount: levels.entryCount - levels.valueCount,
    nanCount: nanCount(leaf, values),
    compressedSize,
    uncompressedSize,
  }
}
