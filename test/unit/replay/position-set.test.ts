import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { difference, PositionSet } from '../../../src/replay/position-set.ts'

const position = fc.oneof(
  fc.bigInt({ min: 0n, max: 200_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
)

function setOf(positions: readonly bigint[]): PositionSet {
  const set = new PositionSet()
  for (const one of positions) set.add(one)
  return set
}

const inOrder = (positions: Iterable<bigint>): bigint[] =>
  [...new Set(positions)].sort((a, b) => (a < b ? -1 : 1))

describe('a set of positions', () => {
  test('holds each once, in order', () => {
    fc.assert(
      fc.property(fc.array(position), fc.array(position), (positions, others) => {
        const set = new PositionSet()
        const known = new Set<bigint>()
        for (const one of positions) {
          expect(set.add(one)).toBe(!known.has(one))
          known.add(one)
        }
        expect([...set]).toEqual(inOrder(positions))
        expect(set.size).toBe(BigInt(known.size))
        for (const one of [...positions, ...others]) expect(set.has(one)).toBe(known.has(one))
      }),
    )
  })

  test('has a digest that tells sets apart, whatever the order of adding', () => {
    fc.assert(
      fc.property(fc.array(position), fc.array(position), (left, right) => {
        const same = inOrder(left).join() === inOrder(right).join()
        expect(setOf(left).digest === setOf(right).digest).toBe(same)
        expect(setOf(left.toReversed()).digest).toBe(setOf(left).digest)
      }),
    )
  })

  test('differs from another by what it has and the other lacks', () => {
    fc.assert(
      fc.property(fc.array(position), fc.array(position), (left, right) => {
        const lacking = inOrder(left).filter((one) => !right.includes(one))
        expect(difference(setOf(left), setOf(right), 3)).toEqual({
          count: BigInt(lacking.length),
          first: lacking.slice(0, 3),
        })
        const both = setOf(left)
        both.addAll(setOf(right))
        expect([...both]).toEqual(inOrder([...left, ...right]))
      }),
    )
  })
})
