import { chmod, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import manifest from '../package.json' with { type: 'json' }

const ROOT = resolve(import.meta.dirname, '..')

/** What runs as a program: the command line, and the thread that it starts from the same folder. */
const PROGRAMS = { main: 'src/main.ts', 'encoder-thread': 'src/writer/encoder-thread.ts' }

/** Of the Kafka client, and of what belongs to it, nothing happens by being imported that anybody waits for. */
const KAFKA_CLIENT = /\/node_modules\/@platformatic\//
/** Its clients compile validators of their options when they are imported. They are not used here, its wire layer is. */
const VALIDATORS = ['Ajv2020', 'ajv']

/**
 * What is loaded together lies together: a file costs as much to open as a good deal of code. A group takes modules, and
 * all that they need which no group before it took, so that no two files need each other. What only one verb needs is a
 * file of its own.
 */
const GROUPS = [
  { name: 'program', test: /\/src\/cli\/program\.ts$/, priority: 4 },
  { name: 'encoding', test: /\/src\/writer\/(?:table-encoder|encoder-messages)\.ts$/, priority: 3 },
  { name: 'service', test: /\/src\/cli\/run\.ts$/, priority: 2 },
  { name: 'verbs', test: /\/src\//, priority: 1, minShareCount: 2 },
]

/** What a build consists of. */
export interface Bundle {
  /** Files of code, and what each imports: other files, packages, Node's own modules. */
  readonly files: readonly {
    readonly name: string
    readonly imports: readonly string[]
    readonly dynamicImports: readonly string[]
  }[]
  /** Absolute paths of the modules that anything is left of. */
  readonly modules: readonly string[]
}

/**
 * Puts both programs, with what they use of their dependencies, into a folder: a few files in place of a thousand, and
 * no code that nobody calls. The packages of `dependencies` are native and stay where npm installs them; what is bundled
 * is in `devDependencies`.
 */
export async function bundle(folder: string): Promise<Bundle> {
  await rm(folder, { recursive: true, force: true })
  const native = Object.keys(manifest.dependencies)
  await using build = await rolldown({
    cwd: ROOT,
    input: PROGRAMS,
    platform: 'node',
    // The types are checked elsewhere, and what is built is the same with and without them.
    tsconfig: false,
    external: (id) => native.some((name) => id === name || id.startsWith(`${name}/`)),
    treeshake: {
      moduleSideEffects: [{ test: KAFKA_CLIENT, sideEffects: false }],
      manualPureFunctions: VALIDATORS,
    },
    // Whatever it stumbles over may be missing from the program.
    onLog: (level, log, handle) => {
      handle(level === 'warn' ? 'error' : level, log)
    },
  })
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    // For whoever reads a stack trace or a profile; Node does not read them unasked.
    sourcemap: true,
    sourcemapExcludeSources: true,
    comments: false,
    codeSplitting: { groups: GROUPS },
  })
  await chmod(join(folder, 'main.js'), 0o755)
  const chunks = output.filter((one) => one.type === 'chunk')
  return {
    files: chunks.map(({ fileName, imports, dynamicImports }) => ({
      name: fileName,
      imports,
      dynamicImports,
    })),
    modules: chunks
      .flatMap(({ modules }) => Object.entries(modules))
      .filter(([, { renderedLength }]) => renderedLength > 0)
      .map(([id]) => id),
  }
}
