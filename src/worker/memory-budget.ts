/** What holds memory, in bytes. */
export interface MemoryHeld {
  /** Fetched from Kafka and not yet taken. */
  readonly fetchedBytes: number
  /** For each table: columns, encoded bytes and uploads under way. */
  readonly tableBytes: ReadonlyMap<string, number>
}

export interface BudgetDecision {
  /** Whether fetching goes on. */
  readonly fetch: 'go-on' | 'pause'
  /** The table whose buffer is the largest, when sealing it is what makes room. */
  readonly seal: string | undefined
}

/** Fetching starts again only when there is room for a while, so that it does not flap. */
const RESUME_AT = 0.7

/**
 * Keeps what is held below the budget: at the budget fetching pauses and the largest buffer is sealed; Kafka keeps
 * what is not fetched. Pure.
 */
export function decideBudget(
  held: MemoryHeld,
  options: { readonly budgetBytes: number; readonly paused: boolean },
): BudgetDecision {
  const sizes = [...held.tableBytes]
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, held.fetchedBytes)
  const limit = options.paused ? options.budgetBytes * RESUME_AT : options.budgetBytes
  if (total < limit) return { fetch: 'go-on', seal: undefined }
  const [largest] = sizes.reduce<readonly [string | undefined, number]>(
    (best, [table, bytes]) => (bytes > best[1] ? [table, bytes] : best),
    [undefined, 0],
  )
  return { fetch: 'pause', seal: largest }
}

/** The rest is for what is fetched, for encoded bytes and uploads, and for what the columns pass their share by. */
const COLUMNS_SHARE = 1 / 2
/** With less, row groups would be too small to be worth a reader's while; pausing keeps the budget then. */
const COLUMN_BYTES_MIN = 1024 * 1024

/** Bytes of columns for each encoder, where every table has one in every thread. */
export function columnBytesMax(
  budgetBytes: number,
  { tables, threads }: { readonly tables: number; readonly threads: number },
): number {
  const encoders = Math.max(1, tables) * Math.max(1, threads)
  return Math.max(COLUMN_BYTES_MIN, Math.floor((budgetBytes * COLUMNS_SHARE) / encoders))
}
