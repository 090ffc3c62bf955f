import { readFileSync } from 'node:fs'
import type { Environment } from '../config/interpolate.ts'
import { loadConfig } from '../config/load.ts'
import { configError } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'

/** The configuration in a file. Throws `CONFIG_INVALID` with every problem of it. */
export function readConfigFile(path: string, env: Environment): Config {
  const loading = loadConfig({ text: textOf(path), path, env, readFile: readText })
  if (loading.kind === 'invalid') throw configError(loading.problems, path)
  return loading.config
}

function textOf(path: string): string {
  try {
    return readText(path)
  } catch (cause) {
    throw new FirnError('CONFIG_INVALID', `the configuration ${path} cannot be read`, {
      cause,
      context: { file: path },
      help: 'name it with --config or $FIRN_CONFIG; config/minimal.yaml is one to start from',
    })
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}
