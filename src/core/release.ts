/**
 * Gives the memory under a view back at once; whoever looks at it afterwards finds nothing. What lies outside of its
 * heap V8 frees only with the garbage that holds it, and it collects everything for every 64 MB of it: at full speed
 * that was a collection every 100 ms. Memory that others may share, as the pool of small Buffers, is left alone.
 */
export function release({ buffer }: ArrayBufferView): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
