/** What a code means to the person who reads it, and what the program may do about it. */
export interface ErrorCodeFacts {
  /** `never`: the same call fails again. `backoff`: it may pass later. */
  readonly retry: 'never' | 'backoff'
  /** The exit code of a verb that ends with it: 1 failed, 2 wrong use, 3 refused with a reason. */
  readonly exit: 1 | 2 | 3
  /** One sentence for the documentation. */
  readonly meaning: string
}

const never = (exit: 1 | 2 | 3, meaning: string): ErrorCodeFacts => ({
  retry: 'never',
  exit,
  meaning,
})

const backoff = (meaning: string): ErrorCodeFacts => ({ retry: 'backoff', exit: 1, meaning })

/**
 * Every error code, once: the documentation's table is generated from it. Codes are stable; the messages are not.
 */
export const ERROR_CODES = {
  // Wrong use and configuration
  USAGE: never(2, 'The command line is wrong.'),
  CONFIG_INVALID: never(
    2,
    'The configuration file has problems; all of them are listed with their places.',
  ),
  JSON_INVALID: never(1, 'Something that should be JSON is not.'),

  HTTP_UNAVAILABLE: never(1, 'The port for health and metrics cannot be listened at.'),

  // Iceberg's files
  METADATA_INVALID: never(
    1,
    "A table's metadata breaks the Iceberg specification; the message names the place in the JSON.",
  ),
  MANIFEST_INVALID: never(
    1,
    'A manifest or a manifest list cannot be read, or cannot be written as asked.',
  ),
  DATA_FILE_UNREADABLE: never(
    1,
    'A data file or delete file is damaged, or in a form that Firn does not read; the message names the file.',
  ),
  SPEC_INVALID: never(2, 'A partition spec or sort order does not fit its schema.'),
  PROPERTY_INVALID: never(
    3,
    'A table property asks for something that Firn cannot do; the message names the property and what it may be.',
  ),
  TYPE_UNSUPPORTED: never(
    3,
    'A column has a type that Firn cannot write; the message names the column and the type.',
  ),

  // Tables
  INTERNAL: never(
    1,
    'A bug in Firn, or a fault that it does not know: nothing was lost, the records are read again.',
  ),
  ENCODER_THREAD_DIED: never(
    1,
    'A thread that decodes and encodes has ended. The process ends too; what it held is read again from the ledger.',
  ),
  SCHEMA_INCOMPATIBLE: never(
    2,
    'The table exists, and its columns do not take what the configuration declares.',
  ),
  FORMAT_VERSION_UNSUPPORTED: never(2, 'The table has a format version that Firn does not write.'),

  // Catalog
  CATALOG_UNAVAILABLE: backoff(
    'The catalog cannot be reached, or answered that it cannot serve now.',
  ),
  CATALOG_UNAUTHORIZED: never(1, 'The catalog does not accept who we say we are.'),
  CATALOG_FORBIDDEN: never(1, 'The catalog knows who we are and does not allow this.'),
  CATALOG_NOT_FOUND: never(
    1,
    'The catalog has no such thing: a wrong URI, warehouse, namespace or table.',
  ),
  CATALOG_REFUSED: never(1, 'The catalog refused a request, and would refuse it again.'),
  TABLE_MISSING: never(
    2,
    'The table does not exist, and the configuration does not say how to create it.',
  ),

  // Object storage
  STORAGE_UNAVAILABLE: backoff(
    'Object storage cannot be reached, or answered that it cannot serve now.',
  ),
  STORAGE_NOT_FOUND: never(1, 'An object that should be in object storage is not there.'),
  STORAGE_FORBIDDEN: never(1, 'Object storage does not allow this with these credentials.'),
  STORAGE_BUCKET_MISSING: never(1, 'The bucket does not exist.'),
  STORAGE_FULL: backoff('The disk is full.'),
  STORAGE_REFUSED: never(
    1,
    'Object storage refused a request, or the location is none that Firn can write.',
  ),

  // Kafka
  KAFKA_AUTHENTICATION: never(1, 'The brokers do not accept who we say we are.'),
  KAFKA_AUTHORIZATION: never(
    1,
    'The brokers know who we are and do not allow this; the message names the topic or group.',
  ),
  KAFKA_TOPIC_MISSING: never(2, 'No topic of that name, or none that matches the pattern, exists.'),
  KAFKA_GROUP_FAILED: never(1, 'The consumer group cannot be joined, or this member was fenced.'),
  KAFKA_PROTOCOL: backoff('A broker answered something that Firn does not know how to go on from.'),
  BATCH_TOO_LARGE: never(
    1,
    'A record batch is larger than `kafka.fetch.partition_max_bytes_limit`.',
  ),
  KAFKA_UNAVAILABLE: backoff('No broker can be reached, or the one that leads cannot serve now.'),

  // Records
  RECORD_MISFIT: never(
    1,
    'A record does not fit its table; the message names topic, partition, offset, field, what was expected and what was found.',
  ),
  RECORD_BATCH_CORRUPT: never(
    1,
    'A record batch is damaged; the message names its topic, partition and offset.',
  ),
  RECORD_FORMAT_UNSUPPORTED: never(
    3,
    'A topic holds records of a message format older than 2, which Kafka 0.11 brought.',
  ),

  // Committing
  COMMIT_EXHAUSTED: backoff(
    'A commit did not get through within its bounded attempts; the files are kept and tried again at a slow pace.',
  ),

  BRANCH_EXISTS: never(3, 'The branch that a replay would begin is there already.'),
  REPLAY_REFUSED: never(
    3,
    'A range cannot be replayed, or a branch not be promoted, exactly; the message says why, and nothing was changed.',
  ),
  REPLAY_AUDIT_FAILED: never(
    1,
    'After a replay the table does not hold exactly the positions that the log holds; the message lists the differences.',
  ),

  // Reading back
  AUDIT_FAILED: never(1, 'The table is not what its ledger says; every difference is listed.'),
  AUDIT_INEXACT: never(
    3,
    'Nothing wrong was found, and the table has what the audit cannot read: equality deletes, deletion vectors, or data files that are not Parquet.',
  ),
  LEDGER_MISSING: never(
    3,
    'The writer has no ledger in this table: it has never committed there, or not on this branch.',
  ),
  POSITIONS_MISSING: never(
    3,
    'The table has no metadata column with the topic, partition and offset of its rows.',
  ),
  MEMORY_EXCEEDED: never(
    3,
    'What was asked for takes more memory than it is allowed; the message names what, and the option that allows more.',
  ),

  // Where to start (planStart)
  TABLE_ROLLED_BACK: never(
    3,
    "The table was rolled back behind the writer's newest snapshot, and `on_rollback` is `hold`.",
  ),
  TABLE_HELD: never(
    3,
    'Somebody holds the table with `firn hold`: nothing is read or committed until `firn resume`.',
  ),
  ROLLBACK_REFUSED: never(
    3,
    'A rollback was asked for that cannot be made, or not exactly; the message says why, and nothing was changed.',
  ),
  CONNECT_EVENT_INVALID: never(
    1,
    "What Iceberg's Kafka Connect sink left in its control topic or in a snapshot cannot be read; nothing was changed.",
  ),
  LEDGER_MOVE_REFUSED: never(
    3,
    'A verb that changes the ledger does not apply to what was found; the message says why, and nothing was changed.',
  ),
  LEDGER_UNPROVEN: never(
    3,
    'Whether the newest known ledger is still part of the table cannot be proven: snapshots were expired.',
  ),
  LEDGER_CORRUPT: never(
    3,
    "A snapshot's ledger or its mirror cannot be read; the message names the snapshot or the property, and the place.",
  ),
  OTHER_REF: never(
    3,
    "The writer's ledger belongs to another branch of the table: a writer owns one branch of a table.",
  ),
  CATALOG_CANNOT_ARBITRATE: never(
    3,
    'The catalog accepts a commit on a head that has moved, or keeps neither tags nor properties: it cannot tell workers apart, or cannot carry a ledger.',
  ),
  LEDGER_LOST: never(3, 'Snapshots were expired, and neither a ledger nor its mirror is left.'),
  LEDGER_COPIED: never(
    3,
    "A snapshot on the table's ancestry copies one of Firn's (a cherry-pick): its rows are there, its positions are not.",
  ),
  TABLE_REPLACED: never(
    3,
    'The table was replaced (CREATE OR REPLACE) after the writer had started on it.',
  ),
  TABLE_RECREATED: never(
    3,
    'The table has another uuid than at start: it was dropped and created again.',
  ),
  OTHER_WRITER: never(3, "Another writer's ledger already holds this topic in this table."),
  OFFSETS_EXPIRED: never(3, 'Retention deleted records that the table does not have yet.'),
  LOG_TRUNCATED: never(
    3,
    "The ledger stands beyond the log's end: the log was truncated (unclean election, restored cluster).",
  ),
  TOPIC_RECREATED: never(
    3,
    'The topic was deleted and created again: its id differs from the one in the ledger.',
  ),
  CLUSTER_CHANGED: never(3, 'The brokers belong to another cluster than the one in the ledger.'),
} as const satisfies Record<string, ErrorCodeFacts>

/** A stable name of a kind of error. */
export type ErrorCode = keyof typeof ERROR_CODES
