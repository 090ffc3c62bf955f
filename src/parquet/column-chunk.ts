import type { ColumnBatch } from '../columns/column.ts'
import { required } from '../core/assert.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Chunk } from './chunk.ts'
import {
  chooseCodec,
  type ChosenCodec,
  type FirstBodies,
  sizeOf,
  uncompressed,
} from './chunk-codec.ts'
import { compress } from './compression.ts'
import { type Dictionary, dictionaryOf } from './dictionary.ts'
import { PageExtremes } from './page-extremes.ts'
import type { EncodingMemory } from './encoding-memory.ts'
import { type Extremes, merged, nanCount } from './extremes.ts'
import type { FileOutput } from './file-output.ts'
import type { Codec, Encoding } from './format.ts'
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
  /** The table's, or none where it would save too little. */
  readonly codec: Codec
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
    this.pages = new PageWriter(output)
  }

  /** `boundBytes`: how much of long text and bytes statistics keep. */
  encode(leaf: Leaf, batch: ColumnBatch, boundBytes: number): EncodedChunk {
    const { scratch } = this
    scratch.reset()
    const levels = this.memory.levels.levelsOf(leaf, batch)
    const values = leafValues(leaf, leafColumn(leaf, batch), levels, scratch)
    const dictionary = this.dictionaryFor(leaf, values)
    const encoding =
      dictionary === undefined
        ? chooseEncoding(leaf, values, { settings: this.settings, scratch })
        : 'RLE_DICTIONARY'
    const chunk: Chunk = { leaf, levels, values, dictionary, encoding, boundBytes }
    const { codec, dictionaryPage, pages } = this.writePages(chunk, batch.rowCount)
    const facts: ChunkFacts = {
      leaf,
      codec,
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

  /** The first pages are made before any is written: they decide about the codec. */
  private writePages(chunk: Chunk, rowCount: number): WrittenPages {
    const { leaf, dictionary, encoding } = chunk
    const ranges = this.rangesOf(chunk, rowCount)
    const bodies = {
      dictionary: dictionary && this.dictionaryBody(leaf, dictionary),
      page: this.pageBody(chunk, required(ranges[0], 'page')),
      pageCount: ranges.length,
    }
    const first = this.codecFor(leaf, bodies)
    const compression = { ...this.settings.compression, codec: first.codec }
    const dictionaryPage =
      bodies.dictionary &&
      this.pages.dictionary({
        body: bodies.dictionary,
        compressed: first.dictionary ?? bodies.dictionary,
        count: dictionary?.entries.count ?? 0,
      })
    const pages = ranges.map((range, index) => {
      const body = index === 0 ? bodies.page : this.pageBody(chunk, range)
      const compressed = index === 0 ? first.page : compress(body, compression)
      const count = range.entryEnd - range.entryStart
      const page = this.pages.data({ body, compressed, count, encoding })
      return this.factsOf(chunk, range, page)
    })
    return { codec: first.codec, dictionaryPage, pages }
  }

  /** Where a small chunk had nothing to save, one that is not much larger is taken to have nothing either. */
  private codecFor({ fieldId }: Leaf, bodies: FirstBodies): ChosenCodec {
    const size = sizeOf(bodies)
    if (!this.memory.wantsCodec(fieldId, size)) return uncompressed(bodies)
    const chosen = chooseCodec(bodies, this.settings.compression)
    this.memory.learnCodec(fieldId, size, chosen.codec)
    return chosen
  }

  private dictionaryFor(leaf: Leaf, values: LeafValues): Dictionary | undefined {
    if (!this.memory.wantsDictionary(leaf.fieldId)) return undefined
    const { scratch } = this
    const bytesMax = this.settings.dictionaryBytesMax
    const dictionary = dictionaryOf(leaf, values, { bytesMax, scratch })
    if (values.count > 0) this.memory.learn(leaf.fieldId, dictionary !== undefined)
    return dictionary
  }

  private dictionaryBody(leaf: Leaf, { entries }: Dictionary): Uint8Array {
    const { dictionaryBody: body } = this.scratch
    body.length = 0
    writePlain(body, leaf.storage.physical, entries, { start: 0, end: entries.count })
    return body.view()
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

  private pageBody(chunk: Chunk, range: PageRange): Uint8Array {
    const { leaf, levels, values, dictionary, encoding } = chunk
    const { body } = this.scratch
    const entries = { start: range.entryStart, end: range.entryEnd }
    const valueRange = { start: range.valueStart, end: range.valueEnd }
    body.length = 0
    if (leaf.repetitionMax > 0) writeLevels(body, levels.repetition, entries, leaf.repetitionMax)
    if (leaf.definitionMax > 0) writeLevels(body, levels.definition, entries, leaf.definitionMax)
    if (dictionary === undefined) writeValues(body, leaf, values, { ...valueRange, encoding })
    else writeIndices(body, dictionary, valueRange)
    return body.view()
  }

  private factsOf(chunk: Chunk, range: PageRange, page: WrittenPage): PageFacts {
    const entryCount = range.entryEnd - range.entryStart
    return {
      ...page,
      firstRow: range.rowStart,
      entryCount,
      nullCount: entryCount - (range.valueEnd - range.valueStart),
      extremes: this.pageExtremes.of(chunk, { start: range.valueStart, end: range.valueEnd }),
    }
  }
}

interface WrittenPages {
  readonly codec: Codec
  readonly dictionaryPage: WrittenPage | undefined
  readonly pages: readonly PageFacts[]
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
