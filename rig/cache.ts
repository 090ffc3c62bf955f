import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { cacheDirectory, monotonicMs, poll } from './environment.ts'
import { signalIfAlive } from './guarded.ts'
import { type Progress, duration, megabytes, toStderr } from './progress.ts'
import { RigError } from './rig-error.ts'

/** Something that is fetched once, through an ordinary package client, and kept in the cache. */
export interface Artefact {
  readonly name: string
  /** What a person reads while it is fetched. */
  readonly title: string
  /** All that decides the content: exact versions. Another pin is another artefact in the cache. */
  readonly pins: readonly string[]
  /** On disk once fetched, about. */
  readonly megabytes: number
  /** On a machine with two cores and an empty cache, about. */
  readonly seconds: number
  /** Fills an empty directory. It is moved afterwards, so nothing in it may know its own path. */
  install(directory: string, progress: Progress): Promise<void>
}

/** Longer than the slowest of them takes on a slow machine. */
const WAIT_FOR_OTHER_MS = 20 * 60_000
const STAMP = '.complete'

const lockSchema = z.object({ pid: z.number(), id: z.string() })
const fetching = new Map<string, Promise<string>>()

/** Where the artefact is kept, whether or not it is there yet. */
export function placeOf(artefact: Artefact): string {
  const pins = createHash('sha256').update(artefact.pins.join('\n')).digest('hex').slice(0, 12)
  return join(cacheDirectory(), `${artefact.name}-${pins}`)
}

export function isCached(artefact: Artefact): boolean {
  return existsSync(join(placeOf(artefact), STAMP))
}

/** The artefact's directory, fetched first where it is missing. Safe among processes. */
export async function ensure(artefact: Artefact, progress: Progress = toStderr): Promise<string> {
  const place = placeOf(artefact)
  if (isCached(artefact)) return place
  const running = fetching.get(place)
  if (running !== undefined) return running
  const started = fetchOnce(artefact, place, progress).finally(() => fetching.delete(place))
  fetching.set(place, started)
  return started
}

async function fetchOnce(artefact: Artefact, place: string, progress: Progress): Promise<string> {
  await mkdir(cacheDirectory(), { recursive: true })
  const lock = `${place}.lock`
  let told = false
  const done = await poll(
    async () => {
      if (isCached(artefact)) return 'cached'
      if (await takeLock(lock)) return 'mine'
      if (!told) progress.line(`${artefact.title}: another process is fetching it, waiting`)
      told = true
      return undefined
    },
    { deadlineMs: WAIT_FOR_OTHER_MS, everyMs: 250 },
  )
  if (done === undefined) throw new RigError(`${artefact.title}: waited too long for ${lock}`)
  if (done === 'cached') return place
  try {
    if (!isCached(artefact)) await fill(artefact, place, progress)
  } finally {
    await rm(lock, { force: true })
  }
  return place
}

async function fill(artefact: Artefact, place: string, progress: Progress): Promise<void> {
  const size = megabytes(artefact.megabytes)
  progress.line(`${artefact.title}: fetching (${size}, about ${duration(artefact.seconds * 1000)})`)
  const started = monotonicMs()
  await removeRemains(place)
  const temporary = `${place}.${randomUUID()}.tmp`
  try {
    await mkdir(temporary)
    await artefact.install(temporary, progress)
    await writeFile(join(temporary, STAMP), `${artefact.pins.join('\n')}\n`)
    await rm(place, { recursive: true, force: true })
    await rename(temporary, place)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  progress.line(`${artefact.title}: ready after ${duration(monotonicMs() - started)}`)
}

/** What a process left that was killed while it fetched. */
async function removeRemains(place: string): Promise<void> {
  const names = await readdir(dirname(place))
  const remains = names.filter(
    (name) => name.startsWith(`${basename(place)}.`) && name.endsWith('.tmp'),
  )
  for (const name of remains) await rm(join(dirname(place), name), { recursive: true, force: true })
}

/**
 * The lock only saves double work: two processes that both fill a place are harmless, as the rename is atomic.
 * So the small race in taking over a dead owner's lock does not matter.
 */
async function takeLock(lock: string): Promise<boolean> {
  const own = JSON.stringify({ pid: process.pid, id: randomUUID() })
  try {
    await writeFile(lock, own, { flag: 'wx' })
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  if (await ownerIsAlive(lock)) return false
  await rm(lock, { force: true })
  return false
}

async function ownerIsAlive(lock: string): Promise<boolean> {
  const content = await readFile(lock, 'utf8').catch(() => undefined)
  // Just released, or being written this moment: look again later.
  if (content === undefined || content === '') return true
  const parsed = lockSchema.safeParse(JSON.parse(content))
  return parsed.success && signalIfAlive(parsed.data.pid, 0)
}
