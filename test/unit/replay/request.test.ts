import { describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import { type RangeTexts, rangeRequest } from '../../../src/replay/request.ts'

const texts = (of: Partial<RangeTexts>): RangeTexts => ({
  topic: undefined,
  partition: undefined,
  from: undefined,
  to: undefined,
  ...of,
})

function refusal(of: Partial<RangeTexts>): string {
  try {
    rangeRequest(texts(of))
  } catch (fault) {
    if (fault instanceof FirnError) return `${fault.code}: ${fault.message}`
    throw fault
  }
  return 'understood'
}

describe('what is to be replayed', () => {
  test('by offsets, of one partition', () => {
    expect(rangeRequest(texts({ topic: 'orders', partition: '3', from: '10', to: '20' }))).toEqual({
      topic: 'orders',
      partitions: [3],
      from: { kind: 'position', position: 10n },
      to: { kind: 'position', position: 20n },
    })
  })

  test.each([
    ['2026-11-22', Date.UTC(2026, 10, 22)],
    ['2026-11-22T08:30Z', Date.UTC(2026, 10, 22, 8, 30)],
    ['2026-11-22 08:30:15Z', Date.UTC(2026, 10, 22, 8, 30, 15)],
    ['2026-11-22T08:30:15.250Z', Date.UTC(2026, 10, 22, 8, 30, 15, 250)],
    ['2026-11-22T08:30+02:00', Date.UTC(2026, 10, 22, 6, 30)],
  ])('by times, of all partitions: %s', (text, timestampMs) => {
    expect(rangeRequest(texts({ from: text, to: '2100-01-01' }))).toMatchObject({
      partitions: undefined,
      from: { kind: 'time', timestampMs },
    })
  })

  test('of several partitions by times, each once', () => {
    const { partitions } = rangeRequest(
      texts({ partition: '2,0,2', from: '2026-11-22', to: '2026-11-23' }),
    )
    expect(partitions).toEqual([2, 0])
  })

  test('from a time to an offset', () => {
    expect(rangeRequest(texts({ partition: '0', from: '2026-11-22', to: '7' }))).toMatchObject({
      from: { kind: 'time' },
      to: { kind: 'position', position: 7n },
    })
  })

  test.each<[string, Partial<RangeTexts>]>([
    ['--from is missing', { to: '1', partition: '0' }],
    ['--to is missing', { from: '1', partition: '0' }],
    ['offsets are of one partition', { from: '1', to: '2' }],
    ['offsets are of one partition', { from: '1', to: '2', partition: '0,1' }],
    ['offsets are of one partition', { from: '2026-11-22', to: '2' }],
    ['--partition takes numbers, found x', { from: '1', to: '2', partition: 'x' }],
    ['--partition takes numbers, found 1,', { from: '1', to: '2', partition: '1,' }],
    ['found -1', { from: '-1', to: '2', partition: '0' }],
    ['found 2026-13-01', { from: '2026-13-01', to: '2026-12-01' }],
    // Without a zone it would be another moment on another machine.
    ['found 2026-11-22T08:00', { from: '2026-11-22T08:00', to: '2026-12-01' }],
    ['found yesterday', { from: 'yesterday', to: '2026-12-01' }],
  ])('is refused: %s', (message, of) => {
    expect(refusal(of)).toMatch(/^USAGE: /)
    expect(refusal(of)).toContain(message)
  })
})
