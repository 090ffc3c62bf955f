import { channel } from 'node:diagnostics_channel'

/** The places between fetch and group commit at which a process may die; in the order in which they are passed. */
export const POINTS = [
  'assigned',
  'start-committed',
  'started',
  'fetched',
  'pushed',
  'uploading',
  'uploaded',
  'staged',
  'commit-sent',
  'commit-answered',
  'committed',
  'group-offsets',
] as const

export type Point = (typeof POINTS)[number]

const channels = new Map(POINTS.map((point) => [point, channel(`firn:${point}`)]))

/**
 * Passes a named place. Whoever listens on the diagnostics channel `firn:<point>` is called at once, in the middle of
 * it: fault drills end the process there. Without a listener it costs a look.
 */
export function passes(point: Point): void {
  const listened = channels.get(point)
  if (listened?.hasSubscribers === true) listened.publish(undefined)
}
