/** Less is not worth the trouble. */
const BYTES_MIN = 4_096

/**
 * Gives the memory under a view back at once; whoever looks at it afterwards finds nothing. What lies outside of its
 * heap V8 frees only with the garbage that holds it, and it collects everything for every 64 MB of it: at full speed
 * that was a collection every 100 ms. Memory that others may share is left alone: of the pool of small Buffers, which is
 * `Buffer.poolSize` large, nobody has the whole.
 */
export function release({ buffer, byteLength }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < BYTES_MIN) return
  if (byteLength === buffer.byteLength || buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
