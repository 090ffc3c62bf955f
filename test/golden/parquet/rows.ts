import type { Schema } from '../../../src/iceberg/types.ts'
import type { Tree } from '../../unit/columns/tree.ts'

/** Every type, with the extremes of its range: the content of `all-types.parquet`. */
export const SCHEMA: Schema = {
  schemaId: 1,
  identifierFieldIds: [1],
  fields: [
    { id: 1, name: 'long', required: true, type: { kind: 'long' } },
    { id: 2, name: 'boolean', required: false, type: { kind: 'boolean' } },
    { id: 3, name: 'int', required: false, type: { kind: 'int' } },
    { id: 4, name: 'float', required: false, type: { kind: 'float' } },
    { id: 5, name: 'double', required: false, type: { kind: 'double' } },
    { id: 6, name: 'd9', required: false, type: { kind: 'decimal', precision: 9, scale: 2 } },
    { id: 7, name: 'd18', required: false, type: { kind: 'decimal', precision: 18, scale: 0 } },
    { id: 8, name: 'd38', required: false, type: { kind: 'decimal', precision: 38, scale: 10 } },
    { id: 9, name: 'date', required: false, type: { kind: 'date' } },
    { id: 10, name: 'time', required: false, type: { kind: 'time' } },
    { id: 11, name: 'timestamp', required: false, type: { kind: 'timestamp' } },
    { id: 12, name: 'timestamptz', required: false, type: { kind: 'timestamptz' } },
    { id: 13, name: 'timestamp_ns', required: false, type: { kind: 'timestamp_ns' } },
    { id: 14, name: 'string', required: false, type: { kind: 'string' } },
    { id: 15, name: 'uuid', required: false, type: { kind: 'uuid' } },
    { id: 16, name: 'fixed', required: false, type: { kind: 'fixed', length: 3 } },
    { id: 17, name: 'binary', required: false, type: { kind: 'binary' } },
    {
      id: 18,
      name: 'points',
      required: false,
      type: {
        kind: 'list',
        elementId: 19,
        elementRequired: false,
        element: {
          kind: 'struct',
          fields: [
            { id: 20, name: 'x', required: true, type: { kind: 'int' } },
            { id: 21, name: 'label', required: false, type: { kind: 'string' } },
          ],
        },
      },
    },
    {
      id: 22,
      name: 'counts',
      required: false,
      type: {
        kind: 'map',
        keyId: 23,
        key: { kind: 'string' },
        valueId: 24,
        valueRequired: false,
        value: {
          kind: 'list',
          elementId: 25,
          elementRequired: true,
          element: { kind: 'long' },
        },
      },
    },
  ],
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const UUID = bytes('f79c3e09677c4bbda4793f349cb785e7')
const DIGITS_38 = 10n ** 38n - 1n
const INT64_MAX = 2n ** 63n - 1n

export const ROWS: readonly (readonly Tree[])[] = [
  [
    INT64_MAX,
    true,
    2 ** 31 - 1,
    Infinity,
    Number.MAX_VALUE,
    999_999_999n,
    10n ** 18n - 1n,
    DIGITS_38,
    19_675,
    86_399_999_999n,
    1_700_000_000_000_001n,
    1_700_000_000_000_001n,
    1_700_000_000_000_000_001n,
    'Grüße, 世界 🧊',
    UUID,
    bytes('00ff7f'),
    bytes(''),
    [[1, 'a'], null, [2, null]],
    { entries: [['a', [1n, 2n]], ['b', null]] },
  ],
  [
    -INT64_MAX - 1n,
    false,
    -(2 ** 31),
    -Infinity,
    Number.MIN_VALUE,
    -999_999_999n,
    -(10n ** 18n) + 1n,
    -DIGITS_38,
    -719_162,
    0n,
    -62_135_596_800_000_000n,
    -1n,
    -1n,
    '',
    bytes('00'.repeat(16)),
    bytes('000000'),
    bytes('00'),
    [],
    { entries: [] },
  ],
  [0n, ...Array.from({ length: 18 }, () => null)],
  [1n, true, 0, NaN, -0, 0n, 0n, -1n, 0, 1n, 0n, 0n, 0n, '\0', UUID, bytes('ffffff'), UUID, [null], { entries: [['', []]] }],
]
