import { randomBytes, randomUUID } from 'node:crypto'

/** Randomness, as an argument: the simulation's is a seeded generator. */
export interface Random {
  /** A number in `[0, 1)`. */
  next(): number
  /** A random (version 4) uuid in lower case. */
  uuid(): string
  /** A positive int64 of 63 random bits: for snapshot ids. */
  int63(): bigint
}

/** The machine's own source of randomness. */
export const systemRandom: Random = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  uuid: () => randomUUID(),
  int63: () => BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()),
}
