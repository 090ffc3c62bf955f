import { FirnError } from '../core/errors.ts'
import { topicName, type TopicName } from '../core/ids.ts'
import type { Position } from '../core/offsets.ts'

/** What a trace is asked about. */
export type TraceTarget =
  | {
      readonly kind: 'position'
      readonly topic: TopicName
      readonly partition: number
      readonly offset: Position
    }
  | {
      readonly kind: 'key' | 'time'
      readonly topic: TopicName
      /** Undefined: all partitions. */
      readonly partition: number | undefined
      readonly value: string
    }

const OPERAND = /^([a-zA-Z0-9._-]{1,249})(?:\/(0|[1-9]\d{0,8}))?(?:@(\d{1,19}))?$/
const HELP = 'firn trace orders/3@1200, or firn trace orders --key 4711'

/** Understands `TOPIC/P@OFFSET`, or `TOPIC[/P]` with one of the options. Throws USAGE. */
export function traceTarget(
  operand: string,
  options: { readonly key: string | undefined; readonly time: string | undefined },
): TraceTarget {
  const [, name, partition, offset] = OPERAND.exec(operand) ?? []
  if (name === undefined) throw usage(`TOPIC/P@OFFSET was expected, found ${operand}`)
  const topic = topicName(name)
  const { key, time } = options
  const by = key === undefined ? 'time' : 'key'
  const value = key ?? time
  if (value !== undefined) {
    if (key !== undefined && time !== undefined) throw usage('--key and --time go one at a time')
    if (offset !== undefined) throw usage(`an offset and --${by} do not go together`)
    return {
      kind: by,
      topic,
      partition: partition === undefined ? undefined : Number(partition),
      value,
    }
  }
  if (partition === undefined || offset === undefined) {
    throw usage(`TOPIC/P@OFFSET was expected, found ${operand}`)
  }
  return { kind: 'position', topic, partition: Number(partition), offset: BigInt(offset) }
}

/** A point in time: milliseconds since the epoch, or ISO 8601. Throws USAGE. */
export function timeOption(text: string): number {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isSafeInteger(ms)) return ms
  throw usage(`--time takes ISO 8601 or milliseconds since the epoch, found ${text}`)
}

function usage(message: string): FirnError {
  return new FirnError('USAGE', message, { help: HELP })
}
