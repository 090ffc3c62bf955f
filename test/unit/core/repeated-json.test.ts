import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isJsonObject, parseJson, type JsonValue } from '../../../src/core/json.ts'
import { RepeatedJson } from '../../../src/core/repeated-json.ts'

const newReader = (): RepeatedJson => new RepeatedJson({ within: 'metadata', names: ['s', 'log'] })

/** What both make of the same bytes, refusals too. */
function agree(reader: RepeatedJson, bytes: Buffer): void {
  const expected = attempt(() => parseJson(bytes.toString(), 'the text'))
  expect(attempt(() => reader.parse(Buffer.from(bytes), 'the text'))).toStrictEqual(expected)
}

function attempt(act: () => JsonValue): unknown {
  try {
    return { value: act() }
  } catch (fault) {
    return { refused: (fault as { code?: string }).code }
  }
}

/** A list of a text, by its name. */
function listOf(json: JsonValue, name: string): readonly JsonValue[] {
  const metadata = isJsonObject(json) ? json['metadata'] : undefined
  const list = isJsonObject(metadata) ? metadata[name] : undefined
  if (!Array.isArray(list)) throw new Error(`no ${name}`)
  const elements: readonly JsonValue[] = list
  return elements
}

const snapshot = (id: number, more = ''): string =>
  `{"id":${9_000_000_000_000_000_000n + BigInt(id)},"summary":{"a":"}]\\"${id}"${more}}}`
const textOf = (elements: readonly string[], before = ''): Buffer =>
  Buffer.from(`{"metadata":{${before}"s":[${elements.join(',')}],"x":1},"config":{}}`)

describe('elements whose bytes were there before are the values that they were', () => {
  const first = [1, 2, 3, 4, 5, 6, 7].map((id) => snapshot(id))
  const [one = '', two = '', three = '', ...others] = first
  const cases: readonly [string, readonly string[], readonly (number | undefined)[]][] = [
    ['the same again', first, [0, 1, 2, 3, 4, 5, 6]],
    ['one more', [...first, snapshot(8)], [0, 1, 2, 3, 4, 5, 6, undefined]],
    ['the oldest gone, one more', [...others, snapshot(8)], [3, 4, 5, 6, undefined]],
    ['one gone from among them', [one, three, ...others], [0, 2, 3, 4, 5, 6]],
    ['the newest gone', [one, two], [0, 1]],
    ['another order', first.toReversed(), [6, 5, 4, 3, 2, 1, 0]],
    ['one of them twice', [one, one, two, one], [0, 0, 1, 0]],
    ['another under the same id', [one, snapshot(2, ',"b":"c"'), three], [0, undefined, 2]],
    ['a longer one that begins alike', [one.replace('}}', '}} '), two], [0, 1]],
    ['white space in one', [one.replace(':', ': '), two], [undefined, 1]],
    ['white space between them', [`\n ${one}`, ` ${two}\t`, three], [0, 1, 2]],
    ['none', [], []],
  ]
  test.each(cases)('%s', (_, elements, origins) => {
    // The list lies elsewhere in the second text.
    const bytes = textOf(elements, '"more":"text",')
    const reader = newReader()
    const known = listOf(reader.parse(textOf(first), 'the first'), 's')
    const json = reader.parse(Buffer.from(bytes), 'the second')
    expect(json).toStrictEqual(parseJson(bytes.toString(), 'the second'))
    expect(listOf(json, 's').map((value) => known.indexOf(value))).toEqual(
      origins.map((at) => at ?? -1),
    )
  })

  test('through thousands of them, and texts that own their memory', () => {
    const reader = newReader()
    const all = Array.from({ length: 3_000 }, (_, id) => snapshot(id))
    let known: ReadonlySet<JsonValue> = new Set()
    for (const [from, to, fresh] of [
      [0, 2_000, 2_000],
      [0, 2_001, 1],
      [700, 2_100, 99],
      [700, 3_000, 900],
    ] as const) {
      const text = textOf(all.slice(from, to))
      const bytes = Buffer.from(new Uint8Array(text).buffer)
      const json = reader.parse(bytes, 'the text')
      expect(json).toStrictEqual(parseJson(text.toString(), 'the text'))
      // A text that is parsed once more is not lost for the next.
      expect(reader.parse(bytes, 'the text')).toStrictEqual(json)
      const list = listOf(json, 's')
      expect(list.filter((value) => !known.has(value))).toHaveLength(fresh)
      known = new Set(list)
    }
  })

  test('after a text that is none', () => {
    const reader = newReader()
    const known = listOf(reader.parse(textOf(first), 'the first'), 's')
    const torn = textOf([one, '{"id":'])
    expect(() => reader.parse(torn, 'the second')).toThrow(/is not JSON/)
    expect(() => reader.parse(Buffer.from('<html>'), 'the third')).toThrow(/the third is not JSON/)
    const list = listOf(reader.parse(textOf([one, two]), 'the fourth'), 's')
    expect(list.map((value) => known.indexOf(value))).toEqual([0, 1])
  })
})

describe('what comes out is what parseJson makes of the text', () => {
  const a = '{"id":1234567890123456789,"b":[1,{"c":"\\\\"}]}'
  const b = '{"id":2}'
  test.each([
    ['the lists twice', `{"metadata":{"s":[${a}],"s":[${b}]}}`],
    ['a list twice, another between', `{"metadata":{"s":[${a}],"log":[${b}],"s":[${b}]}}`],
    ['a list, then none', `{"metadata":{"s":[${a}],"s":null}}`],
    ['none, then a list', `{"metadata":{"s":null,"s":[${a}]}}`],
    ['metadata twice', `{"metadata":{"s":[${a}]},"metadata":{"s":[${b}]}}`],
    ['metadata, then none', `{"metadata":{"s":[${a}]},"metadata":1}`],
    ['a name in escapes', `{"metadata":{"s":[${a}],"\\u0073":[${b}]}}`],
    ['metadata in escapes', `{"metadata":{"s":[${a}]},"\\u006detadata":{"s":[${b}]}}`],
    ['metadata elsewhere', `{"x":{"metadata":{"s":[${a}]}},"y":[{"metadata":1}]}`],
    ['lists elsewhere', `{"s":[${a}],"metadata":{"x":{"s":[${b}]}}}`],
    ['elements that are no objects', `{"metadata":{"s":[10,${a},"${'x'.repeat(9)}",[1],null]}}`],
    ['a list that is an object', `{"metadata":{"s":${a}}}`],
    ['no metadata', '{"config":{}}'],
    ['metadata that is none', '{"metadata":[1]}'],
    ['no object', `[{"metadata":{"s":[${a}]}}]`],
    ['prototypes', `{"__proto__":{"s":1},"metadata":{"__proto__":{"x":1},"s":[{"__proto__":1}]}}`],
    ['white space', ` \n{ "metadata"\t:\r{ "s" : [ ${a} , ${b} ] , "log":[ ] } } \n`],
    ['something behind it', `{"metadata":{"s":[${a}]}} {}`],
    ['no comma', `{"metadata":{"s":[${a}${a}]}}`],
    ['a comma too many', `{"metadata":{"s":[${a},]}}`],
    ['a comma in place of a value', `{"metadata":{"s":[,${a}]}}`],
    ['another bracket', `{"metadata":{"s":[${a}}}}`],
    ['a text in the mark of long integers', `{"metadata":{"s":[${a},{"x":"\ue0001"}]}}`],
  ])('%s', (_, text) => {
    const reader = newReader()
    for (const one of [text, `{"metadata":{"s":[${a},${b}],"log":[${b}]}}`, text, text]) {
      agree(reader, Buffer.from(one))
    }
  })

  test.each([
    ['numbers', ['1'], ['10', '1.5', '1 ', '1']],
    ['texts', ['"1"'], ['"1"', '"1" ', '"1\\""']],
    ['lists', ['[1]', 'null'], ['null', '[1]', '[1,2]', 'true']],
  ])(
    'of elements that are no objects, and may go on behind a known one: %s',
    (_, first, second) => {
      const reader = newReader()
      agree(reader, textOf(first))
      for (const element of second) {
        agree(reader, textOf([element]))
        agree(reader, textOf([...first, element]))
      }
    },
  )

  test('of a text that ends anywhere, or has another byte anywhere', () => {
    const whole = textOf([a, b, snapshot(3)], '"log":[{"at":1}],')
    for (let at = 0; at < whole.length; at += 1) {
      const reader = newReader()
      reader.parse(Buffer.from(whole), 'the whole')
      agree(reader, whole.subarray(0, at))
      for (const byte of Buffer.from('"\\{}[],:1 \u00e9\0')) {
        const changed = Buffer.from(whole)
        changed[at] = byte
        agree(reader, changed)
      }
      agree(reader, whole)
    }
  })

  const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r ')
  const name = fc.constantFrom('"s"', '"log"', '"metadata"', '"a"', '"\\u0073"', '"__proto__"')
  const scalar = fc.oneof(
    fc.constantFrom('null', '0', '-0', '1.5', '1E400', '9007199254740993', '-9223372036854775808'),
    fc.constantFrom('"}]{[,:"', '"\\\\"', '"\\"s\\":["', '"\ue000"', '"\\ud83d"', '"é😀"', '""'),
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => JSON.stringify(text)),
  )
  const { object } = fc.letrec<{ value: string; object: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      scalar,
      tie('object'),
      fc
        .tuple(space, fc.array(tie('value'), { maxLength: 3 }), space)
        .map(([left, values, right]) => `[${left}${values.join(`${right},${left}`)}${right}]`),
    ),
    object: fc
      .tuple(space, fc.array(fc.tuple(name, space, tie('value')), { maxLength: 3 }), space)
      .map(
        ([left, members, right]) =>
          `{${left}${members.map(([key, gap, value]) => `${key}${gap}:${value}`).join(`${right},`)}${right}}`,
      ),
  }))
  /** Texts about one table: their elements are of one small stock. */
  const texts = fc.array(object, { minLength: 1, maxLength: 6 }).chain((stock) => {
    const element = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...stock) },
      { weight: 1, arbitrary: scalar },
    )
    const list = fc
      .tuple(space, fc.array(element, { maxLength: 8 }), space)
      .map(([left, elements, right]) => `[${left}${elements.join(`${right},${left}`)}${right}]`)
    const member = fc
      .tuple(
        fc.constantFrom('"s"', '"s"', '"log"', '"a"', '"b"', '"\\u0073"'),
        space,
        fc.oneof(list, list, object),
      )
      .map(([key, gap, value]) => `${key}${gap}:${gap}${value}`)
    const inner = fc.uniqueArray(member, { maxLength: 4 }).map((members) => members.join(','))
    const outer = fc.oneof(
      { weight: 4, arbitrary: inner.map((members) => `"metadata":{${members}}`) },
      { weight: 1, arbitrary: object.map((value) => `"config": ${value}`) },
    )
    const whole = fc
      .tuple(space, fc.array(outer, { minLength: 1, maxLength: 2 }))
      .map(([gap, members]) => `${gap}{${gap}${members.join(`${gap},${gap}`)}}${gap}`)
    return fc.array(whole, { minLength: 2, maxLength: 5 })
  })

  test('of any texts, one after the other', () => {
    fc.assert(
      fc.property(texts, (all) => {
        const reader = newReader()
        for (const text of all) agree(reader, Buffer.from(text))
      }),
      { numRuns: 3_000 },
    )
  })

  test('of texts with a byte changed, put in or left out', () => {
    const change = fc.record({
      at: fc.nat(),
      removed: fc.integer({ min: 0, max: 2 }),
      put: fc.constantFrom('', '{', '}', '[', ']', ',', '"', '\\', ':', '1', ' ', '\ue000'),
    })
    fc.assert(
      fc.property(texts, change, (all, { at, removed, put }) => {
        const reader = newReader()
        for (const text of all) {
          agree(reader, Buffer.from(text))
          const bytes = Buffer.from(text)
          const place = at % (bytes.length + 1)
          agree(
            reader,
            Buffer.concat([
              bytes.subarray(0, place),
              Buffer.from(put),
              bytes.subarray(place + removed),
            ]),
          )
        }
      }),
      { numRuns: 3_000 },
    )
  })

  test('of bytes that are no UTF-8', () => {
    const reader = newReader()
    for (const byte of [0x80, 0xc3, 0xe2, 0xf0, 0xff]) {
      const bytes = textOf([snapshot(1, ',"x":"?"'), snapshot(2)], '"?":"?",')
      for (let at = bytes.indexOf('?'); at >= 0; at = bytes.indexOf('?')) bytes[at] = byte
      agree(reader, bytes)
      agree(reader, bytes)
    }
    agree(reader, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), textOf([snapshot(1)])]))
  })
})
