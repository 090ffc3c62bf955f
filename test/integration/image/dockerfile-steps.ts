import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const RUN_TIMEOUT_MS = 240_000

/** One instruction of a Dockerfile, its continued lines joined. */
export interface Instruction {
  readonly name: string
  readonly argument: string
}

/** One stage: a folder that stands for its file system. */
export interface Stage {
  readonly root: string
  readonly base: string
  readonly instructions: readonly Instruction[]
}

/** Reads a Dockerfile: comments dropped, `${ARG}`s of the head replaced. */
export function readDockerfile(text: string): readonly Instruction[] {
  const args = new Map<string, string>()
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
      if (name === 'ARG') args.set(rest.split('=')[0] ?? '', rest.split('=')[1] ?? '')
      return {
        name,
        argument: rest.replaceAll(
          /\$\{([A-Z_]+)\}/g,
          (whole, key: string) => args.get(key) ?? whole,
        ),
      }
    })
}

/** Runs the COPY and RUN steps of every stage in folders below `scratch`; absolute paths move below them too. */
export async function runDockerfile(
  instructions: readonly Instruction[],
  folders: { readonly context: string; readonly scratch: string },
): Promise<ReadonlyMap<string, Stage>> {
  const stages = new Map<string, Stage>()
  let builder: StageBuilder | undefined
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') {
      const [base = '', , name = 'final'] = instruction.argument.split(/\s+/)
      builder = new StageBuilder(base, join(folders.scratch, name), folders.context)
      stages.set(name, builder)
    }
    await builder?.step(instruction, stages)
  }
  return stages
}

class StageBuilder implements Stage {
  readonly base: string
  readonly root: string
  readonly instructions: Instruction[] = []
  readonly #context: string
  readonly #env: Record<string, string> = {}
  #workdir: string

  constructor(base: string, root: string, context: string) {
    this.base = base
    this.root = root
    this.#workdir = root
    this.#context = context
    mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  }

  async step(instruction: Instruction, stages: ReadonlyMap<string, Stage>): Promise<void> {
    const { name, argument } = instruction
    this.instructions.push(instruction)
    switch (name) {
      case 'WORKDIR':
        this.#workdir = join(this.root, argument)
        mkdirSync(this.#workdir, { recursive: true })
        break
      case 'ENV': {
        const [key = '', value = ''] = argument.split('=')
        this.#env[key] = value
        break
      }
      case 'COPY':
        this.#copy(argument.split(/\s+/), stages)
        break
      case 'RUN':
        await this.#run(argument)
        break
      default:
    }
  }

  #copy(words: readonly string[], stages: ReadonlyMap<string, Stage>): void {
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
    const paths = words.filter((word) => !word.startsWith('--'))
    const root = from === undefined ? this.#context : stages.get(from)?.root
    if (root === undefined) throw new Error(`no stage ${from ?? ''}`)
    const target = resolve(this.#workdir, paths.at(-1) ?? '.')
    for (const path of paths.slice(0, -1)) {
      const source = join(root, path)
      // A folder's content is copied, a file goes into the folder.
      const into = statSync(source).isDirectory() ? target : join(target, basename(path))
      cpSync(source, into, { recursive: true, verbatimSymlinks: true })
    }
  }

  async #run(command: string): Promise<void> {
    const moved = command.replaceAll(/(^|\s)\/(?=\w)/g, `$1${this.root}/`)
    await run('sh', ['-ec', moved], {
      cwd: this.#workdir,
      env: { ...cleanEnv(), ...this.#env },
      timeout: RUN_TIMEOUT_MS,
      maxBuffer: 16 * 1024 * 1024,
    })
  }
}

/** As in a fresh image: none of this repository's programs, and the Node that runs the test first. */
export function cleanEnv(): Record<string, string> {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
  // What npm and vitest set for this very run says nothing about a machine.
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_ENV$|NODE_OPTIONS$|VITEST|INIT_CWD$)/.test(name),
  )
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])),
    PATH: [dirname(process.execPath), ...path].join(delimiter),
  }
}

/** Copies what `.dockerignore` lets through: it must ignore everything and then name what goes. */
export function copyContext(repository: string, context: string): void {
  const [first, ...allowed] = readFileSync(join(repository, '.dockerignore'), 'utf8')
    .trim()
    .split('\n')
  if (first !== '*') throw new Error('.dockerignore must start with *')
  mkdirSync(context, { recursive: true })
  const names = new Set(readdirSync(repository))
  for (const line of allowed) {
    const name = line.replace(/^!/, '')
    if (!line.startsWith('!') || !names.has(name)) throw new Error(`.dockerignore: ${line}`)
    cpSync(join(repository, name), join(context, name), { recursive: true })
  }
}
