import type { NestedField, PrimitiveType, Schema, Type } from '../../../src/iceberg/types.ts'
import type { Seeded } from '../../support/seeded.ts'

type Deal = (random: Seeded) => PrimitiveType

const PLAIN_KINDS = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
] as const
const OTHER_KINDS = ['time', 'timestamp_ns', 'timestamptz_ns'] as const

/** What Iceberg's readers for Spark know; decimals once for each of their three ways to be stored. */
const SPARK_LEAVES: readonly Deal[] = [
  ...PLAIN_KINDS.map((kind) => () => ({ kind })),
  (random) => ({ kind: 'fixed', length: 1 + random.below(20) }),
  (random) => decimal(random, 1, 9),
  (random) => decimal(random, 10, 18),
  (random) => decimal(random, 19, 38),
]
/** Every primitive type that Firn writes. */
const ALL_LEAVES: readonly Deal[] = [
  ...SPARK_LEAVES,
  ...OTHER_KINDS.map((kind) => () => ({ kind })),
]
const NESTING_MAX = 4

function decimal(random: Seeded, least: number, most: number): PrimitiveType {
  const precision = least + random.below(most - least + 1)
  return { kind: 'decimal', precision, scale: random.below(precision + 1) }
}

export interface SchemaKind {
  readonly nested: boolean
  /** Whether it keeps to what Iceberg's readers for Spark know. */
  readonly spark: boolean
}

/** Schemas of any nesting. Leaves come from a deck that goes round: a dozen schemas have every type several times. */
export class FuzzedSchemas {
  private readonly random: Seeded
  private readonly decks = { all: new Deck(ALL_LEAVES), spark: new Deck(SPARK_LEAVES) }
  private deck: Deck = this.decks.all
  private id = 0

  constructor(random: Seeded) {
    this.random = random
  }

  /** `id`, by which rows are told apart, `reading`, a double that changes smoothly, and some columns. */
  next({ nested, spark }: SchemaKind): Schema {
    this.deck = this.decks[spark ? 'spark' : 'all']
    this.id = 0
    const count = nested ? 3 + this.random.below(4) : 8 + this.random.below(5)
    const id = { id: this.nextId(), name: 'id', required: true, type: { kind: 'long' } } as const
    const reading = { ...id, id: this.nextId(), name: 'reading', type: { kind: 'double' } } as const
    const fields = this.fields(count, nested ? 0 : NESTING_MAX)
    return { schemaId: 0, identifierFieldIds: [], fields: [id, reading, ...fields] }
  }

  private fields(count: number, depth: number): NestedField[] {
    const ids = Array.from({ length: count }, () => this.nextId())
    return ids.map((id, index) => ({
      id,
      name: `f${index}`,
      required: this.coin(),
      type: this.type(depth),
    }))
  }

  private type(depth: number): Type {
    const chosen = depth >= NESTING_MAX ? 0 : this.random.below(9)
    if (chosen < 3) return this.leaf()
    if (chosen < 5) {
      return { kind: 'struct', fields: this.fields(1 + this.random.below(3), depth + 1) }
    }
    if (chosen < 7) {
      const elementId = this.nextId()
      const elementRequired = this.coin()
      return { kind: 'list', elementId, elementRequired, element: this.type(depth + 1) }
    }
    const [keyId, valueId] = [this.nextId(), this.nextId()]
    const [key, value] = [this.leaf(), this.type(depth + 1)]
    return { kind: 'map', keyId, valueId, key, value, valueRequired: this.coin() }
  }

  private leaf(): PrimitiveType {
    return this.deck.deal(this.random)
  }

  private coin(): boolean {
    return this.random.below(2) === 1
  }

  private nextId(): number {
    this.id += 1
    return this.id
  }
}

/** Deals every card before one comes again. */
class Deck {
  private readonly cards: readonly Deal[]
  private left: Deal[] = []

  constructor(cards: readonly Deal[]) {
    this.cards = cards
  }

  deal(random: Seeded): PrimitiveType {
    if (this.left.length === 0) this.left = [...this.cards]
    const [card] = this.left.splice(random.below(this.left.length), 1)
    if (card === undefined) throw new RangeError('a deck is never empty')
    return card(random)
  }
}
