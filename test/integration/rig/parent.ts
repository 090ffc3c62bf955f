import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnGuarded } from '../../../rig/guarded.ts'
import { createScratch } from '../../../rig/scratch.ts'

/** What a test is to the rig: starts two processes, one of them hung, says so, and waits to be killed. */
const scratch = await createScratch()
await mkdir(join(scratch.path, 'a', 'b'), { recursive: true })
const log = join(scratch.path, 'sleep.log')
const one = await spawnGuarded({ program: 'sleep', args: ['600'] }, log)
const hung = await spawnGuarded({ program: 'sleep', args: ['600'] }, log)
hung.signal('SIGSTOP')
process.stdout.write(`${JSON.stringify({ scratch: scratch.path, pids: [one.pid, hung.pid] })}\n`)
await one.exited
