import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { Type } from '../../../src/iceberg/types.ts'
import { ROWS, SCHEMA } from '../../golden/parquet/rows.ts'
import { batchOf, type Tree } from '../columns/tree.ts'
import { encodeFile } from './parquet-files.ts'

const GOLDEN = resolve(import.meta.dirname, '../../golden/parquet')

test('every type is written to the byte as in the file that PyArrow has read', () => {
  const { bytes } = encodeFile(SCHEMA, [batchOf(SCHEMA, ROWS)], {
    properties: { 'write.parquet.compression-codec': 'none' },
  })
  expect(Buffer.from(bytes)).toEqual(readFileSync(`${GOLDEN}/all-types.parquet`))
})

test('PyArrow read what was meant', () => {
  const read: unknown = JSON.parse(readFileSync(`${GOLDEN}/all-types.json`, 'utf8'))
  const meant = ROWS.map((row) =>
    SCHEMA.fields.map((field, index) => plain(field.type, row[index]!)),
  )
  expect(read).toEqual(meant)
})

/** In the form of `read.py`. */
function plain(type: Type, tree: Tree): unknown {
  if (tree === null) return null
  switch (type.kind) {
    case 'boolean':
    case 'string':
      return tree
    case 'float':
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleBE(tree as number)
      return bytes.toString('hex')
    }
    case 'uuid':
    case 'fixed':
    case 'binary':
      return Buffer.from(tree as Uint8Array).toString('hex')
    case 'struct':
      return type.fields.map((field, index) => plain(field.type, (tree as Tree[])[index]!))
    case 'list':
      return (tree as Tree[]).map((element) => plain(type.element, element))
    case 'map':
      return (tree as { entries: [Tree, Tree][] }).entries.map(([key, value]) => [
        plain(type.key, key),
        plain(type.value, value),
      ])
    default:
      return (tree as bigint | number).toString()
  }
}
