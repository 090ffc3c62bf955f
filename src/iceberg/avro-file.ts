import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync, zstdDecompressSync } from 'node:zlib'
import { uncompressSync } from 'snappy'
import { FirnError } from '../core/errors.ts'
import { type JsonValue, parseJson, stringifyJson } from '../core/json.ts'
import { AvroDecoder, type AvroValue, corrupt, isAvroList } from './avro-decoder.ts'
import { AvroEncoder, type AvroInput } from './avro-encoder.ts'
import { type AvroType, parseAvroType, parseJavaAvroType } from './avro-type.ts'

/** An Avro object container file: `Obj1`, metadata, a sync marker, blocks of objects. */

const MAGIC = new Uint8Array([0x4f, 0x62, 0x6a, 0x01])
const SYNC_LENGTH = 16
/** Bytes of objects before a block is closed, as Java's writer has it. */
const BLOCK_BYTES = 64_000
/** No manifest inflates to more than this: a small file cannot fill the memory. */
const INFLATED_BYTES_MAX = 1 << 30
const SNAPPY_CHECKSUM_BYTES = 4

export type AvroCodec = 'deflate' | 'null'

const METADATA_TYPE: AvroType = { kind: 'map', values: { kind: 'bytes' } }

export interface AvroFile {
  /** The header's key-value metadata, `avro.*` included. */
  readonly metadata: ReadonlyMap<string, string>
  readonly objects: readonly AvroValue[]
}

/** Reads a whole file. Codecs: null, deflate, zstandard, snappy. Throws MANIFEST_INVALID. */
export function readAvroFile(bytes: Uint8Array): AvroFile {
  const decoder = new AvroDecoder(bytes)
  if (!equal(decoder.take(MAGIC.length), MAGIC)) throw corrupt('it does not start as an Avro file')
  const metadata = readMetadata(decoder)
  const schema = parseJson(metadata.get('avro.schema') ?? '', 'the Avro schema')
  const inflate = inflaterOf(metadata.get('avro.codec') ?? 'null')
  const sync = decoder.take(SYNC_LENGTH)
  const blocks: Block[] = []
  while (!decoder.atEnd) {
    const count = Number(decoder.readLong())
    blocks.push({ count, bytes: inflate(decoder.readBytes()) })
    if (!equal(decoder.take(SYNC_LENGTH), sync)) throw corrupt('a block does not end in its marker')
  }
  return { metadata, objects: readObjects(blocks, schema) }
}

interface Block {
  readonly count: number
  readonly bytes: Uint8Array
}

function readObjects(blocks: readonly Block[], schema: JsonValue): AvroValue[] {
  const type = parseAvroType(schema)
  try {
    return blocks.flatMap((block) => readBlock(block, type))
  } catch (thrown) {
    if (!stringifyJson(schema).includes('"fixed"')) throw thrown
    // A length before each fixed value never reads as no length: the block would not end where it does.
    const javaType = parseJavaAvroType(schema)
    return blocks.flatMap((block) => readBlock(block, javaType))
  }
}

function readBlock({ count, bytes }: Block, type: AvroType): AvroValue[] {
  const decoder = new AvroDecoder(bytes)
  const objects: AvroValue[] = []
  for (let index = 0; index < count; index += 1) objects.push(decoder.read(type))
  if (!decoder.atEnd) throw corrupt('a block holds more than its objects')
  return objects
}

export interface AvroFileContent {
  /** The schema as it goes into the header, field ids and logical types included. */
  readonly schema: JsonValue
  /** The header's other metadata. */
  readonly metadata: Readonly<Record<string, string>>
  readonly objects: Iterable<AvroInput>
  readonly codec: AvroCodec
}

/** Writes a whole file. The same content gives the same bytes. */
export function writeAvroFile({ schema, metadata, objects, codec }: AvroFileContent): Uint8Array {
  const type = parseAvroType(schema)
  const header = new AvroEncoder()
  header.raw(MAGIC)
  writeMetadata(header, {
    'avro.schema': stringifyJson(schema),
    'avro.codec': codec,
    ...metadata,
  })
  const blocks: Block[] = []
  const encoder = new AvroEncoder()
  let count = 0
  const close = (): void => {
    const bytes = encoder.drain()
    blocks.push({ count, bytes: codec === 'null' ? bytes : deflateRawSync(bytes) })
    count = 0
  }
  for (const object of objects) {
    encoder.write(type, object)
    count += 1
    if (encoder.length >= BLOCK_BYTES) close()
  }
  if (count > 0) close()
  return assemble(header.drain(), blocks)
}

function assemble(header: Uint8Array, blocks: readonly Block[]): Uint8Array {
  // The marker only has to be unlikely in the data: a hash of it is, and keeps the writer deterministic.
  const hash = createHash('sha256').update(header)
  for (const { bytes } of blocks) hash.update(bytes)
  const sync = new Uint8Array(hash.digest()).subarray(0, SYNC_LENGTH)
  const file = new AvroEncoder()
  file.raw(header)
  file.raw(sync)
  for (const { count, bytes } of blocks) {
    file.long(count)
    file.bytes(bytes)
    file.raw(sync)
  }
  return file.drain()
}

function readMetadata(decoder: AvroDecoder): ReadonlyMap<string, string> {
  const pairs = decoder.read(METADATA_TYPE)
  const metadata = new Map<string, string>()
  for (const pair of isAvroList(pairs) ? pairs : []) {
    const [key, value] = isAvroList(pair) ? pair : []
    if (typeof key === 'string' && value instanceof Uint8Array) {
      metadata.set(key, new TextDecoder().decode(value))
    }
  }
  return metadata
}

function writeMetadata(encoder: AvroEncoder, metadata: Readonly<Record<string, string>>): void {
  const entries = Object.entries(metadata)
  encoder.long(entries.length)
  for (const [key, value] of entries) {
    encoder.text(key)
    encoder.text(value)
  }
  encoder.long(0)
}

function inflaterOf(codec: string): (bytes: Uint8Array) => Uint8Array {
  const options = { maxOutputLength: INFLATED_BYTES_MAX }
  switch (codec) {
    case 'null':
      return (bytes) => bytes
    case 'deflate':
      return orCorrupt((bytes) => inflateRawSync(bytes, options))
    case 'zstandard':
      return orCorrupt((bytes) => zstdDecompressSync(bytes, options))
    case 'snappy':
      return orCorrupt((bytes) =>
        snappyBytes(bytes.subarray(0, bytes.length - SNAPPY_CHECKSUM_BYTES)),
      )
    default:
      throw new FirnError('MANIFEST_INVALID', `the Avro file's codec ${codec} is not supported`)
  }
}

function snappyBytes(bytes: Uint8Array): Uint8Array {
  const inflated = uncompressSync(Buffer.from(bytes))
  return typeof inflated === 'string' ? new TextEncoder().encode(inflated) : inflated
}

function orCorrupt(inflate: (bytes: Uint8Array) => Uint8Array): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    try {
      return inflate(bytes)
    } catch (cause) {
      throw new FirnError(
        'MANIFEST_INVALID',
        'the Avro file is damaged: a block cannot be inflated',
        {
          cause,
        },
      )
    }
  }
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0
}
