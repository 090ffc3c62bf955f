import { flushOf, type FlushConfig } from './flush.ts'
import type { Problems } from './section.ts'
import { covers, type TableName, type TopicChoice } from './tables.ts'

/** What the rules across sections look at. */
interface Checked {
  readonly kafka: { readonly rebalanceTimeoutMs: number }
  readonly commit: { readonly drainBudgetMs: number; readonly stagedMaxAgeMs: number }
  readonly http: { readonly freshnessObjectiveMs: number }
  readonly flush: FlushConfig | Parameters<typeof flushOf>[1]
  readonly tables: readonly {
    readonly table: TableName
    readonly topics: readonly TopicChoice[]
    readonly flush: Parameters<typeof flushOf>[0]
  }[]
}

/** The rules across sections; they run once every section is right by itself. */
export function configRules(config: Checked, problems: Problems): void {
  tablesOnce(config, problems)
  topicsOnce(config, problems)
  drainFitsRebalance(config, problems)
  intervalsFit(config, problems)
}

function tablesOnce({ tables }: Checked, problems: Problems): void {
  const seen = new Map<string, number>()
  for (const [index, { table }] of tables.entries()) {
    const name = JSON.stringify([...table.namespace, table.name])
    const first = seen.get(name)
    if (first === undefined) seen.set(name, index)
    else problems(['tables', index, 'table'], `another table than \`tables.${first}\` has`)
  }
}

/** Two tables of one writer that take the same topic would share group offsets and race for its records. */
function topicsOnce({ tables }: Checked, problems: Problems): void {
  for (const [index, { topics }] of tables.entries()) {
    for (const choice of topics) {
      const other = tables
        .slice(0, index)
        .findIndex((earlier) => earlier.topics.some((taken) => overlap(taken, choice)))
      if (other !== -1) {
        const what = `topics that \`tables.${other}\` does not take`
        problems(['tables', index, 'topics'], `${what} (not ${choiceText(choice)})`)
      }
    }
  }
}

/** Whether both take a topic, where that can be told: two different patterns are looked at when topics are known. */
function overlap(left: TopicChoice, right: TopicChoice): boolean {
  if (left.kind === 'name') return covers(right, left.name)
  return right.kind === 'name'
    ? covers(left, right.name)
    : left.pattern.source === right.pattern.source
}

function choiceText(choice: TopicChoice): string {
  return choice.kind === 'name' ? choice.name : `pattern ${choice.pattern.source}`
}

function drainFitsRebalance({ kafka, commit }: Checked, problems: Problems): void {
  if (commit.drainBudgetMs >= kafka.rebalanceTimeoutMs) {
    const limit = `less than \`kafka.rebalance_timeout_ms\` (${kafka.rebalanceTimeoutMs})`
    problems(['commit', 'drain_budget_ms'], limit)
  }
}

function intervalsFit({ flush, tables, http, commit }: Checked, problems: Problems): void {
  for (const [index, table] of tables.entries()) {
    const { intervalMs } = flushOf(table.flush, flush)
    const key =
      table.flush.intervalMs === undefined
        ? ['flush', 'interval_ms']
        : ['tables', index, 'flush', 'interval_ms']
    if (intervalMs >= http.freshnessObjectiveMs) {
      problems(key, `less than \`http.freshness_objective_ms\` (${http.freshnessObjectiveMs})`)
    }
    if (intervalMs >= commit.stagedMaxAgeMs) {
      problems(key, `less than \`commit.staged_max_age_ms\` (${commit.stagedMaxAgeMs})`)
    }
  }
}
