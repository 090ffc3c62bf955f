import * as fc from 'fast-check'

/** JSON with a few characters changed, taken out or put in. */
export function brokenJson(from: fc.Arbitrary<string> = fc.json({ stringUnit: 'grapheme' })) {
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.constantFrom(...EDITS),
  })
  return fc.tuple(from, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([text, edits]) => {
    let broken = text
    for (const { at, remove, insert } of edits) {
      const place = at % (broken.length + 1)
      broken = broken.slice(0, place) + insert + broken.slice(place + remove)
    }
    return broken
  })
}

const EDITS = [
  '',
  ' ',
  '\t',
  '\n',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '+',
  '.',
  'e',
  '0',
  '1',
  '9',
  'null',
  'true',
  '\\n',
  '\\u0041',
  '\\/',
  '\\x',
  '\u0000',
  '\u001f',
  '\u007f',
  '\u00a0',
  'é',
  '😀',
  '/*x*/',
  '1e5',
]
