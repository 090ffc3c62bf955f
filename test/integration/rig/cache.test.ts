import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Artefact, ensure, isCached, placeOf } from '../../../rig/cache.ts'
import { silent } from '../../../rig/progress.ts'

/** An artefact of one small file, which counts how often it is fetched. */
function sample(options: { pins?: string[]; fail?: boolean } = {}) {
  let fetched = 0
  const artefact: Artefact = {
    name: 'sample',
    title: 'Sample',
    pins: options.pins ?? ['sample:1'],
    megabytes: 1,
    seconds: 1,
    install: async (directory) => {
      fetched += 1
      await writeFile(join(directory, 'content'), 'half')
      if (options.fail === true) throw new Error('no network')
      await writeFile(join(directory, 'content'), 'whole')
    },
  }
  return { artefact, fetched: () => fetched }
}

describe('the cache of artefacts', () => {
  let cache = ''
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'firn-rig-cache-'))
    vi.stubEnv('FIRN_RIG_CACHE', cache)
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(cache, { recursive: true })
  })

  test('fetches once, however many ask', async () => {
    const { artefact, fetched } = sample()
    const places = await Promise.all([ensure(artefact, silent), ensure(artefact, silent)])
    expect(places).toEqual([placeOf(artefact), placeOf(artefact)])
    expect(await readFile(join(places[0], 'content'), 'utf8')).toBe('whole')
    await ensure(artefact, silent)
    expect(fetched()).toBe(1)
  })

  test('keeps nothing of a fetch that failed', async () => {
    const { artefact } = sample({ fail: true })
    await expect(ensure(artefact, silent)).rejects.toThrow('no network')
    expect(isCached(artefact)).toBe(false)
    expect(await readdir(cache)).toEqual([])
    await ensure(sample().artefact, silent)
    expect(isCached(artefact)).toBe(true)
  })

  test('keeps other versions apart', async () => {
    const one = await ensure(sample({ pins: ['sample:1'] }).artefact, silent)
    const two = await ensure(sample({ pins: ['sample:2'] }).artefact, silent)
    expect(one).not.toBe(two)
  })

  test('takes over from a process that died while it fetched', async () => {
    const { artefact, fetched } = sample()
    const dead = spawn('true')
    await once(dead, 'exit')
    await writeFile(`${placeOf(artefact)}.lock`, JSON.stringify({ pid: dead.pid, id: 'x' }))
    await ensure(artefact, silent)
    expect(fetched()).toBe(1)
    expect(await readdir(cache)).toHaveLength(1)
  })

  test('waits for another process that is fetching, and says so', async () => {
    const { artefact, fetched } = sample()
    const lock = `${placeOf(artefact)}.lock`
    await writeFile(lock, JSON.stringify({ pid: process.pid, id: 'another' }))
    const { promise: waiting, resolve } = Promise.withResolvers<string>()
    const place = ensure(artefact, { line: resolve })
    expect(await waiting).toContain('another process is fetching it')
    expect(fetched()).toBe(0)
    await rm(lock)
    await place
    expect(fetched()).toBe(1)
  })
})
