import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { askedOf, invocationOf } from '../../../src/cli/arguments.ts'
import { verbs } from '../../../src/cli/verbs.ts'
import { quietProcess } from '../../support/process-outside.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const PAGES = join(ROOT, 'docs', 'operations')

const outside = quietProcess()

/** The command lines of a page: what begins a line, or a span, with `firn `. */
function commandsOf(text: string): string[] {
  const lines = [...text.matchAll(/^\s*(firn .+)$/gm)].map((found) => found[1] ?? '')
  const spans = [...text.matchAll(/`(firn [^`]+)`/g)].map((found) => found[1] ?? '')
  return [...lines, ...spans.map((span) => span.replaceAll(/\s+/g, ' '))]
}

/** As a shell splits it, as far as the pages need. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map((found) => found[1] ?? found[2] ?? '')
}

/** Throws where it is no command line. */
async function understood(argv: readonly string[]): Promise<void> {
  const asked = askedOf(argv, verbs(outside))
  if (asked.kind !== 'verb') return
  invocationOf({ ...asked.verb, ...(await asked.verb.load()) }, asked.rest, {})
}

const pages = readdirSync(PAGES).map((name) => `docs/operations/${name}`)

describe('every command in the operations pages and the README is one', () => {
  test.each([...pages, 'README.md'])('%s', async (page) => {
    const commands = commandsOf(readFileSync(join(ROOT, page), 'utf8'))
    if (page !== 'README.md') expect(commands.length).toBeGreaterThan(0)
    for (const command of commands) {
      const [, ...argv] = words(command)
      await expect(understood(argv), command).resolves.toBeUndefined()
    }
  })
})

test('every verb that a message names is one', () => {
  const names = new Set(verbs(outside).map(({ name }) => name))
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  const text = sources
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))
    .join('\n')
  const named = [...text.matchAll(/\bfirn (ledger [a-z-]+|[a-z]+)/g)].map((found) => found[1] ?? '')
  expect(named.length).toBeGreaterThan(60)
  // `firn version` is a metric's help.
  expect([...new Set(named)].filter((name) => !names.has(name))).toEqual(['version'])
})

describe('every page is found', () => {
  test('in the list of pages', () => {
    const list = readFileSync(join(PAGES, 'README.md'), 'utf8')
    for (const page of readdirSync(PAGES)) {
      if (page !== 'README.md') expect(list).toContain(`(${page})`)
    }
  })
})
