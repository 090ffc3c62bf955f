import type { BatchBuilder } from '../columns/batch-builder.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import { required } from '../core/assert.ts'
import type { DecodingOptions } from './decoding.ts'
import { bindingSource } from './json-bindings.ts'
import { JsonKeys, START } from './json-keys.ts'
import { JsonMembers } from './json-members.ts'
import { primitiveSource, PrimitiveReaders } from './json-primitives.ts'
import { MemberNames } from './member-names.ts'
import { commentText, SourceText } from './source-text.ts'

/** What generated code is made of: its text, and the objects that it names by number. */
export interface CompiledJson {
  readonly source: string
  readonly objects: readonly JsonMembers[]
  readonly readers: PrimitiveReaders
}

/** An object in the JSON: the root, a struct, or an entry of a map that is an array. */
interface ObjectShape {
  /** The function's name. */
  readonly name: string
  readonly columns: readonly ColumnBuilder[]
  readonly names: MemberNames
  readonly anyCase: boolean
  /** The struct's own column, which takes a slot. */
  readonly own: ColumnBuilder | undefined
  /** How deep the object lies; the root has 1. */
  readonly depth: number
}

const ENTRY = { key: 'key', value: 'value' } as const

/**
 * Writes the code that reads one schema's JSON: a function for each column, which answers the place behind its value or
 * -1, and which writes to the column's own arrays. Names from the schema appear in comments and as byte values only.
 */
export class JsonCompiler {
  readonly #options: DecodingOptions
  readonly #indexes: ReadonlyMap<ColumnBuilder, number>
  readonly #text = new SourceText()
  readonly #objects: JsonMembers[] = []
  readonly #readers = new PrimitiveReaders()
  readonly #counters: Int32Array

  constructor(builder: BatchBuilder, options: DecodingOptions) {
    this.#options = options
    this.#counters = builder.counters
    this.#indexes = new Map(builder.allColumns.map((column, index) => [column, index]))
  }

  compile(columns: readonly ColumnBuilder[]): CompiledJson {
    this.#text.add(...bindingSource(columns, this.#indexes))
    const names = new MemberNames(
      columns.map(({ field }) => field),
      this.#options,
    )
    const anyCase = this.#options.caseInsensitive
    this.#addObject({ name: 'root', columns, names, anyCase, own: undefined, depth: 1 })
    this.#text.add(
      '/** Whether the value at p, up to r.end, was appended; if not, the row is half done. */',
      'return function read(r, p) {',
      'if (S[0] >= rows || builder.generation !== bound) prepare()',
      'p = skipSpace(r, p)',
      'if (r.bytes[p] !== 123) return false',
      'p = root(r, p)',
      '/* White space may go on in what follows the value. */',
      'return p === r.end || (p >= 0 && p < r.end && skipSpace(r, p) >= r.end)',
      '}',
    )
    return {
      source: this.#text.toString(),
      objects: this.#objects,
      readers: this.#readers,
    }
  }

  #index(column: ColumnBuilder): number {
    return required(this.#indexes.get(column), 'index of a column')
  }

  /**
   * Members are first taken to come as the schema has them, without white space: one comparison for the end of a member and
   * the key of the next. From the first one that does not, the object is read by tables, in whatever order.
   */
  #addObject(shape: ObjectShape): void {
    const { columns, own } = shape
    for (const column of columns) this.#addValue(column, shape.depth)
    const fieldNames = columns.map(({ field }) => field.name)
    const keys = new JsonKeys(fieldNames, shape.names, { anyCase: shape.anyCase })
    const several = columns.map((_, field) => hasSeveralNames(shape, field))
    const depthLeft = this.#options.depthMax - shape.depth
    const at = this.#objects.length
    this.#objects.push(new JsonMembers({ columns, keys, several, depthLeft }, this.#counters))
    const readers = columns.map((column) => `value${this.#index(column)}`)
    this.#text.add(
      `function ${shape.name}(r, p) {`,
      'const src = r.bytes, view = r.view, end = r.end',
      `let f = ${START}`,
      ...(own === undefined ? [] : [`S[${own.lengthAt}]++`]),
      ...this.#straightLines(columns),
      `return objects[${at}].read(r, p, f)`,
      '}',
      `objects[${at}].open([${readers.join(', ')}], rebind)`,
    )
  }

  /** Up to the first name that JSON may write in more than one way. */
  #straightLines(columns: readonly ColumnBuilder[]): string[] {
    const keys = columns.map(({ field }) => JSON.stringify(field.name))
    const escaped = keys.findIndex((key) => key.includes('\\'))
    const straight = columns.slice(0, escaped < 0 ? columns.length : escaped)
    if (straight.length === 0) return []
    return [
      'straight: {',
      ...straight.flatMap((column, field) => {
        const key = Buffer.from(`${field === 0 ? '{' : ','}${keys[field]}:`)
        return [
          `/* ${commentText(column.field.name)} */`,
          `if (p + ${key.length} > end || ${otherBytes(key)}) break straight`,
          `p += ${key.length}`,
          `p = ${this.#valueCall(column)}`,
          'if (p < 0) return -1',
          `f = ${field}`,
        ]
      }),
      ...(straight.length === columns.length ? ['if (src[p] === 125) return p + 1'] : []),
      '}',
    ]
  }

  #valueCall(column: ColumnBuilder): string {
    const index = this.#index(column)
    if (!column.optional) return `value${index}(r, p)`
    return `src[p] === 110 ? (C${index}.fillNull(), skipNull(r, p)) : value${index}(r, p)`
  }

  #addValue(column: ColumnBuilder, parentDepth: number): void {
    const index = this.#index(column)
    const depth = parentDepth + 1
    const { layout, field } = column
    const nested = layout === 'struct' || layout === 'list' || layout === 'map'
    if (nested && depth > this.#options.depthMax) {
      this.#text.add(`function value${index}() { return -1 }`)
    } else if (layout === 'struct') this.#addStruct(column, depth)
    else if (layout === 'list') this.#addList(column, depth)
    else if (field.type.kind === 'map') {
      if (field.type.key.kind === 'string') this.#addTextMap(column, depth)
      else this.#addEntryMap(column, depth)
    } else this.#text.add(...primitiveSource(column, index, this.#readers))
  }

  #addStruct(column: ColumnBuilder, depth: number): void {
    const index = this.#index(column)
    const names = new MemberNames(
      column.children.map(({ field }) => field),
      this.#options,
    )
    const anyCase = this.#options.caseInsensitive
    const columns = column.children
    this.#addObject({ name: `members${index}`, columns, names, anyCase, own: column, depth })
    this.#text.add(
      `function value${index}(r, p) {`,
      `return r.bytes[p] === 123 ? members${index}(r, p) : -1`,
      '}',
    )
  }

  #addList(column: ColumnBuilder, depth: number): void {
    const element = column.child(0)
    this.#addValue(element, depth)
    this.#addSequence(column, {
      brackets: [91, 93],
      item: [this.#growLine(element), `p = ${this.#valueCall(element)}`],
      done: [],
    })
  }

  #addTextMap(column: ColumnBuilder, depth: number): void {
    const [key, value] = [column.child(0), column.child(1)]
    this.#addValue(key, depth)
    this.#addValue(value, depth)
    this.#addSequence(column, {
      brackets: [123, 125],
      item: [
        this.#growLine(key),
        this.#growLine(value),
        `p = value${this.#index(key)}(r, p)`,
        'if (p < 0) return -1',
        'p = skipSpace(r, p)',
        'if (src[p] !== 58) return -1',
        'p = skipSpace(r, p + 1)',
        `p = ${this.#valueCall(value)}`,
      ],
      done: [this.#distinctLine(key)],
    })
  }

  #addEntryMap(column: ColumnBuilder, depth: number): void {
    const [key, value] = [column.child(0), column.child(1)]
    const fields = [
      { ...key.field, name: ENTRY.key },
      { ...value.field, name: ENTRY.value },
    ]
    // The members of an entry are the format's own names, in their own case.
    const names = new MemberNames(fields, {
      ...this.#options,
      caseInsensitive: false,
      aliases: new Map(),
    })
    const name = `entry${this.#index(column)}`
    const columns = [key, value]
    const entryDepth = depth + 1
    this.#addObject({ name, columns, names, anyCase: false, own: undefined, depth: entryDepth })
    const tooDeep = entryDepth > this.#options.depthMax
    this.#addSequence(column, {
      brackets: [91, 93],
      item: [
        `if (src[p] !== 123${tooDeep ? ' || true' : ''}) return -1`,
        this.#growLine(key),
        this.#growLine(value),
        `p = ${name}(r, p)`,
      ],
      done: [this.#distinctLine(key)],
    })
  }

  /** Items between brackets, and then the slot that holds them. */
  #addSequence(
    column: ColumnBuilder,
    parts: {
      brackets: readonly [number, number]
      item: readonly string[]
      done: readonly string[]
    },
  ): void {
    const index = this.#index(column)
    const [open, close] = parts.brackets
    const items = column.child(0).lengthAt
    this.#text.add(
      `function value${index}(r, p) {`,
      'const src = r.bytes',
      'let c = 0',
      `if (src[p] !== ${open}) return -1`,
      `const first = S[${items}]`,
      'p = skipSpace(r, p + 1)',
      `if (src[p] === ${close}) p++`,
      'else for (;;) {',
      ...parts.item,
      'if (p < 0) return -1',
      'if (src[p] <= 32) p = skipSpace(r, p)',
      'c = src[p++]',
      `if (c === ${close}) break`,
      'if (c !== 44) return -1',
      'if (src[p] <= 32) p = skipSpace(r, p)',
      '}',
      ...parts.done,
      `const n = S[${column.lengthAt}]`,
      `o${index}[n + 1] = S[${items}]`,
      `S[${column.lengthAt}] = n + 1`,
      'return p',
      '}',
    )
  }

  #growLine(column: ColumnBuilder): string {
    const index = this.#index(column)
    return `if (S[${column.lengthAt}] >= m${index}) grow${index}()`
  }

  #distinctLine(key: ColumnBuilder): string {
    const items = `S[${key.lengthAt}] - first`
    return `if (${items} > 1 && hasEqualSlots(C${this.#index(key)}, first)) return -1`
  }
}

/** With several names, which one counts depends on more than the order: the slow path knows. */
function hasSeveralNames({ names, anyCase }: ObjectShape, field: number): boolean {
  return anyCase || [...names.entries()].filter(([, to]) => to.index === field).length > 1
}

/** Whether one of the bytes at p, at least four, is another than these: by words, of which the last two may overlap. */
function otherBytes(bytes: Buffer): string {
  const tests: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const from = Math.min(at, bytes.length - 4)
    tests.push(`view.getInt32(p + ${from}, true) !== ${bytes.readInt32LE(from)}`)
  }
  return tests.join(' || ')
}
