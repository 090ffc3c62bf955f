import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { poll } from '../../../rig/environment.ts'
import { runGuarded, signalIfAlive, spawnGuarded } from '../../../rig/guarded.ts'
import { createScratch } from '../../../rig/scratch.ts'

const PARENT = fileURLToPath(import.meta.resolve('./parent.ts'))

const gone = async (pid: number): Promise<boolean> =>
  (await poll(async () => (signalIfAlive(pid, 0) ? undefined : true), { deadlineMs: 10_000 })) ===
  true

describe('a guarded process', () => {
  const left: number[] = []
  afterEach(() => {
    for (const pid of left.splice(0)) signalIfAlive(pid, 'SIGKILL')
  })

  test('gives back what it printed, its input and its status', async () => {
    const command = { program: 'sh', args: ['-c', 'cat; echo err >&2; exit 3'] }
    expect(await runGuarded(command, { input: 'in' })).toEqual({
      status: 3,
      stdout: 'in',
      stderr: 'err\n',
    })
  })

  test('is told apart from one that a signal ended', async () => {
    await using scratch = await createScratch()
    const sleeper = await spawnGuarded(
      { program: 'sleep', args: ['60'] },
      join(scratch.path, 'sleep.log'),
    )
    sleeper.signal('SIGTERM')
    expect(await sleeper.exited).toBe(128 + 15)
    expect(sleeper.status()).toBe(128 + 15)
  })

  test('takes what it started with it', async () => {
    const { stderr } = await runGuarded({
      program: 'sh',
      args: ['-c', 'sleep 60 >/dev/null 2>&1 & echo $! >&2'],
    })
    left.push(Number(stderr))
    expect(await gone(Number(stderr))).toBe(true)
  })

  test.for(['SIGKILL', 'SIGTERM'] as const)(
    'and its scratch are gone after the process that asked for it got %s',
    async (signal) => {
      const parent = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] })
      const said: unknown[] = await once(createInterface({ input: parent.stdout }), 'line')
      const told = JSON.parse(String(said[0])) as { scratch: string; pids: number[] }
      left.push(...told.pids)
      expect(told.pids.map((pid) => signalIfAlive(pid, 0))).toEqual([true, true])
      expect(existsSync(join(told.scratch, 'a', 'b'))).toBe(true)
      parent.kill(signal)
      expect(await Promise.all(told.pids.map(gone))).toEqual([true, true])
      const removed = await poll(async () => (existsSync(told.scratch) ? undefined : true), {
        deadlineMs: 10_000,
      })
      expect(removed).toBe(true)
    },
  )
})
