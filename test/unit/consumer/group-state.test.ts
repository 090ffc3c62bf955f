import { protocolErrors } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import {
  EVENTS,
  PHASES,
  replyOf,
  transition,
  type GroupEvent,
  type GroupProtocol,
  type Phase,
} from '../../../src/consumer/group-state.ts'

type Cells = Readonly<Record<GroupEvent, string>>

const LOST = 'joining lose forget-member pause'
const STALE = 'joining lose pause'
const FAILED = 'failed lose fail'

/** Every cell: the next phase, then the effects. No `Partial`: the compiler asks for what is new. */
const TABLE: Readonly<Record<GroupProtocol, Readonly<Record<Phase, Cells>>>> = {
  classic: {
    joining: {
      ok: 'syncing',
      rebalance: 'joining',
      'unknown-member': LOST,
      'stale-member': STALE,
      'member-id-required': 'joining',
      'unreleased-instance': 'joining pause',
      'fenced-instance': FAILED,
      moved: 'joining find-coordinator',
      refused: FAILED,
      'let-go': 'joining',
      'topics-changed': 'joining',
      'session-expired': LOST,
      leave: 'left',
    },
    syncing: {
      ok: 'steady',
      rebalance: 'joining',
      'unknown-member': LOST,
      'stale-member': STALE,
      'member-id-required': 'joining',
      'unreleased-instance': 'syncing pause',
      'fenced-instance': FAILED,
      moved: 'joining find-coordinator',
      refused: FAILED,
      'let-go': 'joining',
      'topics-changed': 'joining',
      'session-expired': LOST,
      leave: 'left',
    },
    steady: {
      ok: 'steady',
      rebalance: 'joining',
      'unknown-member': LOST,
      'stale-member': STALE,
      'member-id-required': 'joining',
      'unreleased-instance': 'steady pause',
      'fenced-instance': FAILED,
      moved: 'steady find-coordinator',
      refused: FAILED,
      'let-go': 'joining',
      'topics-changed': 'joining',
      'session-expired': LOST,
      leave: 'left',
    },
    left: all('left'),
    failed: all('failed'),
  },
  consumer: {
    joining: {
      ok: 'steady',
      rebalance: FAILED,
      'unknown-member': LOST,
      'stale-member': STALE,
      'member-id-required': FAILED,
      'unreleased-instance': 'joining pause',
      'fenced-instance': FAILED,
      moved: 'joining find-coordinator',
      refused: FAILED,
      'let-go': 'joining',
      'topics-changed': 'joining',
      'session-expired': LOST,
      leave: 'left',
    },
    syncing: {
      ok: 'steady',
      rebalance: FAILED,
      'unknown-member': LOST,
      'stale-member': STALE,
      'member-id-required': FAILED,
      'unreleased-instance': 'syncing pause',
      'fenced-instance': FAILED,
      moved: 'syncing find-coordinator',
      refused: FAILED,
      'let-go': 'syncing',
      'topics-changed': 'syncing',
      'session-expired': LOST,
      leave: 'left',
    },
    steady: {
      ok: 'steady',
      rebalance: FAILED,
      'unknown-member': LOST,
      'stale-member': STALE,
      'member-id-required': FAILED,
      'unreleased-instance': 'steady pause',
      'fenced-instance': FAILED,
      moved: 'steady find-coordinator',
      refused: FAILED,
      'let-go': 'steady',
      'topics-changed': 'steady',
      'session-expired': LOST,
      leave: 'left',
    },
    left: all('left'),
    failed: all('failed'),
  },
}

/** Nothing leads out of an end. */
function all(cell: string): Cells {
  return Object.fromEntries(EVENTS.map((event) => [event, cell])) as Cells
}

const PROTOCOLS = ['classic', 'consumer'] as const

describe.each(PROTOCOLS)('the %s protocol', (protocol) => {
  const cells = PHASES.flatMap((phase) =>
    EVENTS.map((event) => [phase, event, TABLE[protocol][phase][event]] as const),
  )
  test.each(cells)('%s, %s: %s', (phase, event, expected) => {
    const { phase: next, effects } = transition(protocol, phase, event)
    expect([next, ...effects].join(' ')).toBe(expected)
  })

  test('what is held is lost whenever the coordinator may have given it away', () => {
    for (const phase of ['joining', 'syncing', 'steady'] as const) {
      for (const event of EVENTS) {
        const { phase: next, effects } = transition(protocol, phase, event)
        if (next === 'failed') expect(effects).toEqual(['lose', 'fail'])
        if (effects.includes('forget-member')) expect(effects[0]).toBe('lose')
      }
    }
  })

  test('no answer leads to the same request at once: each waits, or leads on', () => {
    for (const event of [
      'unknown-member',
      'stale-member',
      'unreleased-instance',
      'moved',
    ] as const) {
      const { effects } = transition(protocol, 'joining', event)
      expect(effects.some((effect) => effect === 'pause' || effect === 'find-coordinator')).toBe(
        true,
      )
    }
  })
})

describe('error codes', () => {
  const KNOWN: Record<string, string> = {
    NONE: 'ok',
    REBALANCE_IN_PROGRESS: 'rebalance',
    UNKNOWN_MEMBER_ID: 'unknown-member',
    GROUP_ID_NOT_FOUND: 'unknown-member',
    ILLEGAL_GENERATION: 'stale-member',
    FENCED_MEMBER_EPOCH: 'stale-member',
    STALE_MEMBER_EPOCH: 'stale-member',
    MEMBER_ID_REQUIRED: 'member-id-required',
    UNRELEASED_INSTANCE_ID: 'unreleased-instance',
    FENCED_INSTANCE_ID: 'fenced-instance',
    COORDINATOR_LOAD_IN_PROGRESS: 'moved',
    COORDINATOR_NOT_AVAILABLE: 'moved',
    NOT_COORDINATOR: 'moved',
    REQUEST_TIMED_OUT: 'moved',
    UNKNOWN_SERVER_ERROR: 'moved',
  }
  test.each(Object.entries(protocolErrors))('%s', (name, { code }) => {
    expect(replyOf(code)).toBe(KNOWN[name] ?? 'refused')
  })
})
