import { join } from 'node:path'
import { poll } from '../environment.ts'
import { quietKafka } from '../quiet-kafka.ts'
import { RigError } from '../rig-error.ts'
import { withFreePorts } from '../service.ts'
import { type KafkaLayout, layOut, portCount } from './kafka-layout.ts'
import { type JvmProfile, type KafkaNode, createKafkaNode } from './kafka-node.ts'
import { SCRAM_USERS, type SecureKafka, prepareSecurity, secureKafka } from './kafka-security.ts'

export interface KafkaOptions {
  /** 1 (default): broker and controller in one process. 3: three brokers and a controller apart. */
  readonly brokers?: 1 | 3
  /** Added to every node's configuration, over the rig's own choices. */
  readonly properties?: Readonly<Record<string, string>>
  /** Default `quick`. */
  readonly jvm?: JvmProfile
  /** Further listeners with TLS and SASL beside the plain one. */
  readonly secure?: boolean
}

/** A running Kafka. Its methods act on all its processes; `brokers` are the single ones. */
export interface KafkaCluster extends AsyncDisposable {
  /** `127.0.0.1:port` of every broker, with commas between. */
  readonly bootstrap: string
  readonly brokers: readonly KafkaNode[]
  /** The broker itself where there is one process only. */
  readonly controller: KafkaNode
  /** Undefined unless asked for. */
  readonly secure: SecureKafka | undefined
  /** Starts what is down and waits until all brokers are in the cluster. */
  start(): Promise<void>
  stop(): Promise<void>
  kill9(): Promise<void>
  restart(): Promise<void>
  pause(): Promise<void>
  resume(): void
}

const READY_MS = 60_000

/** Starts Kafka on free ports of 127.0.0.1. */
export async function startKafka(
  options: KafkaOptions & { readonly scratch: string },
): Promise<KafkaCluster> {
  const scratch = join(options.scratch, 'kafka')
  const security = options.secure === true ? await prepareSecurity(scratch) : undefined
  const layoutOptions = {
    brokers: options.brokers ?? 1,
    secure: security !== undefined,
    properties: { ...security?.properties, ...options.properties },
  }
  return withFreePorts(portCount(layoutOptions), async (ports) => {
    const layout = layOut(layoutOptions, ports)
    const nodes = await createNodes(layout, {
      scratch,
      jvm: options.jvm ?? 'quick',
      scram: security === undefined ? [] : SCRAM_USERS,
    })
    const secure =
      security === undefined ? undefined : secureKafka(security.certificates, layout.securePorts)
    const cluster = clusterOf(nodes, secure)
    try {
      await cluster.start()
    } catch (error) {
      await cluster.kill9()
      throw error
    }
    return cluster
  })
}

async function createNodes(
  layout: KafkaLayout,
  common: { scratch: string; jvm: JvmProfile; scram: readonly string[] },
): Promise<KafkaNode[]> {
  return Promise.all(layout.nodes.map(async (node) => createKafkaNode({ ...node, ...common })))
}

function clusterOf(nodes: readonly KafkaNode[], secure: SecureKafka | undefined): KafkaCluster {
  const [controller] = nodes
  if (controller === undefined) throw new RigError('a cluster without nodes')
  const brokers = nodes.length > 1 ? nodes.slice(1) : nodes
  const bootstrap = brokers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  const kill9 = async (): Promise<void> => {
    await Promise.all(nodes.map(async (node) => node.kill9()))
  }
  const start = async (): Promise<void> => {
    await Promise.all(nodes.map(async (node) => node.start()))
    await untilJoined(bootstrap, brokers)
  }
  const stop = async (): Promise<void> => {
    // Brokers hand over their leaderships while there is a controller.
    await Promise.all(brokers.map(async (node) => node.stop()))
    await controller.stop()
  }
  return {
    bootstrap,
    brokers,
    controller,
    secure,
    start,
    stop,
    kill9,
    restart: async () => {
      await stop()
      await start()
    },
    pause: async () => {
      await Promise.all(nodes.map(async (node) => node.pause()))
    },
    resume: () => nodes.forEach((node) => node.resume()),
    [Symbol.asyncDispose]: kill9,
  }
}

/** A broker listens before it is let into the cluster: only then can it lead a partition. */
async function untilJoined(bootstrap: string, brokers: readonly KafkaNode[]): Promise<void> {
  const kafka = quietKafka(bootstrap, { retries: 0 })
  const joined = await poll(
    async () => {
      const admin = kafka.admin()
      try {
        await admin.connect()
        const { brokers: present } = await admin.describeCluster()
        return present.length === brokers.length ? true : undefined
      } catch {
        return undefined
      } finally {
        await admin.disconnect()
      }
    },
    { deadlineMs: READY_MS },
  )
  if (joined === true) return
  const tails = await Promise.all(brokers.map(async (broker) => broker.logTail()))
  throw new RigError(
    `Kafka’s brokers were not all in the cluster after ${READY_MS / 1000} s:\n${tails.join('\n')}`,
  )
}
