import { release } from '../core/release.ts'

/** Blocks handed on are about this large: few enough to send, small enough to hold. */
const BLOCK_BYTES = 2 ** 20

/** Where bytes lie in a file. */
export interface Extent {
  readonly offset: number
  readonly length: number
}

/** Bytes of a file in their order, handed on in blocks that each own their memory, so that they can be transferred. */
export class FileOutput {
  /** Where the next byte goes, from the start of the file. */
  position = 0
  private pieces: Uint8Array[] = []
  private pieceBytes = 0
  private blocks: Uint8Array[] = []

  /** Takes bytes over: their memory may be given back at once, so that whoever wrote them cannot even ask how many they are. */
  write(bytes: Uint8Array): Extent {
    const extent = { offset: this.position, length: bytes.length }
    this.pieces.push(bytes)
    this.pieceBytes += extent.length
    this.position += extent.length
    if (this.pieceBytes >= BLOCK_BYTES) this.endBlock()
    return extent
  }

  /** Everything written since the last call. */
  take(): Uint8Array[] {
    if (this.pieceBytes > 0) this.endBlock()
    const { blocks } = this
    this.blocks = []
    return blocks
  }

  private endBlock(): void {
    const block = new Uint8Array(this.pieceBytes)
    let at = 0
    for (const piece of this.pieces) {
      block.set(piece, at)
      at += piece.length
      // A compressed page lies at the start of memory for what would not have been compressible.
      release(piece)
    }
    this.blocks.push(block)
    this.pieces = []
    this.pieceBytes = 0
  }
}
