import type { ByteWriter } from './byte-writer.ts'

/** Blocks handed on are about this large: few enough to send, small enough to hold. */
const BLOCK_BYTES = 2 ** 20

/** Where bytes lie in a file. */
export interface Extent {
  readonly offset: number
  readonly length: number
}

/**
 * Bytes of a file in their order, handed on in blocks that each own their memory, so that they can be transferred. A
 * block is put together in memory that all files of a table share: whoever writes takes everything before another does.
 */
export class FileOutput {
  /** Where the next byte goes, from the start of the file. */
  position = 0
  private readonly block: ByteWriter
  private blockBytes = 0
  private blocks: Uint8Array[] = []

  constructor(block: ByteWriter) {
    this.block = block
  }

  /** Copies the bytes. */
  write(bytes: Uint8Array): Extent {
    const extent = { offset: this.position, length: bytes.length }
    // What another file may have left there when it failed.
    if (this.blockBytes === 0) this.block.length = 0
    this.block.append(bytes)
    this.blockBytes += extent.length
    this.position += extent.length
    if (this.blockBytes >= BLOCK_BYTES) this.endBlock()
    return extent
  }

  /** Everything written since the last call. */
  take(): Uint8Array[] {
    if (this.blockBytes > 0) this.endBlock()
    const { blocks } = this
    this.blocks = []
    return blocks
  }

  private endBlock(): void {
    this.blocks.push(new Uint8Array(this.block.view()))
    this.blockBytes = 0
  }
}
