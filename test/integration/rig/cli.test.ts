import { mkdir, readFile, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cacheDirectory } from '../../../rig/environment.ts'
import { exampleConfig } from '../../../rig/example-config.ts'
import { runGuarded, signalIfAlive } from '../../../rig/guarded.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { useRig } from '../../support/rig.ts'

const MAIN = join(import.meta.dirname, '../../../rig/main.ts')

async function rigCommand(args: string[], env: Record<string, string>) {
  return runGuarded({ program: process.execPath, args: [MAIN, ...args], env })
}

describe('npm run rig', () => {
  const rig = useRig({})

  test('brings services up, fills a topic, and takes all down', async () => {
    const home = join(rig().scratch, 'home')
    const env = { FIRN_RIG_HOME: home, FIRN_RIG_CACHE: cacheDirectory() }
    expect((await rigCommand(['status'], env)).stdout).toContain('Nothing is up.')
    const up = await rigCommand(['up'], env)
    expect(up.stdout).toMatch(/Up after .* s\./)
    const state = JSON.parse(await readFile(join(home, 'state.json'), 'utf8')) as {
      pid: number
      scratch: string
      kafka: { bootstrap: string }
    }
    try {
      expect(up.stdout).toContain(state.kafka.bootstrap)
      const again = await rigCommand(['up'], env)
      expect(again.stdout).toContain('up already')
      const produced = await rigCommand(['produce', '100'], env)
      expect(produced.stdout).toContain('100 records to events')
      expect((await rigCommand(['status'], env)).stdout).toContain(state.kafka.bootstrap)
    } finally {
      const down = await rigCommand(['down'], env)
      expect(down.stdout).toContain('Down.')
    }
    expect(signalIfAlive(state.pid, 0)).toBe(false)
    await expect(readdir(state.scratch)).rejects.toThrow('ENOENT')
    expect((await rigCommand(['down'], env)).stdout).toContain('Nothing is up.')
  })

  test.for([
    ['kafka', /Maven \(mvn\) is missing.*\n.*still work/],
    ['readers', /Python \(python3 with venv\) is missing.*\n.*still work/],
    ['versitygw', /Go \(go\) is missing.*\n.*moto stands in/],
  ] as const)('says what is missing when it cannot fetch %s', async ([name, message]) => {
    const bin = join(rig().scratch, `bin-${name}`)
    await mkdir(bin)
    await symlink('/bin/sh', join(bin, 'sh'))
    const env = { PATH: bin, FIRN_RIG_CACHE: join(rig().scratch, `cache-${name}`) }
    const { status, stderr } = await rigCommand(['fetch', name], env)
    expect(stderr).toMatch(message)
    expect(status).toBe(1)
  })

  test('refuses what it does not know', async () => {
    expect(await rigCommand(['fetch', 'everything'], {})).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('nothing named everything') as string,
    })
    expect(await rigCommand(['dance'], {})).toMatchObject({ status: 2 })
  })

  test.for(['fixture', 'nessie'] as const)(
    'gives a configuration for %s that Firn takes',
    (kind) => {
      const text = exampleConfig({
        pid: 1,
        scratch: '/tmp/x',
        kafka: { bootstrap: '127.0.0.1:20001,127.0.0.1:20002' },
        catalog: { kind, uri: 'http://127.0.0.1:20003', warehouse: 'rig' },
        s3: {
          kind: 'moto',
          endpoint: 'http://127.0.0.1:20004',
          region: 'us-east-1',
          accessKeyId: 'a',
          secretAccessKey: 'b',
          bucket: 'warehouse',
        },
      })
      const loading = loadConfig({ text, path: 'firn.yaml', env: {}, readFile: () => '' })
      expect(loading).toMatchObject({ kind: 'loaded' })
    },
  )
})
