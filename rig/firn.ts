import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Guarded, runGuarded, spawnGuarded } from './guarded.ts'
import { peakMemoryBytes } from './process-cost.ts'

const ROOT = resolve(import.meta.dirname, '..')
const MAIN = join(ROOT, 'src', 'main.ts')
/** What `npm run build` makes: the program as it is shipped. */
export const BUILT_MAIN = join(ROOT, 'dist', 'main.js')
const KILL_AT = join(ROOT, 'rig', 'kill-at.ts')

/** What the image sets for its program. */
export async function imageEnvironment(): Promise<Record<string, string>> {
  const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8')
  return Object.fromEntries(
    [...dockerfile.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
}

/** A line of a worker's log: JSON, with whatever facts it has. */
export interface LogLine {
  readonly level: string
  readonly time: string
  readonly msg: string
  readonly [fact: string]: unknown
}

/** A `firn run` of its own process. It never outlives this one. */
export interface FirnWorker {
  readonly name: string
  readonly pid: number
  readonly logFile: string
  readonly process: Guarded
  /** Milliseconds since the epoch: just before the process was started. */
  readonly startedAtMs: number
  /** What it has logged so far; of one file several processes may have written. */
  log(): Promise<LogLine[]>
  /** The last lines that it wrote, log or not, for people. */
  tail(lines: number): Promise<string>
  kill9(): Promise<void>
  /** SIGTERM, and the exit status that follows. */
  stop(): Promise<number>
  /** The most memory that it ever had at once, bytes; undefined when it is gone or there is no /proc. */
  peakMemoryBytes(): Promise<number | undefined>
}

/** Starts `firn run` as a process of its own, its log in JSON appended to a file. */
export async function startFirn(options: {
  readonly name: string
  readonly config: string
  readonly scratch: string
  /** The program: the sources unless stated, `dist/main.js` for what is shipped. */
  readonly main?: string
  /** Passes a point (src/core/points.ts) for the n-th time, and is killed there: `staged:2`. */
  readonly killAt?: string
  /** Further arguments for Node itself: `--cpu-prof`. */
  readonly node?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}): Promise<FirnWorker> {
  const { name, config, scratch, main, killAt, node = [], env } = options
  const logFile = join(scratch, `${name}.log`)
  const startedAtMs = Date.now()
  const command = {
    program: process.execPath,
    args: [
      ...node,
      ...(killAt === undefined ? [] : ['--import', KILL_AT]),
      main ?? MAIN,
      'run',
      '--config',
      config,
    ],
    cwd: ROOT,
    env: { NODE_OPTIONS: undefined, FIRN_KILL_AT: killAt, ...env },
  }
  const running = await spawnGuarded(command, logFile)
  return {
    name,
    pid: running.pid,
    logFile,
    process: running,
    startedAtMs,
    log: async () => readLog(logFile),
    tail: async (lines) => (await readText(logFile)).trimEnd().split('\n').slice(-lines).join('\n'),
    kill9: async () => {
      running.signal('SIGKILL')
      await running.exited
    },
    stop: async () => {
      running.signal('SIGTERM')
      return running.exited
    },
    peakMemoryBytes: async () => peakMemoryBytes(running.pid),
  }
}

/** Builds what is shipped. */
export async function buildFirn(): Promise<void> {
  const script = join(ROOT, 'scripts', 'build.ts')
  const built = await runGuarded({ program: process.execPath, args: [script], cwd: ROOT })
  if (built.status !== 0) throw new Error(`the build fails\n${built.stdout}${built.stderr}`)
}

/** Runs a verb to its end; of the sources unless stated. */
export async function runFirn(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main = MAIN,
): Promise<{ status: number; stdout: string; stderr: string }> {
  return runGuarded({
    program: process.execPath,
    args: [main, ...args],
    cwd: ROOT,
    env: { NODE_OPTIONS: undefined, NO_COLOR: '1', ...env },
  })
}

async function readLog(file: string): Promise<LogLine[]> {
  const text = await readText(file)
  return text.split('\n').flatMap((line) => {
    // A process that was killed may have left half a line.
    if (!line.startsWith('{') || !line.endsWith('}')) return []
    const parsed: unknown = JSON.parse(line)
    return isLogLine(parsed) ? [parsed] : []
  })
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === 'object' && value !== null && 'msg' in value && 'time' in value
}
