import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { stageMicros } from '../../bench/stage-profile.ts'

const folder = mkdtempSync(join(tmpdir(), 'firn-profile-'))
const profiles = mkdtempSync(join(folder, 'profiles-'))
const bundled = pathToFileURL(join(folder, 'encoding.js')).href

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A source map whose line n is line 1 of the n-th source. */
function writeMap(...sources: string[]): void {
  const mappings = sources.map((_, index) => (index === 0 ? 'AAAA' : 'ACAA')).join(';')
  writeFileSync(
    join(folder, 'encoding.js.map'),
    JSON.stringify({ version: 3, sources, names: [], mappings }),
  )
}

const frame = (functionName: string, url: string, lineNumber = 0, columnNumber = 0) => ({
  functionName,
  url,
  lineNumber,
  columnNumber,
})

test('the time of a bundled function goes to the stage of its source, or of who called it', async () => {
  writeMap(
    '../src/parquet/page.ts',
    '../src/record/inflate.ts',
    '../src/record/json-row.ts',
    '../node_modules/@platformatic/kafka/dist/network/connection.js',
    '../node_modules/other/src/parquet/page.js',
  )
  const nodes = [
    { id: 1, callFrame: frame('(root)', '', -1, -1), children: [2, 9, 10] },
    { id: 2, callFrame: frame('', bundled), children: [3, 4, 5, 6, 7] },
    { id: 3, callFrame: frame('page', bundled, 0, 9) },
    { id: 4, callFrame: frame('inflate', bundled, 1, 9) },
    { id: 5, callFrame: frame('row', bundled, 2, 9), children: [8] },
    { id: 6, callFrame: frame('send', bundled, 3, 9) },
    { id: 7, callFrame: frame('other', bundled, 4, 9) },
    { id: 8, callFrame: frame('toString', 'node:buffer', 5, 1) },
    { id: 9, callFrame: frame('(garbage collector)', '', -1, -1) },
    { id: 10, callFrame: frame('(idle)', '', -1, -1) },
  ]
  const samples = [2, 3, 4, 5, 8, 6, 7, 9, 10]
  const timeDeltas = [1, 2, 4, 8, 16, 32, 64, 128, 256]
  writeFileSync(join(profiles, 'a.cpuprofile'), JSON.stringify({ nodes, samples, timeDeltas }))
  expect(Object.fromEntries(await stageMicros(profiles))).toEqual({
    encode: 2,
    inflate: 4,
    decode: 8 + 16,
    fetch: 32,
    gc: 128,
    other: 1 + 64,
  })
})
