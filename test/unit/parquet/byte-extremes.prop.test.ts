import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { byteArrayExtremes } from '../../../src/parquet/byte-extremes.ts'

function valuesOf(values: readonly Buffer[]) {
  const offsets = Int32Array.from([0, ...values.map((value) => value.length)])
  for (let index = 1; index < offsets.length; index += 1) offsets[index]! += offsets[index - 1]!
  return {
    count: values.length,
    width: 0,
    bytes: Buffer.concat(values),
    offsets,
    words: new Int32Array(0),
    floats: new Float32Array(0),
    doubles: new Float64Array(0),
  }
}

/** Few letters, so that values share long beginnings. */
const alike = fc
  .array(fc.constantFrom(0x00, 0x61, 0x62, 0xff), { maxLength: 14 })
  .map((bytes) => Buffer.from(bytes))
const text = fc
  .array(fc.constantFrom('a', 'b', 'é', '퟿', '\u{10ffff}'), { maxLength: 8 })
  .map((points) => Buffer.from(points.join('')))

for (const [kind, value] of [
  ['binary', alike],
  ['text', text],
] as const) {
  test(`bounds of ${kind} hold, and are exact where they say so`, () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(1, 2, 3, 4, 5, 8, Infinity),
        (values, bytesMax) => {
          const sorted = [...values].sort((left, right) => Buffer.compare(left, right))
          const [least, greatest] = [sorted[0]!, sorted.at(-1)!]
          const selection = { start: 0, end: values.length, picks: undefined }
          const cutting = { bytesMax, text: kind === 'text' }
          const found = byteArrayExtremes(valuesOf(values), selection, cutting)
          const [min, max] = [
            Buffer.from(found.min as Uint8Array),
            Buffer.from(found.max as Uint8Array),
          ]
          if (found.minExact) expect(min).toEqual(least)
          if (found.maxExact && greatest.length <= bytesMax) expect(max).toEqual(greatest)
          expect(found.minExact).toBe(least.length <= bytesMax)
          expect(Buffer.compare(min, least)).toBeLessThanOrEqual(0)
          expect(Buffer.compare(max, greatest)).toBeGreaterThanOrEqual(0)
          expect(min.length).toBeLessThanOrEqual(bytesMax)
          if (kind === 'text') expect(min.toString('utf8')).not.toContain('�')
        },
      ),
      { numRuns: 2000 },
    )
  })
}

test('only the picked values count', () => {
  const values = valuesOf(['b', 'a', 'c', 'd'].map((letter) => Buffer.from(letter)))
  const picks = Int32Array.from([2, 0])
  const found = byteArrayExtremes(values, { start: 0, end: 2, picks }, { bytesMax: 64, text: true })
  expect(Buffer.from(found.min as Uint8Array).toString()).toBe('b')
  expect(Buffer.from(found.max as Uint8Array).toString()).toBe('c')
})
