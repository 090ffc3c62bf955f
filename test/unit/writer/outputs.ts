import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { expect } from 'vitest'
import type { EncodedFile, EncoderOutput } from '../../../src/writer/encoder.ts'

interface File {
  readonly rows: Record<string, unknown>[]
  readonly encoded: EncodedFile
}

/** What an encoder put out, and the files that it makes. */
export class Outputs {
  readonly all: EncoderOutput[] = []
  readonly take = (output: EncoderOutput): void => {
    this.all.push(output)
  }

  get encoded(): readonly EncodedFile[] {
    return this.all.flatMap((output) => (output.kind === 'finish' ? [output.encoded] : []))
  }

  /** Files that were begun and are not ended yet. */
  get openFiles(): number {
    const count = (kind: EncoderOutput['kind']): number =>
      this.all.filter((output) => output.kind === kind).length
    return count('open') - count('finish')
  }

  async files(): Promise<File[]> {
    const finished = this.all.flatMap((output) => (output.kind === 'finish' ? [output] : []))
    return Promise.all(
      finished.map(async ({ file, encoded }) => {
        const chunks = this.all.flatMap((output) =>
          output.kind === 'chunk' && output.file === file ? [output.bytes] : [],
        )
        const bytes = new Uint8Array(Buffer.concat(chunks))
        expect(bytes.length).toBe(encoded.sizeBytes)
        return { rows: await parquetReadObjects({ file: bytes.buffer, compressors }), encoded }
      }),
    )
  }
}
