import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cleanEnv,
  copyContext,
  readDockerfile,
  runDockerfile,
  type Instruction,
  type Stage,
} from './dockerfile-steps.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../../..')
const scratch = mkdtempSync(join(tmpdir(), 'firn-image-'))
const instructions = readDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { dev?: boolean } | undefined>
}

function isDevOnly(name: string): boolean {
  return lock.packages[`node_modules/${name}`]?.dev === true
}

function last(name: string): Instruction {
  const found = instructions.findLast((instruction) => instruction.name === name)
  if (found === undefined) throw new Error(`the Dockerfile has no ${name}`)
  return found
}

/** The words of an instruction in its JSON form. */
function wordsOf(name: string): string[] {
  return JSON.parse(last(name).argument.replace(/^.*?CMD\s+/, '')) as string[]
}

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

describe('the image, by the steps of its Dockerfile', () => {
  let final: Stage

  beforeAll(async () => {
    const context = join(scratch, 'context')
    copyContext(ROOT, context)
    const stages = await runDockerfile(instructions, { context, scratch })
    final = stages.get('final')!
  }, 300_000)

  test('starts from the Node that the tests run on, in its slim form', () => {
    const node = manifest.devDependencies['node'] ?? ''
    const bases = instructions.filter(({ name }) => name === 'FROM').map(({ argument }) => argument)
    expect(bases).toHaveLength(2)
    for (const base of bases) expect(base).toMatch(new RegExp(`^node:${node}-slim( AS build)?$`))
  })

  test('has the program and what it needs, and nothing that only builds it', () => {
    expect(readdirSync(join(final.root, 'app')).sort()).toEqual(
      ['LICENSE', 'config', 'dist', 'node_modules', 'package.json'].sort(),
    )
    const installed = (name: string): boolean =>
      existsSync(join(final.root, 'app/node_modules', name))
    const { dependencies, devDependencies } = manifest
    // What only the tools need; a package may also be one that a dependency brings along.
    const onlyDev = Object.keys(devDependencies).filter((name) => isDevOnly(name))
    expect(Object.keys(dependencies).filter((name) => !installed(name))).toEqual([])
    expect(onlyDev.filter((name) => installed(name))).toEqual([])
    expect(onlyDev).toContain('vitest')
  })

  test('runs firn from anywhere, as somebody who is not root', async () => {
    const [entry = ''] = wordsOf('ENTRYPOINT')
    const firn = join(final.root, 'usr/local/bin', entry)
    const { stdout } = await run(firn, ['--version'], { cwd: '/', env: cleanEnv() })
    expect(stdout.trim()).toBe(`firn ${manifest.version}`)
    expect(last('USER').argument).toBe('node')
    expect(wordsOf('CMD')).toEqual(['run', '--config', '/etc/firn/firn.yaml'])
  })

  test.each([
    [200, 0],
    [503, 1],
  ])('is healthy by /livez: %i gives %i', async (status, exit) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(status).end()
    })
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening)
    })
    const { port } = server.address() as AddressInfo
    try {
      expect(await healthOf(port)).toBe(exit)
      expect(asked).toEqual(['/livez'])
    } finally {
      server.close()
      server.closeAllConnections()
    }
    expect(await healthOf(port)).toBe(1)
  })
})

/** The exit code of the health check. */
async function healthOf(port: number): Promise<number> {
  const [command = '', ...args] = wordsOf('HEALTHCHECK')
  const env = { ...cleanEnv(), FIRN_HTTP_PORT: String(port) }
  return new Promise((exited) => {
    const child = execFile(command, args, { env }, () => {
      exited(child.exitCode ?? -1)
    })
  })
}
