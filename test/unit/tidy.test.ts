import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname, '../../src')

/** DESIGN's table: what a folder may import. `types` are imports that the compiler erases. */
const EVERYTHING = 'everything'
const ALLOWED: Record<string, typeof EVERYTHING | { values: string[]; types?: string[] }> = {
  core: { values: [] },
  iceberg: { values: ['core'] },
  storage: { values: ['core'] },
  telemetry: { values: ['core'] },
  config: { values: ['core'] },
  columns: { values: ['core', 'iceberg'] },
  catalog: { values: ['core', 'iceberg'] },
  consumer: { values: ['core'] },
  record: { values: ['core', 'iceberg', 'columns'], types: ['consumer'] },
  parquet: { values: ['core', 'iceberg', 'columns'] },
  writer: {
    values: ['core', 'iceberg', 'columns', 'parquet', 'record', 'storage'],
    types: ['consumer'],
  },
  commit: { values: ['core', 'iceberg', 'storage', 'catalog'], types: ['writer'] },
  audit: {
    values: ['core', 'iceberg', 'record', 'storage', 'catalog', 'commit'],
    types: ['consumer'],
  },
  replay: {
    values: [
      'core',
      'iceberg',
      'columns',
      'parquet',
      'record',
      'storage',
      'catalog',
      'writer',
      'commit',
      'audit',
    ],
    types: ['consumer'],
  },
  adopt: {
    values: ['core', 'iceberg', 'record', 'storage', 'commit', 'audit'],
    types: ['consumer'],
  },
  worker: EVERYTHING,
  cli: EVERYTHING,
  'main.ts': EVERYTHING,
}

interface Import {
  readonly file: string
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

function sources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(SRC, name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const statements = text.matchAll(/^(?:import|export)\s+(type\s+)?[^'"]*?from\s+'(\.[^']+)'/gm)
  return [...statements].map((statement) => ({
    file: relative(SRC, file),
    from: folderOf(file),
    to: folderOf(resolve(dirname(file), statement[2] ?? '')),
    typeOnly: statement[1] !== undefined,
  }))
}

function folderOf(file: string): string {
  return relative(SRC, file).split('/')[0] ?? ''
}

describe('the layout', () => {
  test('every folder is in the table', () => {
    const folders = new Set(sources().map(folderOf))
    expect([...folders].filter((folder) => ALLOWED[folder] === undefined)).toEqual([])
  })

  test('a folder imports only what the table allows', () => {
    const wrong = sources()
      .flatMap(importsOf)
      .filter(({ from, to, typeOnly }) => {
        const allowed = ALLOWED[from]
        if (allowed === undefined || allowed === EVERYTHING || from === to) return false
        return !allowed.values.includes(to) && !(typeOnly && allowed.types?.includes(to) === true)
      })
    expect(wrong.map(({ file, to }) => `${file} imports ${to}`)).toEqual([])
  })

  test('the Kafka client is known to consumer/ only', () => {
    const users = sources().filter((file) =>
      readFileSync(file, 'utf8').includes("from '@platformatic/kafka"),
    )
    expect(users.map(folderOf).filter((folder) => folder !== 'consumer')).toEqual([])
  })

  test('time, randomness and environment come in as arguments', () => {
    const roots = new Set(['core/clock.ts', 'core/random.ts', 'main.ts'])
    const banned =
      /\bDate\.now\(|\bMath\.random\(|\brandomUUID\(|\bprocess\.env\b|\bperformance\.now\(/
    const wrong = sources().filter(
      (file) =>
        !roots.has(relative(SRC, file)) && banned.test(withoutComments(readFileSync(file, 'utf8'))),
    )
    expect(wrong.map((file) => relative(SRC, file))).toEqual([])
  })
})

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
}
