import { crc32 } from 'node:zlib'
import { type Compression, compress } from './compression.ts'
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
  /** Levels and values, not compressed. */
  readonly body: Uint8Array
  /** Entries of a data page, values of a dictionary page. */
  readonly count: number
  readonly encoding: Encoding
}

/** Writes pages: header, then the compressed body, with a CRC as Java's writer has. */
export class PageWriter {
  private readonly output: FileOutput
  private readonly compression: Compression
  private readonly thrift = new ThriftWriter()

  constructor(output: FileOutput, compression: Compression) {
    this.output = output
    this.compression = compression
  }

  /** Data pages are v1, levels compressed with the values: what all readers of Iceberg tables take (ADR 2). */
  data({ body, count, encoding }: PageContent): WrittenPage {
    return this.page(body, PAGE_TYPE.DATA, () => {
      this.thrift.struct(5, () => {
        this.thrift.int32(1, count)
        this.thrift.int32(2, ENCODING[encoding])
        this.thrift.int32(3, ENCODING.RLE)
        this.thrift.int32(4, ENCODING.RLE)
      })
    })
  }

  dictionary({ body, count }: Omit<PageContent, 'encoding'>): WrittenPage {
    return this.page(body, PAGE_TYPE.DICTIONARY, () => {
      this.thrift.struct(7, () => {
        this.thrift.int32(1, count)
        this.thrift.int32(2, ENCODING.PLAIN)
      })
    })
  }

  private page(body: Uint8Array, type: number, writeHeader: () => void): WrittenPage {
    const compressed = compress(body, this.compression)
    this.thrift.int32(1, type)
    this.thrift.int32(2, body.length)
    this.thrift.int32(3, compressed.length)
    // A 32-bit pattern, in a field that is signed.
    this.thrift.int32(4, crc32(compressed) | 0)
    writeHeader()
    const header = this.output.write(this.thrift.finish())
    // A body that is not compressed lies in memory that the next page is written to.
    const content = this.output.write(compressed === body ? new Uint8Array(body) : compressed)
    return {
      offset: header.offset,
      compressedSize: header.length + content.length,
      uncompressedSize: header.length + body.length,
    }
  }
}
