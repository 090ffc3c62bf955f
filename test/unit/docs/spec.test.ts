import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../../../src/core/error-codes.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const SPEC = readFileSync(join(ROOT, 'SPEC.md'), 'utf8')

/** The test files that a line of the specification names; a bare name is in the folder of the one before it. */
function testsOf(line: string): string[] {
  let folder = ''
  return [...line.matchAll(/`((?:test\/)?[\w/.-]+\.test\.ts|test\/[\w/.-]+)`/g)].map((found) => {
    const name = found[1] ?? ''
    if (!name.startsWith('test/')) return join(folder, name)
    folder = dirname(name)
    return name
  })
}

describe('the specification', () => {
  test('names tests that exist', () => {
    const named = SPEC.split('\n').flatMap(testsOf)
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
  })

  test('lists every refusal: whatever ends a verb with exit 3 and is about positions', () => {
    const codes = Object.entries(ERROR_CODES).flatMap(([code, { exit }]) =>
      exit === 3 ? [code] : [],
    )
    const about = /LEDGER|ROLL|OFFSETS|TOPIC|CLUSTER|TRUNCATED|WRITER|HELD|REF$|REPLAY|RECREATED/
    const missing = codes.filter((code) => about.test(code) && !SPEC.includes(`\`${code}\``))
    expect(missing).toEqual([])
  })
})
