const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/** 32-bit Murmur3, x86 variant, seed 0, as a signed integer: Iceberg's hash for buckets. Spec: Appendix B. */
export function murmur3(bytes: Uint8Array): number {
  const tail = bytes.length & ~3
  let hash = 0
  for (let at = 0; at < tail; at += 4) {
    const word =
      byteAt(bytes, at) |
      (byteAt(bytes, at + 1) << 8) |
      (byteAt(bytes, at + 2) << 16) |
      (byteAt(bytes, at + 3) << 24)
    hash = mixHash(hash, word)
  }
  let rest = 0
  for (let at = bytes.length - 1; at >= tail; at -= 1) rest = (rest << 8) | byteAt(bytes, at)
  return finish(hash ^ mixWord(rest), bytes.length)
}

/** The hash of an integer's 8 little-endian bytes. */
export function murmur3Long(value: bigint): number {
  return murmur3Words(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))
}

/** The same of an integer that lies in two words. */
export function murmur3Words(low: number, high: number): number {
  return finish(mixHash(mixHash(0, low), high), 8)
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

function mixWord(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, C1), 15), C2)
}

function mixHash(hash: number, word: number): number {
  return (Math.imul(rotateLeft(hash ^ mixWord(word), 13), 5) + 0xe6546b64) | 0
}

function finish(mixed: number, length: number): number {
  let hash = mixed ^ length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
