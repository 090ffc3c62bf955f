import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type JsonValue, parseJson, stringifyJson } from '../../src/core/json.ts'
import { DUCKDB_EXTENSIONS, javaProgram, readersVenv, sparkJars, sparkVenv } from '../artefacts.ts'
import { ensure } from '../cache.ts'
import { pythonOf } from '../clients.ts'
import { runGuarded } from '../guarded.ts'
import { RigError } from '../rig-error.ts'

const SCRIPT = join(import.meta.dirname, 'read.py')

const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answers'), answers: z.array(z.unknown()) }),
  z.object({ kind: z.literal('failed'), error: z.string() }),
])

/** Asks Python once; every request is a process of its own, so that a reader's crash is an answer too. */
export async function askPython(
  request: { readonly [key: string]: JsonValue | undefined; readonly task: string },
  runtime: 'readers' | 'spark',
): Promise<unknown[]> {
  const { python, env, extensionDirectory } =
    runtime === 'spark' ? await sparkRuntime() : await readersRuntime()
  const input = stringifyJson({ ...request, extensionDirectory })
  const { status, stdout, stderr } = await runGuarded(
    { program: python, args: [SCRIPT], env },
    { input },
  )
  const who = typeof request['engine'] === 'string' ? request['engine'] : request.task
  if (status !== 0 || stdout === '') {
    throw new RigError(`${who} ended with status ${status}:\n${stderr.slice(-3000)}`)
  }
  const answer = answerSchema.parse(parseJson(stdout, `${who}’s answer`))
  if (answer.kind === 'failed') throw new RigError(`${who} cannot read it: ${answer.error}`)
  return answer.answers
}

interface Runtime {
  readonly python: string
  readonly env: Record<string, string>
  /** Undefined where DuckDB only hashes what another engine read. */
  readonly extensionDirectory?: string
}

async function readersRuntime(): Promise<Runtime> {
  const venv = await ensure(readersVenv)
  const extensionDirectory = join(venv, DUCKDB_EXTENSIONS)
  return { python: pythonOf(venv), env: COMMON_ENV, extensionDirectory }
}

async function sparkRuntime(): Promise<Runtime> {
  const venv = await ensure(sparkVenv)
  const jars = await ensure(sparkJars)
  const names = (await readdir(jars)).filter((name) => name.endsWith('.jar'))
  const java = await javaProgram()
  return {
    python: pythonOf(venv),
    env: {
      ...COMMON_ENV,
      SPARK_JARS_LIST: names.map((name) => join(jars, name)).join(','),
      ...(java === 'java' ? {} : { JAVA_HOME: join(java, '..', '..') }),
      AWS_REGION: 'us-east-1',
    },
  }
}

const COMMON_ENV = { PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1', TZ: 'UTC' }
