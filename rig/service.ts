import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { poll } from './environment.ts'
import { type Command, type Guarded, spawnGuarded } from './guarded.ts'
import { freePorts, ownsPort } from './ports.ts'
import { RigError } from './rig-error.ts'

const TAIL_LINES = 30
const READY_MS = 120_000
const GRACE_MS = 20_000
/** A signal takes effect within a few scheduler ticks. */
const STOPPED_MS = 5_000
const PORT_ATTEMPTS = 3

/** What it takes to run one server, again and again on the same port. */
export interface Blueprint {
  readonly name: string
  readonly command: Command
  /** Where it must listen itself before it counts as ready. */
  readonly port: number
  /** Asked, once it listens, until it answers yes. */
  ready(): Promise<boolean>
  /** Its log is `<name>.log` in here. */
  readonly scratch: string
  readonly readyMs?: number
}

/** The port that was free a moment ago is somebody else's now. */
class PortTakenError extends RigError {}

/** A server that runs as a process of its own and never outlives this one. */
export class Service implements AsyncDisposable {
  readonly name: string
  readonly logFile: string
  readonly port: number
  readonly #blueprint: Blueprint
  #process: Guarded | undefined

  constructor(blueprint: Blueprint) {
    this.#blueprint = blueprint
    this.name = blueprint.name
    this.port = blueprint.port
    this.logFile = join(blueprint.scratch, `${blueprint.name}.log`)
  }

  /** The server's own process id; throws while it is down. */
  get pid(): number {
    if (this.#process === undefined) throw new RigError(`${this.name} is not running`)
    return this.#process.pid
  }

  get running(): boolean {
    return this.#process !== undefined && this.#process.status() === undefined
  }

  /** Starts it and waits until it answers. Throws, with the end of its log, if it does not. */
  async start(): Promise<void> {
    if (this.running) return
    await mkdir(this.#blueprint.scratch, { recursive: true })
    const running = await spawnGuarded(this.#blueprint.command, this.logFile)
    this.#process = running
    try {
      await this.#untilReady(running)
    } catch (error) {
      await this.kill9()
      throw error
    }
    running.hold(false)
  }

  async #untilReady(running: Guarded): Promise<void> {
    const deadlineMs = this.#blueprint.readyMs ?? READY_MS
    const outcome = await poll(
      async () => {
        if (running.status() !== undefined) return 'ended'
        if (!(await ownsPort(running.pid, this.port))) return undefined
        return (await this.#blueprint.ready().catch(() => false)) ? 'ready' : undefined
      },
      { deadlineMs },
    )
    if (outcome === 'ready') return
    const tail = await this.logTail()
    const what =
      outcome === 'ended'
        ? `ended with status ${running.status()} before it was ready`
        : `was not ready after ${deadlineMs / 1000} s`
    const message = `${this.name} ${what}. The end of its log:\n${tail}`
    if (/address already in use|failed to bind|EADDRINUSE/i.test(tail))
      throw new PortTakenError(message)
    throw new RigError(message)
  }

  /** The last lines of the log. */
  async logTail(): Promise<string> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '')
    return log.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
  }

  /** Asks it to end, and kills it when it takes longer than `graceMs`. */
  async stop(graceMs: number = GRACE_MS): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    running.hold(true)
    running.signal('SIGCONT')
    running.signal('SIGTERM')
    const grace = setTimeout(graceMs, undefined, { ref: false })
    if ((await Promise.race([running.exited, grace])) === undefined) await this.kill9()
    this.#process = undefined
  }

  /** SIGKILL: no warning, no flush. Its data stay. */
  async kill9(): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    running.hold(true)
    running.signal('SIGKILL')
    await running.exited
    this.#process = undefined
  }

  /** Stops it gently and starts it on the same port with the same data. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** SIGSTOP: it hangs, its connections stay open. Resolves when it has stopped. */
  async pause(): Promise<void> {
    const { pid } = this
    this.#process?.signal('SIGSTOP')
    await poll(async () => ((await isStopped(pid)) ? true : undefined), { deadlineMs: STOPPED_MS })
  }

  /** SIGCONT. */
  resume(): void {
    this.#process?.signal('SIGCONT')
  }

  /** Its data are about to go, so there is nothing that a gentle end could save. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9()
  }
}

/** Whether a process is stopped by a signal; taken for granted where there is no /proc. */
async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat === undefined || stat.includes(') T ')
}

/** Runs `start` with free ports, again with others when one of them was taken meanwhile. */
export async function withFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts(count)
    try {
      return await start(ports)
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

/** Whether a GET answers 2xx within a second or two. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  await response.arrayBuffer()
  return response.ok
}
