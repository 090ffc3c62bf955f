import { expect, test } from 'vitest'
import { viewOf } from '../../../src/parquet/compare-bytes.ts'
import { xxHash64 } from '../../../src/parquet/xxhash64.ts'

/** From xxHash's own tests and documentation, seed 0. */
test.each([
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['as', '1c330fb2d66be179'],
  ['asd', '631c37ce72a97393'],
  ['asdf', '415872f599cea71e'],
  ['Call me Ishmael. Some years ago--never mind how long precisely-', '02a2e85470d6fd96'],
])('xxHash64 of "%s"', (text, expected) => {
  const bytes = new TextEncoder().encode(`.${text}.`)
  const { high, low } = xxHash64(viewOf(bytes), 1, bytes.length - 1)
  const hex = [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  expect(hex).toBe(expected)
})
