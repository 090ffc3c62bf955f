import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadedTable, TableAnswers } from '../../../src/catalog/table-answer.ts'
import type { LoadedTable } from '../../../src/catalog/catalog.ts'
import { isJsonObject, parseJson, type JsonValue } from '../../../src/core/json.ts'
import { goldenMetadataText, TABLES } from '../iceberg/golden-files.ts'

const TABLE = { namespace: ['lake'], name: 'orders' }
const FIRST_ID = 6_838_723_292_707_092_922n

const read = (answers: TableAnswers, text: string): LoadedTable =>
  answers.table(TABLE, doneOf(answers.parse(Buffer.from(text), 'the answer'), text))

/** As an answer is read of which nothing is known. */
const readAlone = (text: string): LoadedTable =>
  loadedTable(TABLE, doneOf(parseJson(text, 'the answer'), text))

function doneOf(json: JsonValue, text: string): Parameters<typeof loadedTable>[1] {
  if (!isJsonObject(json)) throw new Error('no object')
  return { outcome: 'done', json, length: Buffer.byteLength(text), etag: undefined }
}

function attempt(act: () => LoadedTable): unknown {
  try {
    return act()
  } catch (fault) {
    return (fault as Error).message
  }
}

interface Listed {
  readonly id: number
  readonly summary?: string
  readonly timestamp?: string
}

const snapshotText = ({
  id,
  summary = '{"operation":"append"}',
  timestamp = '1',
}: Listed): string =>
  `{"snapshot-id":${FIRST_ID + BigInt(id)},"sequence-number":${id},"timestamp-ms":${timestamp},"manifest-list":"s3://b/${id}","summary":${summary}}`

const answerText = (snapshots: readonly Listed[]): string =>
  `{"metadata-location":"s3://b/m.json","metadata":{"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1",
    "location":"s3://b/t","last-sequence-number":1,"last-updated-ms":1,"last-column-id":1,"current-schema-id":0,
    "default-spec-id":0,"last-partition-id":999,"default-sort-order-id":0,"properties":{"of":"${snapshots.length}"},
    "schemas":[{"type":"struct","schema-id":0,"fields":[]}],"partition-specs":[{"spec-id":0,"fields":[]}],
    "sort-orders":[{"order-id":0,"fields":[]}],"snapshots":[${snapshots.map(snapshotText).join(',')}],
    "snapshot-log":[${snapshots.map(({ id }) => `{"timestamp-ms":${id},"snapshot-id":${FIRST_ID + BigInt(id)}}`).join(', ')}]}}`

describe('answers about one table, one after the other', () => {
  test.each(TABLES)('are read as each of them alone: %s', (table) => {
    const answers = new TableAnswers()
    const text = `{"metadata": ${goldenMetadataText(table)}, "config": {"a": "b"}}`
    for (let time = 0; time < 3; time += 1) {
      expect(read(answers, text)).toStrictEqual(readAlone(text))
    }
  })

  test('have a snapshot that did not change as what it was', () => {
    const answers = new TableAnswers()
    const first = read(answers, answerText([{ id: 1 }, { id: 2 }, { id: 3 }])).metadata
    const second = read(answers, answerText([{ id: 2 }, { id: 3 }, { id: 4 }])).metadata
    expect(second.snapshots.map((one) => first.snapshots.indexOf(one))).toEqual([1, 2, -1])
    expect(second.snapshotLog.map((one) => first.snapshotLog.indexOf(one))).toEqual([1, 2, -1])
    expect(second.properties).toEqual({ of: '3' })
  })

  test('have a snapshot that changed under its id as it is', () => {
    const answers = new TableAnswers()
    read(answers, answerText([{ id: 1 }, { id: 2 }]))
    const summary = '{"operation":"replace"}'
    const { snapshots } = read(answers, answerText([{ id: 1, summary }, { id: 2 }])).metadata
    expect(snapshots.map((one) => one.summary)).toEqual([
      { operation: 'replace' },
      { operation: 'append' },
    ])
  })

  test('name the place of what is wrong as if nothing were known', () => {
    const answers = new TableAnswers()
    read(answers, answerText([{ id: 1 }, { id: 2 }]))
    const wrong = answerText([{ id: 1 }, { id: 2 }, { id: 3, summary: '{"a":1}' }])
    expect(() => read(answers, wrong)).toThrow(
      /^snapshots\[2\]\.summary\.a: expected a string, found 1$/,
    )
    // What was refused once is not known.
    expect(() => read(answers, wrong)).toThrow(/^snapshots\[2\]\.summary\.a/)
  })

  test('are read, or refused, as each of them alone, whatever becomes of the snapshots', () => {
    const listed = fc.record({
      id: fc.integer({ min: 1, max: 6 }),
      summary: fc.constantFrom('{"operation":"append"}', '{"operation":"append", "a":"}"}', '[]'),
      timestamp: fc.constantFrom('1', '9007199254740993', '9223372036854775807', '"1"'),
    })
    const few = { weight: 8, arbitrary: fc.integer({ min: 1, max: 6 }).map((id) => ({ id })) }
    const list = fc.array(fc.oneof(few, { weight: 1, arbitrary: listed }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(list, { minLength: 2, maxLength: 6 }), (lists) => {
        const answers = new TableAnswers()
        for (const snapshots of lists) {
          const text = answerText(snapshots)
          expect(attempt(() => read(answers, text))).toStrictEqual(attempt(() => readAlone(text)))
        }
      }),
      { numRuns: 500 },
    )
  })
})
