import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Confirmation } from '../../../src/cli/confirm.ts'
import { Output } from '../../../src/cli/output.ts'

function terminal(isTTY: boolean) {
  const written: string[] = []
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = new PassThrough()
  stderr.on('data', (chunk: Buffer) => written.push(chunk.toString()))
  return { stdin, stderr, written }
}

function outputTo(lines: string[]): Output {
  const stdout = { write: (text: string) => lines.push(text) }
  return new Output({ stdout, stderr: stdout, colours: false, json: false })
}

const said = (...flags: string[]) => ({ flag: (name: string) => flags.includes(name) })

describe('what changes something', () => {
  test.each([
    ['y', 'go'],
    ['yes', 'go'],
    [' YES ', 'go'],
    ['', 'declined'],
    ['n', 'declined'],
    ['yess', 'declined'],
  ] as const)('is asked for at a terminal: "%s" is %s', async (answer, wanted) => {
    const at = terminal(true)
    const lines: string[] = []
    const asked = new Confirmation(said(), at).confirm(outputTo(lines), 'replace 3 files?')
    at.stdin.write(`${answer}\n`)
    expect(await asked).toBe(wanted)
    expect(at.written.join('')).toContain('replace 3 files? [y/N] ')
    expect(lines.join('')).toBe(wanted === 'go' ? '' : 'nothing was changed\n')
  })

  test('is declined where the answer never comes', async () => {
    const at = terminal(true)
    const asked = new Confirmation(said(), at).confirm(outputTo([]), 'sure?')
    at.stdin.end()
    expect(await asked).toBe('declined')
  })

  test('is refused before any work without a terminal, and says which options there are', () => {
    expect(() => new Confirmation(said(), terminal(false))).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        help: expect.stringMatching(/--dry-run.*--yes/) as string,
      }),
    )
  })

  test('goes ahead with --yes, and nowhere with --dry-run, whoever is there', async () => {
    for (const isTTY of [true, false]) {
      const at = terminal(isTTY)
      expect(await new Confirmation(said('yes'), at).confirm(outputTo([]), '?')).toBe('go')
      const dry = new Confirmation(said('dry-run', 'yes'), at)
      expect(await dry.confirm(outputTo([]), '?')).toBe('dry-run')
      expect(at.written).toEqual([])
    }
  })
})
