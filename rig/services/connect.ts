import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CONNECT_FOLDERS, connectJars, javaProgram } from '../artefacts.ts'
import { ensure } from '../cache.ts'
import { poll } from '../environment.ts'
import { QUICK_JVM } from '../jvm.ts'
import { RigError } from '../rig-error.ts'
import { type Blueprint, Service, answers, withFreePorts } from '../service.ts'
import { propertiesText } from './kafka-node.ts'

/** A connector that runs Apache Iceberg's sink. */
export interface SinkOptions {
  readonly name: string
  readonly topics: readonly string[]
  /** `namespace.table`. */
  readonly table: string
  readonly catalogUri: string
  readonly tasks?: number
  readonly commitIntervalMs?: number
  /** Over all others: `iceberg.…`, `consumer.override.…`. */
  readonly config?: Readonly<Record<string, string>>
}

export interface ConnectOptions {
  readonly scratch: string
  readonly bootstrap: string
  /** As a test starts it, or as its own start script does: for figures. Default: `quick`. */
  readonly jvm?: 'quick' | 'usual'
}

/** KAFKA_HEAP_OPTS and KAFKA_JVM_PERFORMANCE_OPTS of connect-distributed.sh and kafka-run-class.sh. */
const USUAL_JVM = [
  '-Xms256M',
  '-Xmx2G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
]

const statusSchema = z.object({
  connector: z.object({ state: z.string() }),
  tasks: z.array(z.object({ state: z.string(), trace: z.string().optional() })),
})

type Status = z.infer<typeof statusSchema>

function failureIn(status: Status | undefined): string | undefined {
  const failed = status?.tasks.find(({ state }) => state === 'FAILED')
  return failed === undefined ? undefined : (failed.trace ?? 'a task failed')
}

const BOOT_MS = 180_000
const RUNNING_MS = 120_000

/** A Kafka Connect worker. Killed and started again it goes on with its connectors, as a real one does. */
export class ConnectWorker extends Service {
  readonly uri: string

  constructor(blueprint: Blueprint) {
    super(blueprint)
    this.uri = `http://127.0.0.1:${blueprint.port}`
  }

  /** Creates the connector, or changes it. */
  async putSink(options: SinkOptions): Promise<void> {
    const response = await fetch(`${this.uri}/connectors/${options.name}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(sinkConfig(options)),
    })
    const text = await response.text()
    if (!response.ok) throw new RigError(`connector ${options.name}: ${response.status} ${text}`)
  }

  /** Waits until the connector and its tasks run. Throws a task's trace where one has failed. */
  async untilRunning(name: string): Promise<void> {
    const outcome = await poll(
      async () => {
        const status = await this.#status(name)
        const failure = failureIn(status)
        if (failure !== undefined) return failure
        const running =
          status !== undefined &&
          status.tasks.length > 0 &&
          status.tasks.every(({ state }) => state === 'RUNNING')
        return running ? 'running' : undefined
      },
      { deadlineMs: RUNNING_MS, everyMs: 250 },
    )
    if (outcome === 'running') return
    throw new RigError(
      `connector ${name} does not run: ${outcome ?? 'its tasks did not start'}\n${await this.logTail()}`,
    )
  }

  /** The trace of a task that has failed: it does not come back by itself. */
  async failure(name: string): Promise<string | undefined> {
    return failureIn(await this.#status(name))
  }

  async #status(name: string): Promise<Status | undefined> {
    const response = await fetch(`${this.uri}/connectors/${name}/status`)
    const text = await response.text()
    return response.ok ? statusSchema.parse(JSON.parse(text)) : undefined
  }

  /** Takes a connector away: its tasks end in an orderly way. Its group's offsets stay. */
  async deleteConnector(name: string): Promise<void> {
    const response = await fetch(`${this.uri}/connectors/${name}`, { method: 'DELETE' })
    await response.arrayBuffer()
    if (!response.ok) throw new RigError(`connector ${name}: ${response.status}`)
  }
}

/**
 * Starts a Kafka Connect worker with Iceberg's sink among its plugins. Its own state is in Kafka: a worker that is
 * killed and started again on the same brokers goes on.
 */
export async function startConnect({
  scratch,
  bootstrap,
  jvm = 'quick',
}: ConnectOptions): Promise<ConnectWorker> {
  const directory = await ensure(connectJars)
  const java = await javaProgram()
  const place = join(scratch, 'connect')
  await mkdir(place, { recursive: true })
  return withFreePorts(1, async ([port = 0]) => {
    const properties = join(place, 'worker.properties')
    const logging = join(place, 'log4j.properties')
    const plugins = join(directory, CONNECT_FOLDERS.plugins)
    await writeFile(properties, propertiesText(workerProperties({ bootstrap, port, plugins })))
    await writeFile(logging, propertiesText(LOGGING))
    const worker = new ConnectWorker({
      name: 'connect',
      scratch: place,
      port,
      readyMs: BOOT_MS,
      command: {
        program: java,
        args: [
          ...(jvm === 'quick' ? ['-Xms256m', '-Xmx1g', ...QUICK_JVM] : USUAL_JVM),
          `-Dlog4j.configuration=file:${logging}`,
          '-classpath',
          join(directory, CONNECT_FOLDERS.worker, '*'),
          'org.apache.kafka.connect.cli.ConnectDistributed',
          properties,
        ],
      },
      ready: async () => answers(`http://127.0.0.1:${port}/connectors`),
    })
    await worker.start()
    return worker
  })
}

const LOGGING = {
  'log4j.rootLogger': 'WARN, o',
  'log4j.appender.o': 'org.apache.log4j.ConsoleAppender',
  'log4j.appender.o.layout': 'org.apache.log4j.PatternLayout',
  'log4j.appender.o.layout.ConversionPattern': '[%d] %p %m (%c)%n',
  'log4j.logger.org.apache.iceberg.connect': 'INFO',
}

const GROUP = 'connect-cluster'

function workerProperties(at: {
  readonly bootstrap: string
  readonly port: number
  readonly plugins: string
}): Record<string, string> {
  return {
    'bootstrap.servers': at.bootstrap,
    'group.id': GROUP,
    'config.storage.topic': `${GROUP}-config`,
    'offset.storage.topic': `${GROUP}-offsets`,
    'status.storage.topic': `${GROUP}-status`,
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'plugin.path': at.plugins,
    listeners: `http://127.0.0.1:${at.port}`,
    'connector.client.config.override.policy': 'All',
    // With the default of a minute an idle task answers a commit request a minute late.
    'offset.flush.interval.ms': '500',
    // A worker that was killed is back within seconds: nobody else waits for its tasks.
    'scheduled.rebalance.max.delay.ms': '0',
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '1000',
  }
}

function sinkConfig({
  name,
  topics,
  table,
  catalogUri,
  tasks = 1,
  commitIntervalMs = 2_000,
  config = {},
}: SinkOptions): Record<string, string> {
  return {
    'connector.class': 'org.apache.iceberg.connect.IcebergSinkConnector',
    'tasks.max': String(tasks),
    topics: topics.join(','),
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'consumer.override.auto.offset.reset': 'earliest',
    'consumer.override.session.timeout.ms': '6000',
    'consumer.override.heartbeat.interval.ms': '1000',
    'iceberg.kafka.auto.offset.reset': 'earliest',
    'iceberg.kafka.session.timeout.ms': '6000',
    'iceberg.kafka.heartbeat.interval.ms': '1000',
    'iceberg.tables': table,
    'iceberg.control.topic': `control-${name}`,
    'iceberg.control.commit.interval-ms': String(commitIntervalMs),
    'iceberg.control.commit.timeout-ms': '10000',
    'iceberg.tables.evolve-schema-enabled': 'false',
    'iceberg.catalog.type': 'rest',
    'iceberg.catalog.uri': catalogUri,
    ...config,
  }
}
