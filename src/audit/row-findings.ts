import type { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'
import { PartitionMap, type TopicPartition } from '../core/offsets.ts'
import type { LiveFile } from './live-files.ts'
import { PositionList } from './position-list.ts'

/** What reading all rows, and the log beside them, brought to light. */
export class RowFindings {
  /** Rows that are live: what deletes take out is not counted. */
  rows = 0
  /** Rows without a position: another writer's. */
  rowsWithoutPosition = 0
  /** Rows of topics that the ledger does not know. */
  readonly unknownTopics = new Map<string, number>()
  /** Positions that more than one row has, and the file in which each was met again. */
  readonly duplicates = new PositionList()
  readonly duplicatedIn = new PartitionMap<LiveFile>()
  /** As duplicates, of a topic whose log was exchanged: they may be of either log. */
  readonly ambiguous = new PositionList()
  /** Rows at positions that the ledger has not reached. */
  readonly aboveLedger = new PositionList()
  /** Rows at positions below the one where the partition was started. */
  readonly belowStart = new PositionList()
  /** Rows at positions that the ledger passed without reading them. */
  readonly inGaps = new PositionList()
  /** Rows that position delete files take out. */
  readonly deleted = new PositionList()
  /** Records of the log without a row. */
  readonly missing = new PositionList()
  /** Rows whose records are of aborted transactions, or no records at all. */
  readonly phantoms = new PositionList()
  /** Positions with a row that compaction has since taken from the log. */
  compacted = 0
  /** Positions that were compared with the log. */
  compared = 0
  /** Positions below the log's start: they cannot be. */
  readonly belowLog = new PositionList()
  /** Positions without a row, outside of gaps, that were not compared with the log. */
  holesNotCompared = 0
  /** Distinct positions with a row in the ranges of each snapshot. */
  readonly rowsBySnapshot = new Map<SnapshotId, number>()
  readonly unreadable: { readonly file: LiveFile; readonly fault: FirnError }[] = []
  /** Files whose footer has other rows than their manifest says. */
  readonly miscounted: { readonly file: LiveFile; readonly found: number }[] = []
  /** Why a partition's log was not read to its end. */
  readonly logEnds = new PartitionMap<string>()

  addDuplicate(partition: TopicPartition, position: number, file: LiveFile): void {
    this.duplicates.add(partition, position)
    if (!this.duplicatedIn.has(partition)) this.duplicatedIn.set(partition, file)
  }
}
