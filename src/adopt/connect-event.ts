import { FirnError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { AvroDecoder, AvroRecord, type AvroValue, isAvroList } from '../iceberg/avro-decoder.ts'
import { type AvroType, parseAvroType, parseJavaAvroType } from '../iceberg/avro-type.ts'

/** A data file that a task of Iceberg's Kafka Connect sink has written and announced. */
export interface AnnouncedFile {
  readonly path: string
  readonly rows: bigint
}

/** How far a task had read a partition when it announced its files. */
export interface TaskPosition {
  readonly topic: string
  readonly partition: number
  /** The next position; undefined where the task read nothing of it since the last time. */
  readonly next: bigint | undefined
}

/** An event of the sink's control topic, as far as a takeover looks at it. */
export type ConnectEvent =
  | { readonly kind: 'written'; readonly table: string; readonly files: readonly AnnouncedFile[] }
  /** A task has announced all files of a commit cycle. */
  | { readonly kind: 'complete'; readonly positions: readonly TaskPosition[] }
  | { readonly kind: 'other' }

const MAGIC = [0xc2, 0x01]
const SCHEMA_AT = 4
/** The sink's PayloadType. */
const [DATA_WRITTEN, DATA_COMPLETE] = [1, 2]
/** Field ids of the sink's Event. */
const EVENT = { type: 10_501, group: 10_503, payload: 10_504 }

/**
 * Decodes an event of the control topic: two magic bytes, the length (uint16) and the text of its Avro schema, and the
 * event. Undefined for an event of another connector's group. Throws CONNECT_EVENT_INVALID.
 */
export function decodeConnectEvent(value: Uint8Array, group: string): ConnectEvent | undefined {
  const event = readEvent(value)
  if (event.get(EVENT.group, 'group_id') !== group) return undefined
  const type = event.get(EVENT.type, 'type')
  const payload = event.get(EVENT.payload, 'payload')
  if (!(payload instanceof AvroRecord)) throw invalid('it has no payload')
  if (type === DATA_WRITTEN) return written(payload)
  if (type === DATA_COMPLETE) return complete(payload)
  return { kind: 'other' }
}

function readEvent(value: Uint8Array): AvroRecord {
  if (!MAGIC.every((byte, index) => value[index] === byte))
    throw invalid('it does not begin as one')
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  if (value.byteLength < SCHEMA_AT) throw invalid('it is cut short')
  const end = SCHEMA_AT + view.getUint16(2)
  const schema = parseJson(new TextDecoder().decode(value.subarray(SCHEMA_AT, end)), 'its schema')
  const bytes = value.subarray(end)
  // As with manifests: Iceberg up to 1.11 writes a length before plain fixed values.
  return (
    tryRead(bytes, parseAvroType(schema)) ?? required(tryRead(bytes, parseJavaAvroType(schema)))
  )
}

function tryRead(bytes: Uint8Array, type: AvroType): AvroRecord | undefined {
  const decoder = new AvroDecoder(bytes)
  try {
    const event = decoder.read(type)
    return decoder.atEnd && event instanceof AvroRecord ? event : undefined
  } catch (fault) {
    if (fault instanceof FirnError) return undefined
    throw fault
  }
}

function written(payload: AvroRecord): ConnectEvent {
  const table = payload.get(10_301, 'table_reference')
  if (!(table instanceof AvroRecord)) throw invalid('it names no table')
  const levels = list(table.get(10_601, 'namespace'))
  const files = list(payload.get(10_302, 'data_files')).map((file): AnnouncedFile => {
    if (!(file instanceof AvroRecord)) throw invalid('a data file is no record')
    return { path: text(file.get(100, 'file_path')), rows: long(file.get(103, 'record_count')) }
  })
  const name = [...levels.map(text), text(table.get(10_603, 'name'))].join('.')
  return { kind: 'written', table: name, files: files.filter(({ rows }) => rows > 0n) }
}

function complete(payload: AvroRecord): ConnectEvent {
  const positions = list(payload.get(10_101, 'assignments')).map((one): TaskPosition => {
    if (!(one instanceof AvroRecord)) throw invalid('an assignment is no record')
    const next = one.get(10_702, 'offset')
    return {
      topic: text(one.get(10_700, 'topic')),
      partition: Number(long(one.get(10_701, 'partition'))),
      next: next === null ? undefined : long(next),
    }
  })
  return { kind: 'complete', positions }
}

function list(value: AvroValue): readonly AvroValue[] {
  return isAvroList(value) ? value : []
}

function text(value: AvroValue): string {
  if (typeof value === 'string') return value
  throw invalid('a text is missing')
}

function long(value: AvroValue): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  throw invalid('a number is missing')
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw invalid('it does not fit its own schema')
  return value
}

function invalid(what: string): FirnError {
  return new FirnError(
    'CONNECT_EVENT_INVALID',
    `an event of the control topic cannot be read: ${what}`,
    {
      help: 'is --control-topic the sink’s (iceberg.control.topic)? Apache Iceberg 1.7 to 1.11 is known; --positions states what it would have said',
    },
  )
}
