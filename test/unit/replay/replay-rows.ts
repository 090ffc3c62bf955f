import type { Schema } from '../../../src/iceberg/types.ts'
import { kafkaPlace } from '../../../src/replay/kafka-place.ts'
import type { Tree } from '../columns/tree.ts'
import { ORDERS } from '../commit/fixtures.ts'

export const REPLAY_SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'generation', type: { kind: 'long' }, required: false },
    {
      id: 2,
      name: '_kafka',
      required: false,
      type: {
        kind: 'struct',
        fields: [
          { id: 3, name: 'topic', type: { kind: 'string' }, required: true },
          { id: 4, name: 'partition', type: { kind: 'int' }, required: true },
          { id: 5, name: 'offset', type: { kind: 'long' }, required: true },
        ],
      },
    },
  ],
}

export const PLACE = kafkaPlace(REPLAY_SCHEMA, '_kafka')!

/** A row as a test sees it: `0@17` read for the second time is `['0@17', 2n]`; another writer's has no position. */
export type TestRow = readonly [position: string, generation: bigint]

/** Of a row that does not say which position it is of. */
export const NO_POSITION = '-'

export function treeOf([position, generation]: TestRow): Tree[] {
  if (position === NO_POSITION) return [generation, null]
  const [partition, offset] = position.split('@')
  return [generation, [ORDERS, Number(partition), BigInt(offset!)]]
}

export function rowsOfRange(
  partition: number,
  [start, end]: readonly [number, number],
  generation = 1n,
): TestRow[] {
  return Array.from({ length: end - start }, (_, index) => [
    `${partition}@${start + index}`,
    generation,
  ])
}
