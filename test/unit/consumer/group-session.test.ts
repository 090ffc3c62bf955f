import { describe, expect, test } from 'vitest'
import {
  GroupSession,
  type MemberProtocol,
  type SessionParts,
} from '../../../src/consumer/group-session.ts'
import type { GroupProtocol, Phase } from '../../../src/consumer/group-state.ts'
import { Ownership } from '../../../src/consumer/ownership.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { SimClock } from '../../sim/sim-clock.ts'
import { partitions, ScriptedListener } from './listener.ts'

const REBALANCE = 27
const UNKNOWN_MEMBER = 25
const FENCED_INSTANCE = 82
const GROUP_AUTHORIZATION = 30
const UNAVAILABLE = new FirnError('KAFKA_UNAVAILABLE', 'nobody there')

/** Answers by script: for each phase what its next request comes to, else that all is well. */
class ScriptedProtocol implements MemberProtocol {
  readonly name: GroupProtocol = 'classic'
  readonly intervalMs = 100
  readonly turns: Phase[] = []
  readonly forgotten: string[] = []
  beats = 0
  left = false
  answer: (phase: Phase) => number | Error = () => 0
  session!: GroupSession
  readonly #clock: SimClock

  constructor(clock: SimClock) {
    this.#clock = clock
  }

  async turn(phase: Phase): Promise<void> {
    if (phase === 'steady') await this.session.rest(this.intervalMs)
    this.turns.push(this.session.phase)
    await this.#ask()
  }

  async beat(): Promise<void> {
    this.beats += 1
    await this.#ask()
  }

  async #ask(): Promise<void> {
    await this.#clock.wait(5)
    const answer = this.answer(this.session.phase)
    if (typeof answer !== 'number') throw answer
    await this.session.took({ errorCode: answer })
  }

  forget(what: 'assignment' | 'member'): void {
    this.forgotten.push(what)
  }

  async sendLeave(): Promise<void> {
    this.left = true
  }
}

function setUp() {
  const clock = new SimClock()
  const listener = new ScriptedListener()
  const ownership = new Ownership(listener)
  const found = { forgotten: 0 }
  const parts: SessionParts = {
    clock: clock.view(),
    random: systemRandom,
    log: () => undefined,
    options: { group: 'g', instanceId: 'i', sessionTimeoutMs: 3_000 },
    coordinator: {
      forget: () => {
        found.forgotten += 1
      },
    },
    ownership,
    failed: (error) => {
      listener.failed(error)
    },
  }
  const protocol = new ScriptedProtocol(clock)
  const session = new GroupSession(parts, protocol)
  protocol.session = session
  return { clock, listener, ownership, found, protocol, session }
}

const told = ({ log }: ScriptedListener): string[] => log.filter((line) => !line.endsWith('…'))

describe('a group session', () => {
  test('joins, syncs and stays', async () => {
    const { clock, protocol, session } = setUp()
    session.start()
    await clock.run(() => protocol.turns.length === 5, 10_000)
    expect(protocol.turns).toEqual(['joining', 'syncing', 'steady', 'steady', 'steady'])
  })

  test('joins again at a rebalance, keeping what it holds', async () => {
    const { clock, listener, ownership, protocol, session } = setUp()
    await ownership.take(partitions(1), 0)
    session.start()
    await clock.run(() => session.phase === 'steady', 10_000)
    protocol.answer = (phase) => (phase === 'steady' ? REBALANCE : 0)
    await clock.run(
      () => protocol.turns.filter((phase) => phase === 'joining').length === 2,
      10_000,
    )
    expect(ownership.owned).toEqual(partitions(1))
    expect(told(listener)).toEqual(['assigned t/1'])
  })

  test('loses all, and joins as a new member, when it is not known any more', async () => {
    const { clock, listener, ownership, protocol, session } = setUp()
    await ownership.take(partitions(1), 0)
    session.start()
    await clock.run(() => session.phase === 'steady', 10_000)
    let unknown = true
    protocol.answer = () => {
      const code = unknown ? UNKNOWN_MEMBER : 0
      unknown = false
      return code
    }
    await clock.run(() => session.phase === 'joining', 10_000)
    await clock.run(() => session.phase === 'steady', 10_000)
    expect(told(listener)).toEqual(['assigned t/1', 'lost t/1'])
    expect(protocol.forgotten).toEqual(['assignment', 'member'])
  })

  test('gives up what it holds after a session timeout without an answer, and goes on trying', async () => {
    const { clock, listener, ownership, found, protocol, session } = setUp()
    await ownership.take(partitions(1), 0)
    session.start()
    await clock.run(() => session.phase === 'steady', 10_000)
    protocol.answer = () => UNAVAILABLE
    expect(await clock.run(() => told(listener).includes('lost t/1'), 2_900)).toBe(false)
    expect(await clock.run(() => told(listener).includes('lost t/1'), 3_500)).toBe(true)
    expect(found.forgotten).toBeGreaterThan(1)
    const before = protocol.turns.length
    await clock.run(() => false, 60_000)
    // No faster than its greatest wait allows, on average half of it.
    expect(protocol.turns.length - before).toBeGreaterThan(20)
    expect(protocol.turns.length - before).toBeLessThan(200)
    protocol.answer = () => 0
    expect(await clock.run(() => session.phase === 'steady', 10_000)).toBe(true)
    expect(listener.failure).toBeUndefined()
  })

  test.each([
    [FENCED_INSTANCE, 'KAFKA_GROUP_FAILED', 'kafka.instance_id'],
    [GROUP_AUTHORIZATION, 'KAFKA_AUTHORIZATION', 'group g'],
    [23, 'KAFKA_GROUP_FAILED', 'kafka.group'],
  ])('error %i ends it: lost first, then failed', async (errorCode, code, help) => {
    const { clock, listener, ownership, protocol, session } = setUp()
    await ownership.take(partitions(1), 0)
    protocol.answer = () => errorCode
    session.start()
    await clock.run(() => session.phase === 'failed', 10_000)
    await clock.run(() => listener.failure !== undefined, 10_000)
    expect(told(listener)).toEqual(['assigned t/1', 'lost t/1', `failed ${code}`])
    expect(listener.failure?.help).toContain(help)
    const before = protocol.turns.length
    await clock.run(() => false, 60_000)
    expect(protocol.turns).toHaveLength(before)
    await session.leave()
    expect(protocol.left).toBe(false)
  })

  test('a fault that would come again ends it by its own name', async () => {
    const { clock, listener, protocol, session } = setUp()
    protocol.answer = () => new FirnError('KAFKA_AUTHENTICATION', 'wrong password')
    session.start()
    await clock.run(() => listener.failure !== undefined, 10_000)
    expect(listener.failure?.message).toBe('wrong password')
  })

  test('heartbeats go on while it lets go, and it leaves after that', async () => {
    const { clock, listener, ownership, protocol, session } = setUp()
    await ownership.take(partitions(1), 0)
    session.start()
    await clock.run(() => session.phase === 'steady', 10_000)
    const hold = Promise.withResolvers<void>()
    listener.hold = hold.promise
    const before = protocol.beats
    const leaving = session.leave()
    await clock.run(() => false, 2_000)
    expect(protocol.beats - before).toBeGreaterThan(15)
    expect(protocol.left).toBe(false)
    hold.resolve()
    await clock.run(() => protocol.left, 1_000)
    await leaving
    expect(told(listener).at(-1)).toBe('revoked t/1')
    const after = protocol.beats
    await clock.run(() => false, 2_000)
    expect(protocol.beats).toBe(after)
  })

  test('learns while it lets go that all is lost, and takes nothing of the old assignment', async () => {
    const { clock, listener, ownership, protocol, session } = setUp()
    await ownership.take(partitions(1, 2), 0)
    session.start()
    await clock.run(() => session.phase === 'steady', 10_000)
    const hold = Promise.withResolvers<void>()
    listener.hold = hold.promise
    const { losses } = ownership
    const applying = session.beatingDuring(
      (async () => {
        await ownership.revokeAllBut(partitions(2))
        await ownership.take(partitions(2, 3), losses)
      })(),
    )
    protocol.answer = () => UNKNOWN_MEMBER
    await clock.run(() => session.phase === 'joining', 1_000)
    hold.resolve()
    await clock.run(() => ownership.owned.length === 0, 1_000)
    expect(told(listener)).not.toContain('assigned t/3')
    expect(told(listener)).toContain('lost t/2')
    await clock.run(() => false, 3_000)
    await applying
  })
})
