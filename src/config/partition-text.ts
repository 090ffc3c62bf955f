/** A field of a partition spec as declared. */
export interface DeclaredPartitionField {
  /** As Iceberg writes it: `identity`, `day`, `bucket[16]`. */
  readonly transform: string
  /** The column's full name, dotted: `customer.id`. */
  readonly source: string
  /** Undefined: as Iceberg names it, `ts_day`. */
  readonly name: string | undefined
}

/** A field of a sort order as declared. */
export interface DeclaredSortField {
  readonly transform: string
  readonly source: string
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
}

const PLAIN = /^(identity|year|month|day|hour|void)\s*\(\s*([^(),]+?)\s*\)$/i
const SIZED = /^(bucket|truncate)\s*\(\s*(\d{1,10})\s*,\s*([^(),]+?)\s*\)$/i
const COLUMN = /^[^\s(),]+$/
const NAMED = /^(.*?)\s+as\s+([^\s(),]+)$/i
const SORTED = /^(.*?)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?$/i
const INT_MAX = 2 ** 31 - 1

/** Reads `day(ts)`, `bucket(16, customer.id) as shard`, `region`. Undefined: it is none of these. */
export function readPartitionField(text: string): DeclaredPartitionField | undefined {
  const named = NAMED.exec(text.trim())
  const term = readTerm(named?.[1] ?? text.trim())
  return term === undefined ? undefined : { ...term, name: named?.[2] }
}

/** Reads `ts desc nulls last`, `bucket(16, id)`. Nulls go first in `asc` and last in `desc` unless said. */
export function readSortField(text: string): DeclaredSortField | undefined {
  const match = SORTED.exec(text.trim())
  const term = readTerm(match?.[1] ?? '')
  if (term === undefined) return undefined
  const direction = match?.[2]?.toLowerCase() === 'desc' ? 'desc' : 'asc'
  const nulls = match?.[3]?.toLowerCase() ?? (direction === 'asc' ? 'first' : 'last')
  return { ...term, direction, nullOrder: nulls === 'first' ? 'nulls-first' : 'nulls-last' }
}

function readTerm(text: string): { transform: string; source: string } | undefined {
  const [, plain, plainSource] = PLAIN.exec(text) ?? []
  if (plain !== undefined && plainSource !== undefined) {
    return { transform: plain.toLowerCase(), source: plainSource }
  }
  const [, sized, size, sizedSource] = SIZED.exec(text) ?? []
  if (sized !== undefined && sizedSource !== undefined) {
    const width = Number(size)
    if (width < 1 || width > INT_MAX) return undefined
    return { transform: `${sized.toLowerCase()}[${width}]`, source: sizedSource }
  }
  return COLUMN.test(text) ? { transform: 'identity', source: text } : undefined
}
