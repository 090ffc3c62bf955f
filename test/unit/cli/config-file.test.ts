import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfigFile } from '../../../src/cli/config-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'firn-config-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const text = (more: string): string => `
writer: w
kafka: {brokers: "a:1"${more}}
catalog: {uri: http://c}
tables: [{table: a.b, topics: c}]
`

describe('readConfigFile', () => {
  test('reads the file, and the files it names beside it', () => {
    file('password', 'p\n')
    const sasl = ', sasl: {mechanism: plain, username: u, password_file: password}'
    const config = readConfigFile(file('firn.yaml', text(sasl)), {})
    expect(config.kafka.sasl?.mechanism === 'plain' && config.kafka.sasl.password.reveal()).toBe(
      'p',
    )
  })

  test('a file that is not there says how to name one', () => {
    expect(() => readConfigFile(join(folder, 'nowhere.yaml'), {})).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        help: expect.stringContaining('--config') as string,
      }),
    )
  })

  test('problems are one error, with their places', () => {
    const path = file('wrong.yaml', text(', rak: x'))
    expect(() => readConfigFile(path, {})).toThrow(`${path}:3:25: kafka.rak: expected \`rack\``)
  })
})
