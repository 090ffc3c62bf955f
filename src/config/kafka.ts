import { z } from 'zod'
import {
  either,
  MIB,
  milliseconds,
  oneOf,
  secret,
  secretFile,
  section,
  text,
  tlsSection,
  whole,
  type Problems,
  type ReadFile,
} from './section.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

const BROKER = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:,[\]]+):\d{1,5}$/

/** A broker to ask first. */
interface BrokerAddress {
  readonly host: string
  readonly port: number
}

const broker = text().regex(BROKER, { error: 'host:port' })

const brokers = z
  .union([
    text()
      .transform((list) => list.split(',').map((item) => item.trim()))
      .pipe(z.array(broker)),
    z.array(broker).min(1),
  ])
  .transform((list) => list.map(addressOf))

function addressOf(address: string): BrokerAddress {
  const colon = address.lastIndexOf(':')
  return {
    host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: Number(address.slice(colon + 1)),
  }
}

const passwordSasl = (readFile: ReadFile) =>
  section(
    {
      mechanism: z
        .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
        .meta({ description: 'A user name and a password; `plain` only over TLS.' }),
      username: text().meta({ description: 'The user.' }),
      password: secret().optional().meta({ description: 'The password.' }),
      password_file: secretFile(readFile)
        .optional()
        .meta({ description: 'A file with the password.' }),
    },
    oneOf('password'),
  ).transform(({ passwordFile, password, ...rest }) => ({
    ...rest,
    password: either(password, passwordFile),
  }))

const tokenSasl = (readFile: ReadFile) =>
  section(
    {
      mechanism: z.literal('oauthbearer').meta({ description: 'A bearer token (KIP-255).' }),
      token: secret().optional().meta({ description: 'The token.' }),
      token_file: secretFile(readFile).optional().meta({
        description:
          'A file with the token; it is read at every authentication, so that it can be renewed.',
      }),
    },
    oneOf('token'),
  ).transform(({ tokenFile, token, ...rest }) => ({ ...rest, token: either(token, tokenFile) }))

const fetchSection = section(
  {
    max_bytes: whole(1024, 1024 * MIB)
      .default(16 * MIB)
      .meta({ description: 'Most bytes of one response of a broker (fetch.max.bytes).' }),
    partition_max_bytes: whole(1024, 1024 * MIB)
      .default(2 * MIB)
      .meta({
        description: 'Most bytes of one partition in a response (max.partition.fetch.bytes).',
      }),
    partition_max_bytes_limit: whole(1024, 1024 * MIB)
      .default(128 * MIB)
      .meta({
        description: 'How far `partition_max_bytes` grows by itself for a batch that is larger.',
      }),
    min_bytes: whole(1, 1024 * MIB)
      .default(1)
      .meta({ description: 'A broker answers once it has so many bytes (fetch.min.bytes)…' }),
    max_wait_ms: milliseconds(1, 300_000)
      .default(500)
      .meta({ description: '…or once so long has passed (fetch.max.wait.ms).' }),
  },
  (fetch, problems) => {
    if (fetch.partition_max_bytes_limit < fetch.partition_max_bytes) {
      problems(
        ['partition_max_bytes_limit'],
        `at least \`partition_max_bytes\` (${fetch.partition_max_bytes})`,
      )
    }
  },
)

// Kafka's own defaults.
const SESSION_TIMEOUT_MS = 45_000
const HEARTBEAT_INTERVAL_MS = 3000

const groupKeys = {
  group: text().optional().meta({
    description: 'The consumer group. Default: `firn-` and the name of the writer.',
  }),
  group_protocol: z.enum(['classic', 'consumer']).default('classic').meta({
    description:
      'How the members of the group share partitions: `classic`, which every broker speaks, or `consumer` (KIP-848), where brokers of 4.0 or later decide and a rebalance stops nobody. Correctness depends on neither.',
  }),
  instance_id: text().optional().meta({
    description:
      'Static membership (group.instance.id): a restart within the session time-out keeps its partitions. Another one for each worker.',
  }),
  rack: text().optional().meta({
    description:
      "This worker's rack or zone (client.rack): brokers then let it read from the replica nearby.",
  }),
  session_timeout_ms: milliseconds(1000, 3_600_000).optional().meta({
    description:
      'A member that is silent for so long has left (session.timeout.ms). Default: 45000; under `group_protocol: consumer` the brokers decide.',
  }),
  heartbeat_interval_ms: milliseconds(100, 3_600_000).optional().meta({
    description:
      'How often a member shows that it lives (heartbeat.interval.ms). Default: 3000; under `group_protocol: consumer` the brokers decide.',
  }),
  rebalance_timeout_ms: milliseconds(1000, 3_600_000).default(60_000).meta({
    description:
      'How long a member may take to commit what it has read and let go of its partitions.',
  }),
}

const limitKeys = {
  connect_timeout_ms: milliseconds(100, 600_000).default(5000).meta({
    description: 'How long a connection may take to come about.',
  }),
  request_timeout_ms: milliseconds(100, 600_000).default(30_000).meta({
    description: 'How long a broker may take to answer.',
  }),
  metadata_max_age_ms: milliseconds(1000, 86_400_000).default(60_000).meta({
    description:
      'How often topics and partitions are looked up: new ones are noticed after so long.',
  }),
  retention_headroom_warn_ms: milliseconds(0).default(21_600_000).meta({
    description:
      "`firn status` warns where retention would pass the ledger within so long; at most half of the topic's own `retention.ms`.",
  }),
}

/** `kafka:` */
export const kafkaSection = (readFile: ReadFile) =>
  section(
    {
      brokers: brokers.meta({
        description:
          'The brokers to ask first, `host:port`: a list, or text with commas between them.',
      }),
      ...groupKeys,
      client_id: text().default('firn').meta({
        description: "The name in the brokers' logs and quotas.",
      }),
      isolation: z.enum(['read_committed', 'read_uncommitted']).default('read_committed').meta({
        description: 'Whether records of open and aborted transactions are left out.',
      }),
      tls: tlsSection(readFile).optional().meta({
        description:
          'Encrypts the connections; `tls: {}` does so with the certificates of the system.',
      }),
      sasl: z
        .discriminatedUnion('mechanism', [passwordSasl(readFile), tokenSasl(readFile)])
        .optional()
        .meta({ description: 'How the worker proves who it is.' }),
      ...limitKeys,
      fetch: fetchSection
        .prefault({})
        .meta({ description: 'The sizes of what is read at a time.' }),
    },
    (kafka, problems) => {
      groupTimes(kafka, problems)
      if (kafka.fetch.maxWaitMs >= kafka.request_timeout_ms) {
        const limit = `less than \`kafka.request_timeout_ms\` (${kafka.request_timeout_ms})`
        problems(['fetch', 'max_wait_ms'], limit)
      }
    },
  ).transform(({ sessionTimeoutMs, heartbeatIntervalMs, ...rest }) => ({
    ...rest,
    sessionTimeoutMs: sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
    heartbeatIntervalMs: heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS,
  }))

interface GroupTimes {
  readonly group_protocol: 'classic' | 'consumer'
  readonly session_timeout_ms?: number | undefined
  readonly heartbeat_interval_ms?: number | undefined
}

function groupTimes(kafka: GroupTimes, problems: Problems): void {
  const keys = ['session_timeout_ms', 'heartbeat_interval_ms'] as const
  const given = keys.filter((key) => kafka[key] !== undefined)
  if (kafka.group_protocol === 'consumer') {
    for (const key of given) {
      problems([key], 'nothing under `group_protocol: consumer`, where the brokers decide')
    }
    return
  }
  const session = kafka.session_timeout_ms ?? SESSION_TIMEOUT_MS
  const heartbeat = kafka.heartbeat_interval_ms ?? HEARTBEAT_INTERVAL_MS
  if (heartbeat >= session) {
    const values = `(${heartbeat}) below \`session_timeout_ms\` (${session})`
    problems([given.at(-1) ?? 'session_timeout_ms'], `\`heartbeat_interval_ms\` ${values}`)
  }
}
