import { describe, expect, test } from 'vitest'
import { Ownership } from '../../../src/consumer/ownership.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { partitions, ScriptedListener } from './listener.ts'

const numbers = (ownership: Ownership): number[] =>
  ownership.owned.map(({ partition }) => partition)

describe('what a member holds', () => {
  test('takes and lets go of differences only', async () => {
    const listener = new ScriptedListener()
    const ownership = new Ownership(listener)
    await ownership.take(partitions(1, 2), 0)
    expect(await ownership.revokeAllBut(partitions(2, 3))).toEqual(partitions(1))
    await ownership.take(partitions(2, 3), 0)
    expect(await ownership.revokeAllBut(partitions(2, 3))).toEqual([])
    expect(listener.log.filter((line) => !line.endsWith('…'))).toEqual([
      'assigned t/1 t/2',
      'revoked t/1',
      'assigned t/3',
    ])
    expect(numbers(ownership)).toEqual([2, 3])
  })

  test('holds on to a partition until the listener has let it go', async () => {
    const listener = new ScriptedListener()
    const ownership = new Ownership(listener)
    await ownership.take(partitions(1), 0)
    const hold = Promise.withResolvers<void>()
    listener.hold = hold.promise
    const revoking = ownership.revokeAllBut([])
    await Promise.resolve()
    expect(numbers(ownership)).toEqual([1])
    hold.resolve()
    await revoking
    expect(numbers(ownership)).toEqual([])
  })

  test('tells one thing after the other, whoever asks', async () => {
    const listener = new ScriptedListener()
    const ownership = new Ownership(listener)
    await ownership.take(partitions(1, 2), 0)
    await Promise.all([
      ownership.revokeAllBut(partitions(2)),
      ownership.take(partitions(2, 3), 0),
      ownership.close(),
    ])
    expect(listener.log.slice(2)).toEqual([
      'revoked t/1…',
      'revoked t/1',
      'revoked t/2…',
      'revoked t/2',
    ])
  })

  test('takes nothing of an assignment that was lost meanwhile', async () => {
    const listener = new ScriptedListener()
    const ownership = new Ownership(listener)
    const { losses } = ownership
    await ownership.take(partitions(1, 2), losses)
    const hold = Promise.withResolvers<void>()
    listener.hold = hold.promise
    const applying = [
      ownership.revokeAllBut(partitions(2)),
      ownership.take(partitions(2, 3), losses),
    ]
    const losing = ownership.loseAll()
    hold.resolve()
    await Promise.all([...applying, losing])
    expect(numbers(ownership)).toEqual([])
    expect(listener.log).not.toContain('assigned t/3')
    expect(listener.log.at(-1)).toBe('lost t/2')
    // What comes after is a new assignment.
    await ownership.take(partitions(3), ownership.losses)
    expect(numbers(ownership)).toEqual([3])
  })

  test.each([
    [new FirnError('CATALOG_FORBIDDEN', 'no'), 'CATALOG_FORBIDDEN'],
    [new Error('a bug'), 'INTERNAL'],
  ])('a listener that fails says so itself, and holds nothing up', async (fault, code) => {
    const listener = new ScriptedListener()
    const ownership = new Ownership(listener)
    listener.hold = Promise.reject(fault)
    await ownership.take(partitions(1), 0)
    expect(listener.failure?.code).toBe(code)
    listener.hold = Promise.resolve()
    await ownership.close()
    expect(listener.log.at(-1)).toBe('revoked t/1')
  })
})
