import type { Random } from '../../src/core/random.ts'

/** A seeded generator (sfc32 over a splitmix seed): the same seed gives the same run. */
export class SimRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number | string) {
    const mix = splitmix(hash(String(seed)))
    this.#a = mix()
    this.#b = mix()
    this.#c = mix()
    for (let i = 0; i < 12; i++) this.#u32()
  }

  #u32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return t >>> 0
  }

  next(): number {
    return this.#u32() / 2 ** 32
  }

  /** An integer in `[low, high]`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)]!
  }

  uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.#u32().toString(16).padStart(8, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  int63(): bigint {
    return (BigInt(this.#u32() >>> 1) << 32n) | BigInt(this.#u32())
  }

  /** A generator of its own for a part of the run, so that parts do not shift each other's numbers. */
  fork(name: string): SimRandom {
    return new SimRandom(`${this.#u32()}/${name}`)
  }
}

function hash(text: string): number {
  let h = 2166136261
  for (const char of text) h = Math.imul(h ^ char.charCodeAt(0), 16777619)
  return h >>> 0
}

function splitmix(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) | 0
  }
}
