import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import {
  type JsonObject,
  type JsonValue,
  isJsonObject,
  parseJson,
  stringifyJson,
} from '../../src/core/json.ts'
import { RigError } from '../rig-error.ts'
import type { S3Endpoint } from '../services/s3.ts'

/** A table by its metadata file: no catalog is between the reader and the files. */
export interface TableAt {
  /** `…/00003-….metadata.json`, a `file:` URI or path, or `s3://…`. */
  readonly metadataLocation: string
  /** Where `s3://` is. */
  readonly s3?: S3Endpoint
  /** The current snapshot unless stated. */
  readonly snapshotId?: bigint
}

/** A field of an Iceberg schema, as far as readers need it. */
export interface IcebergField {
  readonly name: string
  /** As in an Iceberg schema's JSON: `long`, `decimal(9, 2)`, `{type: 'struct', fields: […]}`, … */
  readonly type: IcebergType
}

export type IcebergType =
  | string
  | { readonly type: 'struct'; readonly fields: readonly IcebergField[] }
  | { readonly type: 'list'; readonly element: IcebergType }
  | { readonly type: 'map'; readonly key: IcebergType; readonly value: IcebergType }

const typeSchema: z.ZodType<IcebergType> = z.lazy(() =>
  z.union([
    z.string(),
    z.object({ type: z.literal('struct'), fields: z.array(fieldSchema) }),
    z.object({ type: z.literal('list'), element: typeSchema }),
    z.object({ type: z.literal('map'), key: typeSchema, value: typeSchema }),
  ]),
)
const fieldSchema: z.ZodType<IcebergField> = z.object({
  name: z.string(),
  get type() {
    return typeSchema
  },
})
const metadataSchema = z.object({
  'current-schema-id': z.number(),
  schemas: z.array(z.object({ 'schema-id': z.number(), fields: z.array(fieldSchema) })),
  snapshots: z
    .array(z.object({ 'snapshot-id': z.coerce.bigint(), 'schema-id': z.number().optional() }))
    .optional(),
})
const loadSchema = z.object({ 'metadata-location': z.string() })

/** Where a REST catalog has a table's current metadata. `prefix` as the catalog's config states it. */
export async function locateTable(of: {
  readonly uri: string
  readonly prefix?: string
  readonly namespace: string
  readonly table: string
}): Promise<string> {
  const middle = of.prefix === undefined ? '' : `/${of.prefix}`
  const path = `namespaces/${encodeURIComponent(of.namespace)}/tables/${encodeURIComponent(of.table)}`
  const response = await fetch(`${of.uri}/v1${middle}/${path}`)
  const text = await response.text()
  if (!response.ok) throw new RigError(`GET ${path}: ${response.status} ${text.slice(0, 300)}`)
  return loadSchema.parse(JSON.parse(text))['metadata-location']
}

/** A table's metadata as it is written. */
export async function readMetadata(table: TableAt): Promise<JsonObject> {
  const text = await readText(table.metadataLocation, table.s3)
  const metadata = parseJson(text, table.metadataLocation)
  if (!isJsonObject(metadata)) throw new RigError(`${table.metadataLocation} is no JSON object`)
  return metadata
}

/** The fields of the schema that the wanted snapshot was written with, else of the current one. */
export function fieldsOf(
  metadata: JsonObject,
  snapshotId: bigint | undefined,
): readonly IcebergField[] {
  const { 'current-schema-id': current, schemas, snapshots } = metadataSchema.parse(metadata)
  const snapshot = snapshots?.find((one) => one['snapshot-id'] === snapshotId)
  const wanted = snapshot?.['schema-id'] ?? current
  const schema = schemas.find((one) => one['schema-id'] === wanted)
  if (schema === undefined) throw new RigError(`the metadata has no schema ${wanted}`)
  return schema.fields
}

/** Plain JSON of the fields: only what zod let through. */
export function fieldsJson(fields: readonly IcebergField[]): JsonValue {
  return fields.map(({ name, type }) => ({ name, type: typeJson(type) }))
}

function typeJson(type: IcebergType): JsonValue {
  if (typeof type === 'string') return type
  if (type.type === 'struct') return { type: 'struct', fields: fieldsJson(type.fields) }
  if (type.type === 'list') return { type: 'list', element: typeJson(type.element) }
  return { type: 'map', key: typeJson(type.key), value: typeJson(type.value) }
}

async function readText(location: string, s3: S3Endpoint | undefined): Promise<string> {
  if (location.startsWith('http')) return (await fetch(location)).text()
  const object = /^s3a?:\/\/([^/]+)\/(.+)$/.exec(location)
  if (object === null) return readFile(location.replace(/^file:\/*/, '/'), 'utf8')
  if (s3 === undefined) throw new RigError(`${location}: which S3? State \`s3\`.`)
  const client = s3Client(s3)
  try {
    const got = await client.send(new GetObjectCommand({ Bucket: object[1], Key: object[2] }))
    return (await got.Body?.transformToString()) ?? ''
  } finally {
    client.destroy()
  }
}

/**
 * The metadata where a reader can open it. Nessie makes metadata up on request, at an `http:` address that readers
 * do not take: such a one is put into a file for as long as it is read.
 */
export async function fileOf(
  { metadataLocation }: TableAt,
  metadata: JsonObject,
): Promise<AsyncDisposable & { readonly location: string }> {
  if (!metadataLocation.startsWith('http')) {
    return { location: metadataLocation, [Symbol.asyncDispose]: async () => undefined }
  }
  const directory = await mkdtemp(join(tmpdir(), 'firn-rig-metadata-'))
  const location = join(directory, '00000-rig.metadata.json')
  await writeFile(location, stringifyJson(metadata))
  return {
    location,
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }),
  }
}

/** A client of the rig's S3, for looking and breaking. */
export function s3Client(s3: S3Endpoint): S3Client {
  return new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
  })
}
