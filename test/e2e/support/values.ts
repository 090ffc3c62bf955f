/** A value as it is produced, in JSON text, and as every reader must find it, in the rig's canonical form. */
export type Cell = readonly [json: string, found: unknown]

/** A column with values that have bitten some writer. `null` is among them unless it is required. */
export interface ColumnCases {
  readonly name: string
  /** In the configuration's words. */
  readonly type: string
  readonly cells: readonly Cell[]
}

const NULL: Cell = ['null', null]
const text = (value: string): Cell => [JSON.stringify(value), value]
const same = (json: string): Cell => [json, JSON.parse(json)]

const NUMBERS: readonly ColumnCases[] = [
  { name: 'flag', type: 'boolean', cells: [same('true'), same('false'), NULL] },
  {
    name: 'i',
    type: 'int',
    cells: [same('2147483647'), same('-2147483648'), same('0'), ['3.0', 3], ['3e2', 300], NULL],
  },
  {
    name: 'l',
    type: 'long',
    cells: [
      ['9223372036854775807', '9223372036854775807'],
      ['-9223372036854775808', '-9223372036854775808'],
      ['9007199254740993', '9007199254740993'],
      ['0', '0'],
      NULL,
    ],
  },
  {
    name: 'f',
    type: 'float',
    cells: [
      ['0.1', Math.fround(0.1)],
      ['3.4028234663852886e38', 3.4028234663852886e38],
      ['1.401298464324817e-45', 1.401298464324817e-45],
      ['"NaN"', 'NaN'],
      ['"-Infinity"', '-Infinity'],
      ['-0.0', -0],
      NULL,
    ],
  },
  {
    name: 'd',
    type: 'double',
    cells: [
      same('0.1'),
      same('1.7976931348623157e308'),
      same('5e-324'),
      ['"NaN"', 'NaN'],
      ['"Infinity"', 'Infinity'],
      ['-0.0', -0],
      same('123456789.123456789'),
      NULL,
    ],
  },
  {
    name: 'dec9',
    type: 'decimal(9, 2)',
    cells: [['1234567.89', '1234567.89'], ['"-0.01"', '-0.01'], ['14.200', '14.20'], NULL],
  },
  {
    name: 'dec18',
    type: 'decimal(18, 4)',
    cells: [['99999999999999.9999', '99999999999999.9999'], ['-1', '-1.0000'], NULL],
  },
  {
    name: 'dec38',
    type: 'decimal(38, 10)',
    cells: [
      ['9999999999999999999999999999.9999999999', '9999999999999999999999999999.9999999999'],
      ['"-9999999999999999999999999999.9999999999"', '-9999999999999999999999999999.9999999999'],
      ['0', '0.0000000000'],
      NULL,
    ],
  },
]

const TIMES: readonly ColumnCases[] = [
  {
    name: 'day',
    type: 'date',
    cells: [text('1969-12-31'), text('9999-12-31'), text('2024-02-29'), text('1600-01-01'), NULL],
  },
  {
    name: 'ts',
    type: 'timestamp',
    cells: [
      text('1969-12-31T23:59:59.999999'),
      text('2017-11-16T22:31:08.123456'),
      ['"9999-12-31 23:59:59.5"', '9999-12-31T23:59:59.500000'],
      ['"2024-02-29T12:00"', '2024-02-29T12:00:00.000000'],
      NULL,
    ],
  },
  {
    name: 'tstz',
    type: 'timestamptz',
    cells: [
      ['"2017-11-16T22:31:08.123456+05:30"', '2017-11-16T17:01:08.123456Z'],
      text('1969-12-31T23:59:59.999999Z'),
      ['"2024-12-31T23:30:00-01:00"', '2025-01-01T00:30:00.000000Z'],
      NULL,
    ],
  },
]

const BYTES: readonly ColumnCases[] = [
  {
    name: 's',
    type: 'string',
    cells: [
      text(''),
      text('Grüezi'),
      text('世界 🏔️ firn'),
      text('"quoted", \\back\\, new\nline,\ttab/and?query=1&b#c%20'),
      text('e\u0301 is not é'),
      text('𝔘𝔫𝔦𝔠𝔬𝔡𝔢'),
      text('x'.repeat(5_000)),
      NULL,
    ],
  },
  {
    name: 'u',
    type: 'uuid',
    cells: [
      text('f79c3e09-677c-4bbd-a479-3f349cb785e7'),
      ['"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      text('00000000-0000-0000-0000-000000000000'),
      NULL,
    ],
  },
  { name: 'fix', type: 'fixed[4]', cells: [['"AAECAw=="', '00010203'], NULL] },
  { name: 'bin', type: 'binary', cells: [['""', ''], ['"/////w=="', 'ffffffff'], NULL] },
]

const NESTED: readonly ColumnCases[] = [
  {
    name: 'st',
    type: 'struct<id: long, name: string, deep: struct<flag: boolean, tags: list<string>>>',
    cells: [
      [
        '{"id": 1, "name": "ein", "deep": {"flag": true, "tags": ["a", null, ""]}}',
        { id: '1', name: 'ein', deep: { flag: true, tags: ['a', null, ''] } },
      ],
      ['{}', { id: null, name: null, deep: null }],
      ['{"deep": {}, "id": -5}', { id: '-5', name: null, deep: { flag: null, tags: null } }],
      ['{"id": 9, "deep": {"tags": []}}', { id: '9', name: null, deep: { flag: null, tags: [] } }],
      NULL,
    ],
  },
  {
    name: 'lines',
    type: 'list<struct<sku: string not null, qty: int>>',
    cells: [
      ['[]', []],
      ['[null]', [null]],
      [
        '[{"sku": "a", "qty": 1}, null, {"sku": "b"}]',
        [{ sku: 'a', qty: 1 }, null, { sku: 'b', qty: null }],
      ],
      NULL,
    ],
  },
  {
    name: 'grid',
    type: 'list<list<int>>',
    cells: [same('[[1, null], [], null, [2]]'), same('[]'), same('[null]'), NULL],
  },
  {
    name: 'counts',
    type: 'map<string, long>',
    cells: [
      [
        '{"b": 1, "a": null}',
        [
          ['a', null],
          ['b', '1'],
        ],
      ],
      ['{}', []],
      ['{"ключ": 2}', [['ключ', '2']]],
      NULL,
    ],
  },
  {
    name: 'by_id',
    type: 'map<int, struct<x: double, xs: list<int>>>',
    cells: [
      [
        '[{"key": 7, "value": {"x": 0.5, "xs": [1]}}, {"key": -7, "value": null}]',
        [
          [-7, null],
          [7, { x: 0.5, xs: [1] }],
        ],
      ],
      ['[]', []],
      NULL,
    ],
  },
]

const NULLS: readonly ColumnCases[] = [
  { name: 'never', type: 'string', cells: [NULL] },
  { name: 'never_st', type: 'struct<a: int, b: list<long>>', cells: [NULL] },
  {
    name: 'seldom',
    type: 'long',
    cells: [['42', '42'], ...Array.from({ length: 60 }, () => NULL)],
  },
]

/** Everything that all four readers read. */
export const COMMON: readonly ColumnCases[] = [...NUMBERS, ...TIMES, ...BYTES, ...NESTED, ...NULLS]

/** Spark and icebird know no `time`. */
export const TIME_OF_DAY: ColumnCases = {
  name: 'tod',
  type: 'time',
  cells: [
    ['"00:00"', '00:00:00.000000'],
    text('23:59:59.999999'),
    ['"22:31:08"', '22:31:08.000000'],
    NULL,
  ],
}

/** Of version 3; PyIceberg alone reads both. */
export const NANOS: readonly ColumnCases[] = [
  {
    name: 'tns',
    type: 'timestamp_ns',
    cells: [text('1969-12-31T23:59:59.999999999'), text('2262-04-11T23:47:16.854775807'), NULL],
  },
  {
    name: 'tznns',
    type: 'timestamptz_ns',
    cells: [['"2017-11-16T22:31:08.123456789+05:30"', '2017-11-16T17:01:08.123456789Z'], NULL],
  },
]

/** Row i takes each column's value i modulo their number; `id` is i. */
export function caseRow(columns: readonly ColumnCases[], index: number): string {
  const members = columns.flatMap(({ name, cells }) => {
    const [json = 'null'] = cells[index % cells.length] ?? []
    // Every other null is a member that is not there.
    return json === 'null' && index % 2 === 0 ? [] : [`${JSON.stringify(name)}: ${json}`]
  })
  return `{"id": ${index}${members.map((member) => `, ${member}`).join('')}}`
}

/** What a reader must find in row i. */
export function caseFound(columns: readonly ColumnCases[], index: number): object {
  const found = columns.map(({ name, cells }) => [name, cells[index % cells.length]?.[1]] as const)
  return { id: String(index), ...Object.fromEntries(found) }
}
