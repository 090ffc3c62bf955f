import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { configJsonSchema } from '../src/config/json-schema.ts'
import { configurationPage, schemaForEditors } from './configuration-page.ts'
import { errorsPage } from './errors-page.ts'

/**
 * Writes what is generated from the code: config/schema.json, docs/configuration.md, docs/errors.md. `--check` writes
 * nothing and fails where a file is not what it would write.
 */
const ROOT = resolve(import.meta.dirname, '..')

const FILES: Readonly<Record<string, string>> = {
  'config/schema.json': `${JSON.stringify(schemaForEditors(configJsonSchema()), null, 2)}\n`,
  'docs/configuration.md': configurationPage(configJsonSchema()),
  'docs/errors.md': errorsPage(),
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const stale = Object.entries(FILES)
  .map(([name, text]) => ({ path: join(ROOT, name), text }))
  .filter(({ path, text }) => contentOf(path) !== text)

for (const { path, text } of stale) {
  const name = relative(ROOT, path)
  if (values.check) {
    console.error(`${name} is not what the code says: run \`npm run docs\``)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    console.log(`wrote ${name}`)
  }
}
