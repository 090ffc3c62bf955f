import { crc32 } from 'node:zlib'
import { release } from '../core/release.ts'
import type { FileOutput } from './file-output.ts'
import { ENCODING, type Encoding, PAGE_TYPE } from './format.ts'
import { ThriftWriter } from './thrift.ts'

/** Where a page went. */
export interface WrittenPage {
  readonly offset: number
  /** Header included. */
  readonly compressedSize: number
  readonly uncompressedSize: number
}

interface PageContent {
  /** Levels and values. */
  readonly body: Uint8Array
  /** The body in the chunk's codec: itself, where that is none. */
  readonly compressed: Uint8Array
  /** Entries of a data page, values of a dictionary page. */
  readonly count: number
  readonly encoding: Encoding
}

/** Writes pages: header, then the compressed body, with a CRC as Java's writer has. */
export class PageWriter {
  private readonly output: FileOutput
  private readonly thrift = new ThriftWriter()

  constructor(output: FileOutput) {
    this.output = output
  }

  /** Data pages are v1, levels compressed with the values: what all readers of Iceberg tables take (ADR 2). */
  data({ count, encoding, ...bytes }: PageContent): WrittenPage {
    return this.page(bytes, PAGE_TYPE.DATA, () => {
      this.thrift.struct(5, () => {
        this.thrift.int32(1, count)
        this.thrift.int32(2, ENCODING[encoding])
        this.thrift.int32(3, ENCODING.RLE)
        this.thrift.int32(4, ENCODING.RLE)
      })
    })
  }

  dictionary({ count, ...bytes }: Omit<PageContent, 'encoding'>): WrittenPage {
    return this.page(bytes, PAGE_TYPE.DICTIONARY, () => {
      this.thrift.struct(7, () => {
        this.thrift.int32(1, count)
        this.thrift.int32(2, ENCODING.PLAIN)
      })
    })
  }

  private page(
    { body, compressed }: Pick<PageContent, 'body' | 'compressed'>,
    type: number,
    writeHeader: () => void,
  ): WrittenPage {
    this.thrift.int32(1, type)
    this.thrift.int32(2, body.length)
    this.thrift.int32(3, compressed.length)
    // A 32-bit pattern, in a field that is signed.
    this.thrift.int32(4, crc32(compressed) | 0)
    writeHeader()
    const header = this.output.write(this.thrift.finish())
    const content = this.output.write(compressed)
    if (compressed !== body) release(compressed)
    return {
      offset: header.offset,
      compressedSize: header.length + content.length,
      uncompressedSize: header.length + body.length,
    }
  }
}
