import { readFile, readdir, readlink } from 'node:fs/promises'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { RigError } from './rig-error.ts'

/**
 * Below the range that kernels hand out for outgoing connections: so a port stays ours while its server restarts.
 */
const FIRST_PORT = 20_000
const LAST_PORT = 31_999
const ATTEMPTS_MAX = 200

/** Loopback ports on which nobody listens now. Another process may still be quicker: see `ownsPort`. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let attempt = 0; attempt < ATTEMPTS_MAX && found.size < count; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    if (!found.has(port) && (await isFree(port))) found.add(port)
  }
  if (found.size < count) throw new RigError(`no ${count} free ports on 127.0.0.1`)
  return [...found]
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
    server.close(() => resolve(true)),
  )
  return promise
}

/**
 * Whether the process itself listens on the port: an answer alone may come from somebody else's server.
 * True where the operating system does not say (only Linux has /proc).
 */
export async function ownsPort(pid: number, port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => textOf(`/proc/${pid}/net/${name}`)),
  )
  const listening = new Set(tables.flatMap((table) => listenersOn(table, port)))
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  )
  return targets.some((target) => listening.has(target))
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

/** Socket names (`socket:[inode]`) of a /proc/net/tcp table that listen (state 0A) on a port. */
function listenersOn(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === '0A')
    .map((fields) => `socket:[${fields[9]}]`)
}
