import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { bundle, type Bundle } from '../../scripts/bundle.ts'
import { thirdParties, type ThirdParty, thirdPartyText } from '../../scripts/third-party.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
// In the repository: what is not bundled is found in its node_modules.
const CACHE = join(ROOT, '.cache')

let folder: string
let built: Bundle

beforeAll(async () => {
  mkdirSync(CACHE, { recursive: true })
  folder = mkdtempSync(join(CACHE, 'build-'))
  built = await bundle(join(folder, 'dist'))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function firn(...argv: string[]): Promise<string> {
  const main = join(folder, 'dist', 'main.js')
  return (await run(process.execPath, [main, ...argv])).stdout
}

describe('what is built', () => {
  test('says its version and explains each verb: all its files can be loaded', async () => {
    expect(await firn('--version')).toBe(`firn ${manifest.version}\n`)
    const overview = await firn('--help')
    const names = [...overview.matchAll(/^ {2}((?:ledger )?[a-z-]+)/gm)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) {
      expect(await firn(...(name ?? '').split(' '), '--help')).toContain(`usage: firn ${name}`)
    }
  })

  test('has an encoder thread that starts', async () => {
    const thread = new Worker(join(folder, 'dist', 'encoder-thread.js'))
    expect(await once(thread, 'message')).toEqual([{ kind: 'loaded' }])
    await thread.terminate()
  })

  test('needs of others only what package.json says is installed with it', () => {
    const names = new Set(built.files.map(({ name }) => name))
    const outside = built.files.flatMap(({ imports, dynamicImports }) =>
      [...imports, ...dynamicImports].filter((id) => !names.has(id) && !isBuiltin(id)),
    )
    expect(new Set(outside)).toEqual(new Set(Object.keys(manifest.dependencies)))
  })

  test('has no two files that need each other: one would run before what it needs', () => {
    const left = new Map(built.files.map(({ name, imports }) => [name, imports]))
    const isLeft = (name: string): boolean => left.has(name)
    for (let before = -1; before !== left.size;) {
      before = left.size
      for (const [name, imports] of left) if (!imports.some(isLeft)) left.delete(name)
    }
    expect([...left.keys()]).toEqual([])
  })

  test('has the wire layer of the Kafka client, and none of what compiles when it is loaded', () => {
    const has = (part: string): boolean => built.modules.some((module) => module.includes(part))
    expect(has('/@platformatic/kafka/dist/network/connection.js')).toBe(true)
    expect(has('/@platformatic/kafka/dist/clients/consumer/')).toBe(false)
    expect(has('/ajv/')).toBe(false)
    expect(has('/wasm-utils/')).toBe(false)
  })

  test('loads in a thread what an encoder needs, and nothing of brokers, catalogs and storage', () => {
    const imports = new Map(built.files.map((file) => [file.name, file.imports]))
    const seen = new Set<string>()
    const see = (name: string): void => {
      if (seen.has(name)) return
      seen.add(name)
      for (const id of imports.get(name) ?? []) if (imports.has(id)) see(id)
    }
    see('encoder-thread.js')
    expect([...seen].sort()).toEqual(['encoder-thread.js', 'encoding.js', 'program.js'])
  })
})

describe('the licences of what is in it', () => {
  test('are those of all packages, each with its text', () => {
    const parties = thirdParties(built.modules)
    const names = parties.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['@platformatic/kafka', 'undici', 'zod']))
    const text = thirdPartyText(parties)
    for (const { name, version } of parties) expect(text).toContain(`\n${name} ${version} (`)
    const own = readFileSync(join(ROOT, 'node_modules', 'zod', 'LICENSE'), 'utf8').trim()
    expect(text.split(own)).toHaveLength(2)
  })

  const party = (name: string, license: string, ...texts: string[]): ThirdParty => ({
    name,
    version: '1.0.0',
    license,
    texts,
  })

  test('stand once for all that have the same, also of their scope', () => {
    const text = thirdPartyText([
      party('@a/one', 'MIT', 'the text'),
      party('@a/two', 'MIT'),
      party('b', 'ISC', 'another'),
    ])
    expect(text.match(/the text/g)).toHaveLength(1)
    expect(text).toContain('@a/one 1.0.0 (MIT)\n@a/two 1.0.0 (MIT)\n\nthe text')
  })

  test.each([
    ['of no scope', party('b', 'MIT')],
    ['of another licence', party('@a/two', 'ISC')],
  ])('are missed: a package %s without one', (_, without) => {
    const parties = [party('@a/one', 'MIT', 'the text'), without]
    expect(() => thirdPartyText(parties)).toThrow('comes without its licence')
  })
})
