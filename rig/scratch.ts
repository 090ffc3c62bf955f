import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hold } from './guarded.ts'

/** A folder for one rig's data and logs, removed when it is disposed of or when this process ends. */
export interface Scratch extends AsyncDisposable {
  readonly path: string
}

// Services are killed by guards of their own at the same moment: the second sweep takes what they still wrote.
const SWEEP = 'while read -r _; do :; done; rm -rf "$1"; sleep 0.5; rm -rf "$1"'

export async function createScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), 'firn-rig-'))
  const sweeper = spawn('sh', ['-c', SWEEP, 'sweep', path], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  const life = sweeper.stdin
  life.on('error', () => undefined)
  hold(sweeper, false)
  hold(life, false)
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
      life.end()
    },
  }
}
