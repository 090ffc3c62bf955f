import { setTimeout } from 'node:timers/promises'
import { POINTS } from '../../src/core/points.ts'
import type { Scenario } from './scenario.ts'

const PORTION = 2_000
const QUICK = new Set(['staged', 'commit-sent', 'commit-answered', 'group-offsets'])

/** SIGKILL as the worker passes a point: the second time, where it passes it more than once in its life. */
const KILLS: readonly Scenario[] = POINTS.map((point) => {
  const count = ['assigned', 'start-committed', 'started'].includes(point) ? 1 : 2
  return {
    name: `kill-${point}`,
    what: `SIGKILL at \`${point}\``,
    rig: 'plain',
    quick: QUICK.has(point),
    play: async (stage) => {
      const worker = await stage.start('solo', { killAt: `${point}:${count}` })
      await stage.produce(PORTION)
      await stage.until('the kill', async () => {
        if (worker.process.status() !== undefined) return true
        // More to do, until it passes the point again.
        await stage.produce(40)
        return false
      })
      stage.marksFault()
      await stage.produce(PORTION)
      await stage.untilRows()
      return stage.verdict()
    },
  }
})

const DYNAMIC = '  session_timeout_ms: 3000\n  heartbeat_interval_ms: 500'

export const PROCESS_SCENARIOS: readonly Scenario[] = [
  ...KILLS,
  {
    name: 'thread-dies',
    what: 'a fault ends the encoder thread: the process says so, ends, and is started again',
    rig: 'plain',
    quick: true,
    play: async (stage) => {
      const worker = await stage.start('solo', { killAt: 'thread:6' })
      await stage.until('the end of the process', async () => {
        await stage.produce(40)
        return worker.process.status() !== undefined
      })
      stage.marksFault()
      if (!(await stage.hasLogged('ENCODER_THREAD_DIED'))) {
        throw new Error(`it did not say why: ${await worker.tail(5)}`)
      }
      await stage.produce(PORTION)
      await stage.untilRows()
      return stage.verdict()
    },
  },
  {
    name: 'zombie',
    what: 'SIGSTOP with records in hand, longer than the session time-out; then SIGCONT',
    rig: 'plain',
    quick: true,
    play: async (stage) => {
      const sleeper = await stage.start('sleeper', { kafka: DYNAMIC })
      await stage.start('other', { kafka: DYNAMIC })
      await stage.produce(PORTION)
      await stage.untilRows()
      await stage.produce(PORTION)
      sleeper.process.signal('SIGSTOP')
      stage.marksFault()
      await stage.untilRows()
      await stage.produce(PORTION)
      sleeper.process.signal('SIGCONT')
      await stage.untilRows()
      return stage.verdict()
    },
  },
  {
    name: 'storm',
    what: '2 → 4 → 1 workers, joining, leaving and killed, under load',
    rig: 'plain',
    play: async (stage) => {
      const join = async (name: string) => stage.start(name, { kafka: DYNAMIC })
      const [a, b] = [await join('a'), await join('b')]
      await stage.produce(PORTION)
      const [c, d] = [await join('c'), await join('d')]
      for (const worker of [a, d]) {
        await stage.produce(PORTION)
        await setTimeout(700)
        await worker.kill9()
        stage.marksFault()
      }
      await stage.produce(PORTION)
      for (const name of ['b', 'c', 'd']) stage.forget(name)
      await b.stop()
      await c.stop()
      await stage.produce(PORTION)
      await stage.untilRows()
      return stage.verdict()
    },
  },
]
