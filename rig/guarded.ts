import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { RigError } from './rig-error.ts'

const LIFE = join(import.meta.dirname, 'life.sh')

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Added to this process's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/** A process that is killed, with all that it started, when this process ends in whatever way. */
export interface Guarded {
  /** The program's own process id, not the guard's. */
  readonly pid: number
  /** Its exit status; 128 + n when signal n ended it. Never rejects. */
  readonly exited: Promise<number>
  /** Undefined while it runs. */
  status(): number | undefined
  signal(name: NodeJS.Signals): void
  /** Whether this process waits for the guarded one. If it does not, and ends, that ends the guarded one too. */
  hold(wait: boolean): void
}

/** Starts a command with its output appended to a file. */
export async function spawnGuarded(command: Command, logFile: string): Promise<Guarded> {
  const log = openSync(logFile, 'a')
  try {
    const child = launch(command, log)
    return await guard(child, command.program)
  } finally {
    closeSync(log)
  }
}

/** Runs a command to its end and collects what it printed. */
export async function runGuarded(
  command: Command,
  options: { input?: string } = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  const child = launch(command, 'pipe')
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const output = Promise.all([collect(child.stdout), collect(child.stderr)])
  const running = await guard(child, command.program)
  const [stdout, stderr] = await output
  return { status: await running.exited, stdout, stderr }
}

async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? '' : text(stream)
}

function launch(command: Command, output: number | 'pipe'): ChildProcess {
  return spawn('sh', [LIFE, command.program, ...command.args], {
    stdio: [output === 'pipe' ? 'pipe' : 'ignore', output, output, 'pipe'],
    detached: true,
    env: { ...process.env, ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  })
}

async function guard(child: ChildProcess, program: string): Promise<Guarded> {
  const line = child.stdio[3]
  if (!(line instanceof Duplex)) throw new RigError(`no connection to the guard of ${program}`)
  const started = Promise.withResolvers<number>()
  const ended = Promise.withResolvers<number>()
  let status: number | undefined
  const end = (code: number): void => {
    status ??= code
    ended.resolve(status)
    started.reject(new RigError(`${program} did not start`))
  }
  line.on('error', () => undefined)
  createInterface({ input: line }).on('line', (said) => {
    const [word, number] = said.split(' ')
    if (word === 'pid') started.resolve(Number(number))
    if (word === 'exit') end(Number(number))
  })
  child.on('error', (cause) => started.reject(new RigError(`${program} did not start`, { cause })))
  child.on('close', () => end(137))
  const pid = await started.promise
  return {
    pid,
    exited: ended.promise,
    status: () => status,
    signal: (name) => {
      if (status === undefined) signalIfAlive(pid, name)
    },
    hold: (wait) => {
      for (const handle of [child, line]) hold(handle, wait)
    },
  }
}

/** `ref` or `unref`, where the handle has them: the types of pipes do not say. */
export function hold(handle: object, wait: boolean): void {
  const method: unknown = Reflect.get(handle, wait ? 'ref' : 'unref')
  if (typeof method === 'function') Reflect.apply(method, handle, [])
}

/** Sends a signal; a process that has just ended is no fault. */
export function signalIfAlive(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
