import type { Brand } from './brand.ts'

/** A Kafka topic's name. */
export type TopicName = Brand<string, 'TopicName'>
/** A Kafka topic's id (KIP-516): a uuid, other for a topic that was deleted and created again. */
export type TopicId = Brand<string, 'TopicId'>
/** The id of a Kafka cluster, as its brokers state it in Metadata responses. */
export type ClusterId = Brand<string, 'ClusterId'>
/** The name in the configuration that owns a ledger. Its workers are the processes of one consumer group. */
export type WriterName = Brand<string, 'WriterName'>
/** An Iceberg snapshot id: a positive int64. */
export type SnapshotId = Brand<bigint, 'SnapshotId'>
/** An Iceberg table's uuid: other for a table that was dropped and created again. */
export type TableUuid = Brand<string, 'TableUuid'>
/** Names one staged set of files; new for each set, whatever ranges it covers. */
export type CommitId = Brand<string, 'CommitId'>

// Each constructor carries the only assertion that its brand allows.
/* oxlint-disable typescript/no-unsafe-type-assertion */
export const topicName = (name: string): TopicName => name as TopicName
export const topicId = (id: string): TopicId => id as TopicId
export const clusterId = (id: string): ClusterId => id as ClusterId
export const writerName = (name: string): WriterName => name as WriterName
export const snapshotId = (id: bigint): SnapshotId => id as SnapshotId
export const tableUuid = (uuid: string): TableUuid => uuid as TableUuid
export const commitId = (id: string): CommitId => id as CommitId
/* oxlint-enable typescript/no-unsafe-type-assertion */
