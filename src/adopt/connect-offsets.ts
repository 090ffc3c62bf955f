import { FirnError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { JsonPlace } from '../iceberg/json-place.ts'
import type { Snapshot } from '../iceberg/metadata.ts'

const PREFIX = 'kafka.connect.offsets.'

/** How far the sink's coordinator had read the control topic when it last committed to the table. */
export interface SinkOffsets {
  readonly snapshot: Snapshot
  /** Next offset of each partition of the control topic. */
  readonly next: ReadonlyMap<number, bigint>
}

/** The summary keys of sinks that have committed to an ancestry: `<control topic>.<group>` of each, newest first. */
export function sinkNames(walk: readonly Snapshot[]): readonly string[] {
  const names = walk.flatMap(({ summary }) =>
    Object.keys(summary).flatMap((key) =>
      key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : [],
    ),
  )
  return [...new Set(names)]
}

/** The newest offsets of one sink on an ancestry. Throws CONNECT_EVENT_INVALID. */
export function sinkOffsets(
  walk: readonly Snapshot[],
  { control, group }: { readonly control: string; readonly group: string },
): SinkOffsets | undefined {
  const key = `${PREFIX}${control}.${group}`
  const snapshot = walk.find(({ summary }) => summary[key] !== undefined)
  if (snapshot === undefined) return undefined
  const text = snapshot.summary[key] ?? ''
  try {
    const place = new JsonPlace(parseJson(text, key), key)
    const next = place.entries().map(([partition, at]) => [Number(partition), at.long()] as const)
    return { snapshot, next: new Map(next) }
  } catch (cause) {
    throw new FirnError(
      'CONNECT_EVENT_INVALID',
      `snapshot ${snapshot.snapshotId}: ${key} is ${text}, no offsets of a control topic`,
      { cause },
    )
  }
}
