import { KAFKA } from './kafka-errors.ts'

/**
 * Being in a group, as a pure machine. The two protocols differ in their requests; what an answer means differs in
 * the rows that say so.
 *
 *   joining ──ok──► syncing ──ok──► steady          classic: JoinGroup, SyncGroup, Heartbeat
 *      ▲               │              │
 *      └── rebalance, let-go, topics-changed, lost ─┘
 *   joining ──ok──► steady                          consumer (KIP-848): ConsumerGroupHeartbeat
 *
 *   any ──leave──► left      any ──refused──► failed
 */
export const PHASES = ['joining', 'syncing', 'steady', 'left', 'failed'] as const

export type Phase = (typeof PHASES)[number]

export type GroupProtocol = 'classic' | 'consumer'

/**
 * What an error code of a group request means, whatever the request.
 *
 * - `rebalance`: join again, keeping what is held.
 * - `unknown-member`: the coordinator does not know this member; what it held is somebody else's.
 * - `stale-member`: the member is known, its generation or epoch is over.
 * - `member-id-required`: join again with the id that came with the answer.
 * - `unreleased-instance`: the static member's former process is still in the group.
 * - `fenced-instance`: another process has taken over this static member.
 * - `moved`: the coordinator is elsewhere, or not ready.
 * - `refused`: the same request would be refused again.
 */
const REPLIES = [
  'ok',
  'rebalance',
  'unknown-member',
  'stale-member',
  'member-id-required',
  'unreleased-instance',
  'fenced-instance',
  'moved',
  'refused',
] as const

export type Reply = (typeof REPLIES)[number]

/**
 * Replies, and what happens beside them.
 *
 * - `let-go`: something was let go that another member waits for (classic).
 * - `topics-changed`: topics or partitions have come or gone.
 * - `session-expired`: no answer for so long that the coordinator must have given up on us.
 */
export const EVENTS = [...REPLIES, 'let-go', 'topics-changed', 'session-expired', 'leave'] as const

export type GroupEvent = (typeof EVENTS)[number]

/** What the shell has to do, in this order. */
export type Effect =
  /** Everything held is lost. */
  | 'lose'
  /** The member id is void: the next join is a new member's. */
  | 'forget-member'
  /** Ask for the coordinator again, after a pause. */
  | 'find-coordinator'
  | 'pause'
  /** Tell the listener that it is over. */
  | 'fail'

export interface Transition {
  readonly phase: Phase
  readonly effects: readonly Effect[]
}

interface Row {
  readonly classic: (phase: Phase) => Phase
  readonly consumer: (phase: Phase) => Phase
  readonly effects: readonly Effect[]
}

const stay = (phase: Phase): Phase => phase
const joining = (): Phase => 'joining'
const steady = (): Phase => 'steady'
const left = (): Phase => 'left'
const failed = (): Phase => 'failed'

/** The consumer protocol tells topics and what was let go in its heartbeats, and knows no rebalance. */
const ROWS: Readonly<Record<GroupEvent, Row>> = {
  ok: {
    classic: (phase) => (phase === 'joining' ? 'syncing' : 'steady'),
    consumer: steady,
    effects: [],
  },
  rebalance: { classic: joining, consumer: failed, effects: [] },
  'let-go': { classic: joining, consumer: stay, effects: [] },
  'topics-changed': { classic: joining, consumer: stay, effects: [] },
  'unknown-member': {
    classic: joining,
    consumer: joining,
    effects: ['lose', 'forget-member', 'pause'],
  },
  'session-expired': {
    classic: joining,
    consumer: joining,
    effects: ['lose', 'forget-member', 'pause'],
  },
  'stale-member': { classic: joining, consumer: joining, effects: ['lose', 'pause'] },
  'member-id-required': { classic: joining, consumer: failed, effects: [] },
  'unreleased-instance': { classic: stay, consumer: stay, effects: ['pause'] },
  // The generation outlives its coordinator; a sync that it was asked for does not.
  moved: {
    classic: (phase) => (phase === 'syncing' ? 'joining' : phase),
    consumer: stay,
    effects: ['find-coordinator'],
  },
  'fenced-instance': { classic: failed, consumer: failed, effects: ['lose', 'fail'] },
  refused: { classic: failed, consumer: failed, effects: ['lose', 'fail'] },
  leave: { classic: left, consumer: left, effects: [] },
}

const FAILING: readonly Effect[] = ['lose', 'fail']

/** Total over phases and events, and pure. */
export function transition(protocol: GroupProtocol, phase: Phase, event: GroupEvent): Transition {
  if (phase === 'left' || phase === 'failed') return { phase, effects: [] }
  const row = ROWS[event]
  const next = row[protocol](phase)
  return { phase: next, effects: next === 'failed' ? FAILING : row.effects }
}

const REPLY_OF: ReadonlyMap<number, Reply> = new Map([
  [KAFKA.none, 'ok'],
  [KAFKA.rebalanceInProgress, 'rebalance'],
  [KAFKA.unknownMemberId, 'unknown-member'],
  [KAFKA.groupIdNotFound, 'unknown-member'],
  [KAFKA.illegalGeneration, 'stale-member'],
  [KAFKA.fencedMemberEpoch, 'stale-member'],
  [KAFKA.staleMemberEpoch, 'stale-member'],
  [KAFKA.memberIdRequired, 'member-id-required'],
  [KAFKA.unreleasedInstanceId, 'unreleased-instance'],
  [KAFKA.fencedInstanceId, 'fenced-instance'],
  [KAFKA.coordinatorLoadInProgress, 'moved'],
  [KAFKA.coordinatorNotAvailable, 'moved'],
  [KAFKA.notCoordinator, 'moved'],
  [KAFKA.requestTimedOut, 'moved'],
  [KAFKA.unknownServerError, 'moved'],
])

/** Total over error codes: one that is not known would be refused again. */
export function replyOf(code: number): Reply {
  return REPLY_OF.get(code) ?? 'refused'
}
