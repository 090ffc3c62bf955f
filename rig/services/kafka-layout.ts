import type { KafkaNodeOptions } from './kafka-node.ts'
import { SECURE_LISTENERS } from './kafka-security.ts'

/** The controller's node id where it runs apart; brokers are 1, 2, 3. */
const CONTROLLER_ID = 100

/**
 * What suits tests: nothing appears by itself, internal topics are small, nothing expires, groups react in seconds.
 */
const QUICK: Readonly<Record<string, string>> = {
  'auto.create.topics.enable': 'false',
  'num.partitions': '4',
  'log.retention.hours': '-1',
  'log.retention.bytes': '-1',
  'log.retention.check.interval.ms': '1000',
  'log.segment.delete.delay.ms': '1000',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  // A broker that was killed is let in again only when its old session has ended: 9 s by default.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '1000',
}

type NodeLayout = Pick<KafkaNodeOptions, 'name' | 'nodeId' | 'port' | 'properties'>

export interface KafkaLayout {
  /** A controller apart comes first. */
  readonly nodes: readonly NodeLayout[]
  /** Ports of the secure listeners, broker by broker. */
  readonly securePorts: readonly (readonly number[])[]
}

export interface LayoutOptions {
  readonly brokers: 1 | 3
  readonly secure: boolean
  /** Over everything else. */
  readonly properties: Readonly<Record<string, string>>
}

/** How many ports `layOut` wants. */
export function portCount({ brokers, secure }: LayoutOptions): number {
  return 1 + brokers * portsPerBroker(secure)
}

function portsPerBroker(secure: boolean): number {
  return secure ? 1 + Object.keys(SECURE_LISTENERS).length : 1
}

/** Who runs where: pure, from options and free ports to every node's configuration. */
export function layOut(options: LayoutOptions, ports: readonly number[]): KafkaLayout {
  const { brokers, secure } = options
  const [controllerPort = 0, ...rest] = ports
  const each = portsPerBroker(secure)
  const portsOf = Array.from({ length: brokers }, (_, i) => rest.slice(i * each, (i + 1) * each))
  const apart = brokers > 1
  const common = {
    ...QUICK,
    ...replication(brokers),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `${apart ? CONTROLLER_ID : 1}@127.0.0.1:${controllerPort}`,
  }
  const nodes = portsOf.map((own, index) => ({
    name: `kafka-${index + 1}`,
    nodeId: index + 1,
    port: own[0] ?? 0,
    properties: {
      ...common,
      ...brokerProperties(own, apart ? undefined : controllerPort),
      'node.id': String(index + 1),
      ...options.properties,
    },
  }))
  const securePorts = portsOf.map((own) => own.slice(1))
  if (!apart) return { nodes, securePorts }
  const controller = {
    name: 'kafka-controller',
    nodeId: CONTROLLER_ID,
    port: controllerPort,
    properties: { ...common, ...controllerProperties(controllerPort), ...options.properties },
  }
  return { nodes: [controller, ...nodes], securePorts }
}

/** `controllerPort` where the broker is the controller too. */
function brokerProperties(
  ports: readonly number[],
  controllerPort: number | undefined,
): Record<string, string> {
  const names = ['PLAIN', ...Object.keys(SECURE_LISTENERS)]
  const clients = ports.map((port, index) => `${names[index]}://127.0.0.1:${port}`)
  const both = controllerPort !== undefined
  return {
    'process.roles': both ? 'broker,controller' : 'broker',
    listeners: [...clients, ...(both ? [`CONTROLLER://127.0.0.1:${controllerPort}`] : [])].join(
      ',',
    ),
    'advertised.listeners': clients.join(','),
    'listener.security.protocol.map': protocolMap(),
    'inter.broker.listener.name': 'PLAIN',
  }
}

function controllerProperties(port: number): Record<string, string> {
  return {
    'process.roles': 'controller',
    'node.id': String(CONTROLLER_ID),
    listeners: `CONTROLLER://127.0.0.1:${port}`,
    'listener.security.protocol.map': protocolMap(),
  }
}

function protocolMap(): string {
  const secure = Object.entries(SECURE_LISTENERS).map(([name, protocol]) => `${name}:${protocol}`)
  return ['PLAIN:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...secure].join(',')
}

function replication(brokers: number): Record<string, string> {
  const factor = String(brokers)
  const least = brokers > 1 ? '2' : '1'
  return {
    'default.replication.factor': factor,
    'min.insync.replicas': least,
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': least,
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': least,
  }
}
