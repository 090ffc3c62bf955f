import { describe, expect, test } from 'vitest'
import {
  headroomOf,
  headroomText,
  isAtRisk,
  isShort,
  type Headroom,
} from '../../../src/cli/headroom.ts'
import type { TopicRetention } from '../../../src/consumer/record-source.ts'
import { retentionOf } from '../../../src/consumer/topic-retention.ts'
import { topicName } from '../../../src/core/ids.ts'

const NOW = 1_000_000
const DAY = { deletes: true, ms: 86_400_000, bytes: undefined }

const standing = (next: bigint | undefined, logStart = 10n, logEnd = 100n) => ({
  partition: { topic: topicName('orders'), partition: 0 },
  next,
  logStart,
  logEnd,
})

/** `null`: not known. */
interface Facts {
  readonly next: bigint | undefined
  readonly at?: number | null
  readonly retention?: TopicRetention | null
}

describe('headroom', () => {
  const DENIED = 'no permission to describe the configuration of the topic'
  const FOR_EVER = { deletes: true, ms: undefined, bytes: undefined }

  test.each<[string, Facts, Headroom]>([
    ['a ledger at the end', { next: 100n }, { kind: 'nothing-at-risk' }],
    ['a partition never begun', { next: undefined }, { kind: 'nothing-at-risk' }],
    ['a ledger below the log', { next: 9n }, { kind: 'passed' }],
    ['the first record', { next: 10n, at: NOW }, { kind: 'time', leftMs: 86_400_000 }],
    [
      'a record in the middle',
      { next: 50n, at: NOW - 1_000 },
      { kind: 'time', leftMs: 86_399_000 },
    ],
    ['a record from the future', { next: 50n, at: NOW + 5 }, { kind: 'time', leftMs: 86_400_005 }],
    [
      'a record that is due',
      { next: 50n, at: NOW - 1_500, retention: { ...DAY, ms: 500 } },
      { kind: 'time', leftMs: -1_000 },
    ],
    ['no permission', { next: 50n, retention: null }, { kind: 'unknown', why: DENIED }],
    [
      'a record that could not be read',
      { next: 50n, at: null },
      { kind: 'unknown', why: 'the record at the ledger could not be read' },
    ],
    [
      'a topic that keeps all',
      { next: 50n, retention: FOR_EVER },
      { kind: 'no-time-limit', bySize: false },
    ],
    [
      'a topic that is bounded by its size alone',
      { next: 50n, at: null, retention: { ...FOR_EVER, bytes: 1n } },
      { kind: 'no-time-limit', bySize: true },
    ],
    [
      'a topic that is compacted only',
      { next: 50n, retention: { deletes: false, ms: 1, bytes: 1n } },
      { kind: 'no-time-limit', bySize: false },
    ],
  ])('of %s', (_name, { next, at = NOW, retention = DAY }, expected) => {
    const facts = {
      standing: standing(next),
      retention: retention ?? undefined,
      timestampMs: at ?? undefined,
      nowMs: NOW,
    }
    expect(headroomOf(facts)).toEqual(expected)
  })

  test.each<[bigint | undefined, boolean]>([
    [undefined, false],
    [9n, false],
    [10n, true],
    [99n, true],
    [100n, false],
    [101n, false],
  ])('asks for the record at %s: %s', (next, expected) => {
    expect(isAtRisk(standing(next))).toBe(expected)
  })

  test.each<[string, Headroom, { ms?: number; warnMs: number }, boolean]>([
    ['under the threshold', { kind: 'time', leftMs: 999 }, { warnMs: 1_000 }, true],
    ['at the threshold', { kind: 'time', leftMs: 1_000 }, { warnMs: 1_000 }, false],
    ['due already', { kind: 'time', leftMs: -1 }, { ms: 10_000, warnMs: 1_000 }, true],
    ['above half of its own', { kind: 'time', leftMs: 500 }, { ms: 1_000, warnMs: 9_000 }, false],
    ['below half of its own', { kind: 'time', leftMs: 499 }, { ms: 1_000, warnMs: 9_000 }, true],
    ['never, if so configured', { kind: 'time', leftMs: 1 }, { ms: 10_000, warnMs: 0 }, false],
    ['passed, which is a refusal', { kind: 'passed' }, { ms: 1_000, warnMs: 1_000 }, false],
    ['not known', { kind: 'unknown', why: '' }, { ms: 1_000, warnMs: 1_000 }, false],
    ['without limit', { kind: 'no-time-limit', bySize: true }, { warnMs: 1_000 }, false],
    ['caught up', { kind: 'nothing-at-risk' }, { ms: 1_000, warnMs: 1_000 }, false],
  ])('is short: %s', (_name, headroom, { ms, warnMs }, expected) => {
    expect(isShort(headroom, { deletes: true, ms, bytes: undefined }, warnMs)).toBe(expected)
  })

  test.each<[Headroom, string]>([
    [{ kind: 'nothing-at-risk' }, '-'],
    [{ kind: 'passed' }, 'passed'],
    [{ kind: 'no-time-limit', bySize: true }, 'by size'],
    [{ kind: 'no-time-limit', bySize: false }, 'no limit'],
    [{ kind: 'unknown', why: 'x' }, 'unknown'],
    [{ kind: 'time', leftMs: 0 }, 'any moment'],
    [{ kind: 'time', leftMs: -5 }, 'any moment'],
    [{ kind: 'time', leftMs: 7_200_000 }, '2 h'],
  ])('%j is shown as %s', (headroom, text) => {
    expect(headroomText(headroom)).toBe(text)
  })
})

describe('what a topic keeps', () => {
  test.each<[Record<string, string>, TopicRetention]>([
    [
      { 'cleanup.policy': 'delete', 'retention.ms': '604800000', 'retention.bytes': '-1' },
      { deletes: true, ms: 604_800_000, bytes: undefined },
    ],
    [
      { 'cleanup.policy': 'compact', 'retention.ms': '604800000', 'retention.bytes': '9' },
      { deletes: false, ms: 604_800_000, bytes: 9n },
    ],
    [
      { 'cleanup.policy': 'compact, delete', 'retention.ms': '-1', 'retention.bytes': '9' },
      { deletes: true, ms: undefined, bytes: 9n },
    ],
    [{}, { deletes: true, ms: undefined, bytes: undefined }],
  ])('%j', (configs, expected) => {
    expect(retentionOf(new Map(Object.entries(configs)))).toEqual(expected)
  })
})
