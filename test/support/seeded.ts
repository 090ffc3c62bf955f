/** A generator of its own: what a test does at random can be done again. */
export interface Seeded {
  /** 0 to limit - 1. */
  below(limit: number): number
  pick<T>(of: readonly T[]): T
}

/** The seed of this run: the environment's, else another one each time. */
export function testSeed(variable: string): number {
  const given = process.env[variable] ?? ''
  return given === '' ? Math.floor(Math.random() * 2 ** 31) : Number(given)
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return {
    below,
    pick: <T>(of: readonly T[]): T => {
      const chosen = of[below(of.length)]
      if (chosen === undefined) throw new RangeError('nothing to pick from')
      return chosen
    },
  }
}
