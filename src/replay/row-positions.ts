import type { Column, ColumnBatch } from '../columns/column.ts'
import { required } from '../core/assert.ts'
import { topicName, type TopicName } from '../core/ids.ts'
import type { Position } from '../core/offsets.ts'
import type { KafkaPlace } from './kafka-place.ts'

/** A row, and the position that it is of. */
export type RowVisitor = (
  row: number,
  topic: TopicName,
  partition: number,
  offset: Position,
) => void

/** Calls back for each row of a batch that says which position it is of; others' rows may say nothing. */
export function eachPosition(batch: ColumnBatch, place: KafkaPlace, visit: RowVisitor): void {
  const struct = required(
    batch.columns.find(({ field }) => field.id === place.field.id),
    'metadata column',
  )
  const [topics, partitions, offsets] = [place.topicId, place.partitionId, place.offsetId].map(
    (id) =>
      required(
        struct.children.find(({ field }) => field.id === id),
        'field of the metadata column',
      ),
  )
  if (topics === undefined || partitions === undefined || offsets === undefined) return
  const longs = int64s(offsets)
  const topicAt = topicReader(topics)
  for (let row = 0; row < batch.rowCount; row += 1) {
    const missing =
      struct.isNull(row) || topics.isNull(row) || partitions.isNull(row) || offsets.isNull(row)
    if (!missing) visit(row, topicAt(row), partitions.words[row] ?? 0, longs[row] ?? 0n)
  }
}

function int64s({ words, length }: Column): BigInt64Array {
  const aligned = words.byteOffset % BigInt64Array.BYTES_PER_ELEMENT === 0 ? words : words.slice()
  return new BigInt64Array(aligned.buffer, aligned.byteOffset, length)
}

/** One topic comes again and again. */
function topicReader({ bytes, offsets }: Column): (row: number) => TopicName {
  let known = Buffer.alloc(0)
  let name = topicName('')
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (row) => {
    const [start, end] = [offsets[row] ?? 0, offsets[row + 1] ?? 0]
    if (all.compare(known, 0, known.length, start, end) !== 0) {
      known = Buffer.from(all.subarray(start, end))
      name = topicName(known.toString('utf8'))
    }
    return name
  }
}
