import { FirnError } from '../core/errors.ts'
import type { Position } from '../core/offsets.ts'

/** Where a range begins or ends: a position, or the first record of a time or later. */
export type RangeBound =
  | { readonly kind: 'position'; readonly position: Position }
  | { readonly kind: 'time'; readonly timestampMs: number }

/** What of a topic is to be read again: `[from, to)`. */
export interface RangeRequest {
  /** Undefined: the table's only topic. */
  readonly topic: string | undefined
  /** Undefined: all of the topic. */
  readonly partitions: readonly number[] | undefined
  readonly from: RangeBound
  readonly to: RangeBound
}

/** The options as they were given. */
export interface RangeTexts {
  readonly topic: string | undefined
  readonly partition: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
}

/** Understands what is to be replayed, or throws USAGE with what it takes. Pure. */
export function rangeRequest(texts: RangeTexts): RangeRequest {
  const partitions = texts.partition === undefined ? undefined : partitionsOf(texts.partition)
  const [from, to] = [boundOf('--from', texts.from), boundOf('--to', texts.to)]
  const byPosition = from.kind === 'position' || to.kind === 'position'
  if (byPosition && partitions?.length !== 1) {
    throw new FirnError('USAGE', 'offsets are of one partition: name it with --partition', {
      help: 'give --partition 0, or give --from and --to as times, which all partitions have',
    })
  }
  return { topic: texts.topic, partitions, from, to }
}

function partitionsOf(text: string): readonly number[] {
  const parts = text.split(',')
  if (!parts.every((part) => /^\d{1,9}$/.test(part))) {
    throw new FirnError('USAGE', `--partition takes numbers, found ${text}`, {
      help: '--partition 3, or --partition 0,1,2',
    })
  }
  return [...new Set(parts.map(Number))]
}

const OFFSET = /^\d{1,19}$/
/** With its zone: the same text must mean the same moment on every machine. A date alone is midnight UTC. */
const TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

function boundOf(option: string, text: string | undefined): RangeBound {
  const help = `${option} 120000, ${option} 2026-11-22 or ${option} 2026-11-22T08:00:00Z`
  if (text === undefined) throw new FirnError('USAGE', `${option} is missing`, { help })
  if (OFFSET.test(text)) return { kind: 'position', position: BigInt(text) }
  const timestampMs = TIME.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
  if (!Number.isNaN(timestampMs)) return { kind: 'time', timestampMs }
  throw new FirnError('USAGE', `${option} takes an offset or a time with its zone, found ${text}`, {
    help,
  })
}
