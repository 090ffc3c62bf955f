import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FORMAT_TEMPLATE, javaProgram, kafkaJars } from '../artefacts.ts'
import { ensure } from '../cache.ts'
import type { Command } from '../guarded.ts'
import { runGuarded } from '../guarded.ts'
import { QUICK_JVM } from '../jvm.ts'
import { RigError } from '../rig-error.ts'
import { Service } from '../service.ts'

/** Any 22 characters of base64 are a cluster id. */
const CLUSTER_ID = 'FirnRigClusterAAAAAAAA'

/** `quick` starts fast and stays small; `throughput` is how a broker is really run: for benchmarks. */
export type JvmProfile = 'quick' | 'throughput'

export interface KafkaNodeOptions {
  readonly name: string
  readonly scratch: string
  readonly nodeId: number
  /** Where it must listen to count as ready: the broker's listener, or the controller's. */
  readonly port: number
  readonly properties: Readonly<Record<string, string>>
  readonly jvm: JvmProfile
  /** `SCRAM-SHA-256=[name=…,password=…]`, written when the disk is formatted. */
  readonly scram: readonly string[]
}

/** One Kafka process: a broker, a controller, or both in one. */
export class KafkaNode extends Service {
  readonly nodeId: number
  readonly #options: KafkaNodeOptions
  readonly #data: string

  constructor(options: KafkaNodeOptions, command: Command) {
    super({
      name: options.name,
      scratch: options.scratch,
      port: options.port,
      command,
      ready: async () => true,
    })
    this.nodeId = options.nodeId
    this.#options = options
    this.#data = dataOf(options)
  }

  /** Kills it and gives it an empty, formatted disk. `start` brings it back. */
  async wipe(): Promise<void> {
    await this.kill9()
    await rm(this.#data, { recursive: true, force: true })
    await format(this.#options)
  }
}

/** Formats a disk and returns the node, not yet started. */
export async function createKafkaNode(options: KafkaNodeOptions): Promise<KafkaNode> {
  const jars = await ensure(kafkaJars)
  const properties = { ...options.properties, 'log.dirs': dataOf(options) }
  await mkdir(options.scratch, { recursive: true })
  await writeFile(configOf(options), propertiesText(properties))
  await format(options)
  return new KafkaNode(options, {
    program: await javaProgram(),
    args: [...JVM[options.jvm], ...COMMON, ...classPath(jars), 'kafka.Kafka', configOf(options)],
  })
}

const COMMON = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

const JVM: Record<JvmProfile, readonly string[]> = {
  quick: ['-Xms64m', '-Xmx768m', ...QUICK_JVM],
  throughput: [
    '-Djava.awt.headless=true',
    '-Xms512m',
    '-Xmx1g',
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
  ],
}

function classPath(jars: string): string[] {
  return ['-classpath', join(jars, '*')]
}

function dataOf(options: KafkaNodeOptions): string {
  return join(options.scratch, `${options.name}-data`)
}

function configOf(options: KafkaNodeOptions): string {
  return join(options.scratch, `${options.name}.properties`)
}

/**
 * Kafka's own tool costs two CPU seconds for two small files, so they are written here: one is the same for all nodes
 * and kept with the jars. Only users with SCRAM passwords need the tool.
 */
async function format(options: KafkaNodeOptions): Promise<void> {
  const jars = await ensure(kafkaJars)
  if (options.scram.length > 0) {
    await formatWithTool(options, jars)
    return
  }
  const data = dataOf(options)
  await mkdir(data, { recursive: true })
  await copyFile(join(jars, FORMAT_TEMPLATE), join(data, 'bootstrap.checkpoint'))
  await writeFile(
    join(data, 'meta.properties'),
    propertiesText({
      version: '1',
      'cluster.id': CLUSTER_ID,
      'node.id': String(options.nodeId),
      'directory.id': randomBytes(16).toString('base64url'),
    }),
  )
}

async function formatWithTool(options: KafkaNodeOptions, jars: string): Promise<void> {
  const scram = options.scram.flatMap((user) => ['--add-scram', user])
  const { status, stdout, stderr } = await runGuarded({
    program: await javaProgram(),
    args: [
      ...JVM.quick,
      ...COMMON,
      ...classPath(jars),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      configOf(options),
      ...scram,
    ],
  })
  if (status !== 0) throw new RigError(`Kafka’s disk cannot be formatted:\n${stdout}${stderr}`)
}

/** Java's properties format, for values without line breaks. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties).map(
    ([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`,
  )
  return `${lines.join('\n')}\n`
}
