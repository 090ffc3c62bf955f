import type { ByteWriter } from './byte-writer.ts'
import type { LeafValues } from './leaf-values.ts'

/**
 * BYTE_STREAM_SPLIT of the values [start, end): first the lowest byte of each, then the next of each, and so on. It
 * saves nothing itself; signs and exponents that are alike compress better side by side.
 */
export function writeByteStreamSplit(
  out: ByteWriter,
  { words, width }: LeafValues,
  { start, end }: { readonly start: number; readonly end: number },
): void {
  const count = end - start
  out.reserve(count * width)
  const source = new Uint8Array(words.buffer, words.byteOffset + start * width, count * width)
  const { bytes } = out
  let to = out.length
  for (let stream = 0; stream < width; stream += 1) {
    for (let at = stream; at < source.length; at += width) bytes[to++] = source[at] ?? 0
  }
  out.length = to
}
