import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** The labels of what is known for each partition of a table. */
type PartitionLabel = 'table' | 'topic' | 'partition'

const COMMIT_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Every metric there is: one place, so that dashboards and alerts can be checked against it. */
export interface Metrics {
  readonly recordsRead: Counter<'table' | 'topic'>
  readonly readBytes: Counter<'table' | 'topic'>
  readonly committedRows: Counter<'table'>
  readonly committedFiles: Counter<'table'>
  readonly committedBytes: Counter<'table'>
  readonly commitSeconds: Histogram<'table'>
  readonly commitAttempts: Counter<'table' | 'outcome'>
  readonly seals: Counter<'table' | 'reason'>
  readonly failures: Counter<'code'>
  readonly rollbacks: Counter<'table' | 'policy'>
  readonly rebalances: Counter<'event'>
  readonly assignedPartitions: Gauge
  readonly pausedPartitions: Gauge
  readonly haltedPartitions: Gauge<'table'>
  readonly heldBytes: Gauge<'stage'>
  readonly budgetBytes: Gauge
  readonly stagedFiles: Gauge<'table'>
  readonly ledgerPosition: Gauge<PartitionLabel>
  readonly logEndPosition: Gauge<PartitionLabel>
  readonly lagPositions: Gauge<PartitionLabel>
  readonly retainedPositions: Gauge<PartitionLabel>
  readonly freshnessSeconds: Gauge<'table'>
  readonly freshnessObjectiveSeconds: Gauge
  readonly completeThrough: Gauge<'table'>
  readonly lastCommit: Gauge<'table'>
  readonly metadataBytes: Gauge<'table'>
  readonly tableSnapshots: Gauge<'table'>
  readonly ready: Gauge
  readonly notReadyReasons: Gauge<'table' | 'code'>
  readonly buildInfo: Gauge<'version' | 'writer'>
}

/** Declares all metrics in a registry of one's own: nothing is kept in prom-client's global one. */
export function createMetrics(registry: Registry): Metrics {
  return { ...flowMetrics(registry), ...groupMetrics(registry), ...tableMetrics(registry) }
}

const PARTITION: readonly PartitionLabel[] = ['table', 'topic', 'partition']

function makers(registry: Registry): {
  counter: <L extends string>(name: string, help: string, labels: readonly L[]) => Counter<L>
  gauge: <L extends string = never>(name: string, help: string, labels?: readonly L[]) => Gauge<L>
} {
  const registers = [registry]
  return {
    counter: (name, help, labels) => new Counter({ name, help, labelNames: labels, registers }),
    gauge: (name, help, labels = []) => new Gauge({ name, help, labelNames: labels, registers }),
  }
}

function flowMetrics(registry: Registry) {
  const { counter } = makers(registry)
  return {
    recordsRead: counter('firn_records_read_total', 'Records read from Kafka.', ['table', 'topic']),
    readBytes: counter('firn_read_bytes_total', 'Bytes of record batches read from Kafka.', [
      'table',
      'topic',
    ]),
    committedRows: counter('firn_committed_rows_total', 'Rows in committed snapshots.', ['table']),
    committedFiles: counter('firn_committed_files_total', 'Data files in committed snapshots.', [
      'table',
    ]),
    committedBytes: counter('firn_committed_bytes_total', 'Bytes of committed data files.', [
      'table',
    ]),
    commitSeconds: new Histogram({
      name: 'firn_commit_seconds',
      help: 'Time of a commit request, from sending it to its answer.',
      labelNames: ['table'] as const,
      buckets: COMMIT_SECONDS,
      registers: [registry],
    }),
    commitAttempts: counter(
      'firn_commit_attempts_total',
      'Commit attempts by outcome: committed, already-committed, conflict, unknown, rejected, refused.',
      ['table', 'outcome'],
    ),
    seals: counter('firn_seals_total', 'Buffers closed, by reason.', ['table', 'reason']),
    failures: counter('firn_failures_total', 'Errors by code.', ['code']),
    rollbacks: counter('firn_rollbacks_total', 'Rollbacks of a table that were noticed.', [
      'table',
      'policy',
    ]),
  }
}

function groupMetrics(registry: Registry) {
  const { counter, gauge } = makers(registry)
  return {
    rebalances: counter(
      'firn_group_rebalances_total',
      'What the group told this worker: assigned, revoked, lost.',
      ['event'],
    ),
    assignedPartitions: gauge('firn_partitions_assigned', 'Partitions that this worker reads.'),
    pausedPartitions: gauge(
      'firn_partitions_paused',
      'Partitions that wait because the memory budget is used up.',
    ),
    haltedPartitions: gauge(
      'firn_partitions_halted',
      'Partitions that stand still until a person decides.',
      ['table'],
    ),
    heldBytes: gauge('firn_held_bytes', 'Bytes held of records: fetched, columns, upload.', [
      'stage',
    ]),
    budgetBytes: gauge('firn_memory_budget_bytes', 'The budget that held bytes stay within.'),
    ready: gauge('firn_ready', '1 while /readyz is green, else 0.'),
    notReadyReasons: gauge('firn_not_ready_reasons', 'What keeps /readyz red, by code.', [
      'table',
      'code',
    ]),
    buildInfo: gauge('firn_build_info', 'Always 1; the labels say what runs.', [
      'version',
      'writer',
    ]),
  }
}

function tableMetrics(registry: Registry) {
  const { gauge } = makers(registry)
  return {
    stagedFiles: gauge('firn_staged_files', 'Data files written and not committed yet.', ['table']),
    ledgerPosition: gauge(
      'firn_ledger_position',
      'The next position that the table does not have.',
      PARTITION,
    ),
    logEndPosition: gauge('firn_log_end_position', "The end of the partition's log.", PARTITION),
    lagPositions: gauge(
      'firn_lag_positions',
      "Positions between the ledger and the log's end.",
      PARTITION,
    ),
    retainedPositions: gauge(
      'firn_retained_positions',
      "Positions between the log's start and the ledger: at 0 retention has caught up.",
      PARTITION,
    ),
    freshnessSeconds: gauge(
      'firn_freshness_seconds',
      'How long the oldest record that is not in the table has been waiting; 0 when there is none.',
      ['table'],
    ),
    freshnessObjectiveSeconds: gauge(
      'firn_freshness_objective_seconds',
      'http.freshness_objective_ms.',
    ),
    completeThrough: gauge(
      'firn_complete_through_timestamp_seconds',
      'The time up to which the table has every record.',
      ['table'],
    ),
    lastCommit: gauge(
      'firn_last_commit_timestamp_seconds',
      "When this worker's last snapshot was committed.",
      ['table'],
    ),
    metadataBytes: gauge('firn_table_metadata_bytes', "The size of the table's metadata.json.", [
      'table',
    ]),
    tableSnapshots: gauge('firn_table_snapshots', 'Snapshots that the metadata lists.', ['table']),
  }
}

/** Takes a partition that this worker no longer reads off the metrics: another worker shows it from now on. */
export function forgetPartition(
  metrics: Metrics,
  labels: { readonly table: string; readonly topic: string; readonly partition: number },
): void {
  const texts = { ...labels, partition: String(labels.partition) }
  const { ledgerPosition, logEndPosition, lagPositions, retainedPositions } = metrics
  for (const gauge of [ledgerPosition, logEndPosition, lagPositions, retainedPositions]) {
    gauge.remove(texts)
  }
}
