import { assert, required } from '../core/assert.ts'
import {
  type ClusterId,
  commitId,
  type CommitId,
  snapshotId,
  type SnapshotId,
} from '../core/ids.ts'
import { stringifyJson } from '../core/json.ts'
import type { PartitionMap } from '../core/offsets.ts'
import type { DataFile, ManifestFile } from '../iceberg/data-file.ts'
import { stagedManifest, type WrittenManifest, writeManifest } from '../iceberg/manifest-writer.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { PartitionSpec } from '../iceberg/partition.ts'
import type { Schema } from '../iceberg/types.ts'
import type { RangeFacts, SealedFiles } from '../writer/sealed-files.ts'
import type { CommitContext } from './context.ts'
import type { Claim } from './plan-commit.ts'
import { refuseOldFormat } from './load-table.ts'
import type { AddedFiles } from './snapshot-summary.ts'
import { metadataLocation } from './table-properties.ts'

/** One sealed set of files, durable and not visible: what every attempt to commit it has in common. */
export interface StagedAppend {
  /** New for each staged set, whatever ranges it covers. */
  readonly commitId: CommitId
  /** The same in every attempt: at most one of them can ever be in the table. */
  readonly snapshotId: SnapshotId
  readonly claim: Claim
  readonly facts: PartitionMap<RangeFacts>
  /** None for a claim whose ranges hold no record. */
  readonly manifests: readonly ManifestFile[]
  readonly added: AddedFiles
  /** What the files were written with. */
  readonly schema: Schema
  readonly spec: PartitionSpec
  /** On both clocks: the wall clock may jump, the other stands still while the machine sleeps. */
  readonly stagedAt: { readonly wallMs: number; readonly monotonicMs: number }
}

export interface StageRequest {
  readonly files: SealedFiles
  /** The cluster that the files were read from. */
  readonly cluster: ClusterId
  /** The table as the files were written against: it has their schema and spec. */
  readonly metadata: TableMetadata
}

/** Writes the manifest of a sealed set, once. Throws the store's faults, and FORMAT_VERSION_UNSUPPORTED. */
export async function stageFiles(
  context: CommitContext,
  { files: sealed, cluster, metadata }: StageRequest,
): Promise<StagedAppend> {
  const { clock, random } = context
  const { files, ranges, topics, facts } = sealed
  for (const topic of ranges.topics) assert(topics.has(topic), `topic ${topic} has its id`)
  const schema = required(
    metadata.schemas.find(({ schemaId }) => schemaId === sealed.schemaId),
    'schema of the sealed files',
  )
  const spec = required(
    metadata.partitionSpecs.find(({ specId }) => specId === sealed.specId),
    'spec of the sealed files',
  )
  const staged = {
    commitId: commitId(random.uuid()),
    snapshotId: snapshotId(random.int63()),
    claim: { cluster, topics, ranges },
    facts,
    added: countAdded(files),
    schema,
    spec,
    stagedAt: { wallMs: clock.now(), monotonicMs: clock.monotonic() },
  }
  return { ...staged, manifests: await writeManifests(context, metadata, { ...staged, files }) }
}

async function writeManifests(
  { store }: CommitContext,
  metadata: TableMetadata,
  staged: Pick<StagedAppend, 'commitId' | 'snapshotId' | 'schema' | 'spec'> & {
    readonly files: readonly DataFile[]
  },
): Promise<readonly ManifestFile[]> {
  const { files, snapshotId: addedSnapshotId } = staged
  if (files.length === 0) return []
  const written = manifestOf(metadata, staged)
  const manifestPath = `${metadataLocation(metadata)}/${staged.commitId}-m0.avro`
  await store.put(manifestPath, written.bytes)
  return [stagedManifest(written, { manifestPath, addedSnapshotId })]
}

/** Writes the manifest of data files under one spec that a snapshot will add. */
export async function writeDataManifest(
  { store, random }: Pick<CommitContext, 'store' | 'random'>,
  metadata: TableMetadata,
  {
    files,
    specId,
    snapshotId: addedSnapshotId,
  }: {
    readonly files: readonly DataFile[]
    readonly specId: number
    readonly snapshotId: SnapshotId
  },
): Promise<ManifestFile> {
  const spec = required(
    metadata.partitionSpecs.find((one) => one.specId === specId),
    'spec of data files',
  )
  const written = manifestOf(metadata, { files, schema: currentSchema(metadata), spec })
  const manifestPath = `${metadataLocation(metadata)}/${random.uuid()}-m0.avro`
  await store.put(manifestPath, written.bytes)
  return stagedManifest(written, { manifestPath, addedSnapshotId })
}

function manifestOf(
  metadata: TableMetadata,
  {
    files,
    schema,
    spec,
  }: {
    readonly files: readonly DataFile[]
    readonly schema: Schema
    readonly spec: PartitionSpec
  },
): WrittenManifest {
  return writeManifest({
    formatVersion: refuseOldFormat(metadata),
    schema,
    spec,
    content: 'data',
    entries: files.map((dataFile) => ({
      status: 'added',
      // Inherited from the list of whichever attempt lands.
      snapshotId: null,
      sequenceNumber: null,
      fileSequenceNumber: null,
      dataFile,
    })),
  })
}

function countAdded(files: readonly DataFile[]): AddedFiles {
  const tuples = new Set(files.map(({ partition }) => tupleKey(partition)))
  return {
    files: files.length,
    records: files.reduce((sum, { recordCount }) => sum + recordCount, 0n),
    bytes: files.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n),
    partitions: tuples.size,
  }
}

/** Text that is the same for equal partition tuples of one spec, and for no others. */
export function tupleKey(tuple: DataFile['partition']): string {
  return stringifyJson(
    tuple.map((value) => {
      if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')]
      return typeof value === 'number' ? ['number', String(value)] : [typeof value, value]
    }),
  )
}
