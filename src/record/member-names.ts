import { FirnError } from '../core/errors.ts'
import type { NestedField } from '../iceberg/types.ts'
import type { DecodingOptions } from './decoding.ts'

/** Which field a member belongs to. Of a field's members the one with the least rank counts, then the last one. */
export interface NamedField {
  /** The field's place in its struct. */
  readonly index: number
  readonly rank: number
}

/** Finds the field of a struct that a member's name means. */
export class MemberNames {
  readonly #exact = new Map<string, NamedField>()
  readonly #anyCase = new Map<string, NamedField>()

  /**
   * The names are the field's own and then its aliases, each in its own case and, where `caseInsensitive`, in any.
   * Throws CONFIG_INVALID where two fields claim one name.
   */
  constructor(fields: readonly NestedField[], options: DecodingOptions) {
    for (const [index, field] of fields.entries()) {
      const names = [field.name, ...(options.aliases.get(field.id) ?? [])]
      for (const [order, name] of names.entries()) {
        claim(this.#exact, name, { field, fields, found: { index, rank: order * 2 } })
        if (!options.caseInsensitive) continue
        const found = { index, rank: order * 2 + 1 }
        claim(this.#anyCase, name.toLowerCase(), { field, fields, found })
      }
    }
  }

  lookup(name: string): NamedField | undefined {
    return this.#exact.get(name) ?? this.#anyCase.get(name.toLowerCase())
  }

  /** The exact names with what they mean. */
  entries(): IterableIterator<[string, NamedField]> {
    return this.#exact.entries()
  }
}

interface Claim {
  readonly field: NestedField
  readonly fields: readonly NestedField[]
  readonly found: NamedField
}

function claim(
  names: Map<string, NamedField>,
  name: string,
  { field, fields, found }: Claim,
): void {
  const holder = names.get(name)
  if (holder === undefined) names.set(name, found)
  else if (holder.index !== found.index) {
    const other = fields[holder.index]?.name ?? ''
    throw new FirnError(
      'CONFIG_INVALID',
      `the member name ${JSON.stringify(name)} would belong to two columns, ${other} and ${field.name}`,
      { help: 'Change their aliases, or turn `value.case_insensitive` off.' },
    )
  }
}
