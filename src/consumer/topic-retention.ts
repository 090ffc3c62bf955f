import { describeConfigsV4 } from '@platformatic/kafka'
import { FirnError } from '../core/errors.ts'
import { topicName, type TopicName } from '../core/ids.ts'
import type { Brokers } from './brokers.ts'
import { answered, KAFKA } from './kafka-errors.ts'
import type { TopicRetention } from './record-source.ts'

/** Kafka: ConfigResource.Type. */
const TOPIC = 2
const CLEANUP_POLICY = 'cleanup.policy'
const RETENTION_MS = 'retention.ms'
const RETENTION_BYTES = 'retention.bytes'

type ConfigsResponse = ReturnType<typeof describeConfigsV4.parseResponse>

/** Asks how long topics keep their records. A topic that is not there, or may not be asked about, is not in the answer. */
export async function topicRetention(
  brokers: Brokers,
  topics: readonly TopicName[],
): Promise<ReadonlyMap<TopicName, TopicRetention>> {
  if (topics.length === 0) return new Map()
  return brokers.retrying('topic configurations', async () => {
    const connection = await brokers.any()
    const response = await answered(
      async () =>
        describeConfigsV4.api.async(
          connection,
          topics.map((topic) => ({
            resourceType: TOPIC,
            resourceName: topic,
            configurationKeys: [CLEANUP_POLICY, RETENTION_MS, RETENTION_BYTES],
          })),
        ),
      isConfigs,
      brokers,
    )
    return new Map(
      response.results.flatMap(({ errorCode, resourceName, configs }) => {
        if (errorCode === KAFKA.unknownServerError || errorCode === KAFKA.requestTimedOut) {
          throw new FirnError('KAFKA_UNAVAILABLE', `the broker could not describe ${resourceName}`)
        }
        if (errorCode !== KAFKA.none) return []
        const values = new Map(configs.map(({ name, value }) => [name, value ?? '']))
        return [[topicName(resourceName), retentionOf(values)] as const]
      }),
    )
  })
}

/** What a topic's configuration says; -1 is Kafka's word for: without bound. Pure. */
export function retentionOf(configs: ReadonlyMap<string, string>): TopicRetention {
  const policies = (configs.get(CLEANUP_POLICY) ?? 'delete').split(',').map((one) => one.trim())
  const ms = bounded(configs.get(RETENTION_MS))
  return {
    deletes: policies.includes('delete'),
    ms: ms === undefined ? undefined : Number(ms),
    bytes: bounded(configs.get(RETENTION_BYTES)),
  }
}

function bounded(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

function isConfigs(response: unknown): response is ConfigsResponse {
  return typeof response === 'object' && response !== null && 'results' in response
}
