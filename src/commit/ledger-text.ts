import { FirnError } from '../core/errors.ts'
import {
  commitId,
  snapshotId,
  tableUuid,
  writerName,
  type CommitId,
  type SnapshotId,
  type WriterName,
} from '../core/ids.ts'
import { parseJson, stringifyJson, type JsonObject } from '../core/json.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import { JsonPlace } from '../iceberg/json-place.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import {
  gapsToJson,
  ledgerToJson,
  originToJson,
  partitionsToJson,
  rangeToJson,
  readGaps,
  readLedger,
  readMs,
  readOrigin,
  readPartitions,
  readPosition,
  readRange,
} from './ledger-json.ts'
import type { GapReason, Mirror, SnapshotRecord } from './ledger.ts'

/** The keys of a snapshot's summary that are Firn's. */
export const SUMMARY_KEYS = {
  writer: 'firn.writer',
  commitId: 'firn.commit-id',
  ranges: 'firn.ranges',
  ledger: 'firn.ledger',
  gap: 'firn.gap',
  replayed: 'firn.replayed',
  rejected: 'firn.rejected',
  completeThrough: 'firn.complete-through',
  origin: 'firn.origin',
} as const

/** The tag on a writer's newest snapshot: keeps expiry from it. */
export function tagName(writer: WriterName): string {
  return `firn-${writer}`
}

/** The tag on the snapshot of one replay, until its last step is done: nothing else may name that snapshot by then. */
export function replayTagName(writer: WriterName, commit: CommitId): string {
  return `firn-${writer}-replay-${commit}`
}

/** The table property that mirrors a writer's newest ledger. */
export function mirrorProperty(writer: WriterName): string {
  return `firn.${writer}.ledger`
}

const MIRROR_PROPERTY = /^firn\.(.+)\.ledger$/

/** The writers whose mirrors are among a table's properties. */
export function mirroredWriters(properties: TableMetadata['properties']): readonly WriterName[] {
  return Object.keys(properties).flatMap((key) => {
    const name = MIRROR_PROPERTY.exec(key)?.[1]
    return name === undefined ? [] : [writerName(name)]
  })
}

/** `<uuid>@<snapshot id>`: a summary that was copied to another snapshot no longer names the one it is on. */
export function commitIdText(uuid: CommitId, snapshot: SnapshotId): string {
  return `${uuid}@${snapshot}`
}

const COMMIT_ID = /^([^@]+)@(\d{1,19})$/

function readCommitId(place: JsonPlace): { commitId: CommitId; namedSnapshotId: SnapshotId } {
  const [, uuid, id] = COMMIT_ID.exec(place.text()) ?? []
  if (uuid === undefined || id === undefined) throw place.invalid('<uuid>@<snapshot id>')
  return { commitId: commitId(uuid), namedSnapshotId: snapshotId(BigInt(id)) }
}

/** A snapshot's record as keys of its summary; what is empty is left out. */
export function recordToSummary(record: SnapshotRecord): Record<string, string> {
  const { gaps, replayed, rejected, completeThroughMs, origin } = record
  return {
    [SUMMARY_KEYS.writer]: record.writer,
    [SUMMARY_KEYS.commitId]: commitIdText(record.commitId, record.namedSnapshotId),
    [SUMMARY_KEYS.ranges]: stringifyJson(partitionsToJson(record.ranges, rangeToJson)),
    [SUMMARY_KEYS.ledger]: stringifyJson(ledgerToJson(record.ledger)),
    ...(gaps.size === 0 ? {} : { [SUMMARY_KEYS.gap]: stringifyJson(gapsToJson(gaps)) }),
    ...(replayed.size === 0
      ? {}
      : { [SUMMARY_KEYS.replayed]: stringifyJson(partitionsToJson(replayed, rangeToJson)) }),
    ...(rejected.size === 0
      ? {}
      : { [SUMMARY_KEYS.rejected]: stringifyJson(partitionsToJson(rejected, (count) => count)) }),
    ...(completeThroughMs === undefined
      ? {}
      : { [SUMMARY_KEYS.completeThrough]: String(completeThroughMs) }),
    ...(origin === undefined ? {} : { [SUMMARY_KEYS.origin]: stringifyJson(originToJson(origin)) }),
  }
}

/** The writer that a snapshot says it is by; undefined for one that no Firn made. */
export function writerOf({ summary }: Snapshot): WriterName | undefined {
  const writer = summary[SUMMARY_KEYS.writer]
  return writer === undefined ? undefined : writerName(writer)
}

/**
 * What a snapshot's summary records; undefined where it has no writer. Throws LEDGER_CORRUPT naming the snapshot and
 * the place: a ledger that cannot be read is never taken for one that is not there.
 */
export function readRecord(snapshot: Snapshot): SnapshotRecord | undefined {
  const writer = writerOf(snapshot)
  if (writer === undefined) return undefined
  return orCorrupt(`snapshot ${snapshot.snapshotId}`, () => {
    const { summary } = snapshot
    const json = <T>(key: string, read: (place: JsonPlace) => T): T =>
      read(new JsonPlace(parseJson(new JsonPlace(summary[key], key).text(), key), key))
    const optional = <T, F>(key: string, read: (place: JsonPlace) => T, fallback: F): T | F =>
      summary[key] === undefined ? fallback : json(key, read)
    return {
      writer,
      ...readCommitId(new JsonPlace(summary[SUMMARY_KEYS.commitId], SUMMARY_KEYS.commitId)),
      ranges: json(SUMMARY_KEYS.ranges, (place) => readPartitions(place, readRange)),
      ledger: json(SUMMARY_KEYS.ledger, readLedger),
      gaps: optional(SUMMARY_KEYS.gap, readGaps, new Map<GapReason, never>()),
      replayed: optional(
        SUMMARY_KEYS.replayed,
        (place) => readPartitions(place, readRange),
        new PartitionMap<PositionRange>(),
      ),
      rejected: optional(
        SUMMARY_KEYS.rejected,
        (place) => readPartitions(place, readPosition),
        new PartitionMap<bigint>(),
      ),
      completeThroughMs: optional(SUMMARY_KEYS.completeThrough, readMs, undefined),
      origin: optional(SUMMARY_KEYS.origin, readOrigin, undefined),
    }
  })
}

/** The mirror's text. */
export function mirrorToText(mirror: Mirror): string {
  const json: JsonObject = {
    'table-uuid': mirror.tableUuid,
    ref: mirror.ref,
    'snapshot-id': mirror.snapshotId,
    'sequence-number': mirror.sequenceNumber,
    'commit-id': commitIdText(mirror.commitId, mirror.snapshotId),
    ...ledgerToJson(mirror.ledger),
    origin: mirror.origin === undefined ? undefined : originToJson(mirror.origin),
  }
  return stringifyJson(json)
}

/** A writer's mirror; undefined where there is none. Throws LEDGER_CORRUPT naming the property and the place. */
export function readMirror(
  properties: TableMetadata['properties'],
  writer: WriterName,
): Mirror | undefined {
  const key = mirrorProperty(writer)
  const text = properties[key]
  if (text === undefined) return undefined
  return orCorrupt(`table property ${key}`, () => {
    const place = new JsonPlace(parseJson(text, key), '')
    const id = place.field('commit-id')
    const named = readCommitId(id)
    const snapshot = snapshotId(place.field('snapshot-id').long())
    if (named.namedSnapshotId !== snapshot) throw id.invalid(`a commit id that names ${snapshot}`)
    return {
      tableUuid: tableUuid(place.field('table-uuid').text()),
      ref: place.field('ref').text(),
      snapshotId: snapshot,
      sequenceNumber: readPosition(place.field('sequence-number')),
      commitId: named.commitId,
      ledger: readLedger(place),
      origin: place.field('origin').optional(readOrigin, undefined),
    }
  })
}

function orCorrupt<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof FirnError)) throw cause
    throw new FirnError('LEDGER_CORRUPT', `${where}: its ledger cannot be read`, {
      cause,
      context: { ...cause.context, where },
      help: 'firn rollback goes back to a snapshot whose ledger can be read; firn history lists them',
    })
  }
}
