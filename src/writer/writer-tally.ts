/** What an open file holds beside bytes that have gone out, and what each of its row groups adds per column: measured. */
const FILE_BYTES = 4 * 1024
const COLUMN_OF_ROW_GROUP_BYTES = 700
/** After so many bytes of columns, older ones count for half: the data may have changed. */
const LEARNT_BYTES_MAX = 256 * 1024 * 1024

/** Counts what one encoder's open files keep in memory, and learns what columns become in files. */
export class WriterTally {
  readonly #columnCount: number
  #files = 0
  #openFiles = 0
  #rowGroups = 0
  #columnBytes = 0
  #encodedBytes = 0

  constructor(columnCount: number) {
    this.#columnCount = columnCount
  }

  /** The number of a file that was opened. */
  opened(): number {
    this.#openFiles += 1
    this.#files += 1
    return this.#files
  }

  closed(rowGroups: number): void {
    this.#openFiles -= 1
    this.#rowGroups -= rowGroups
  }

  /** That a row group was added to an open file. */
  encoded(columnBytes: number, encodedBytes: number): void {
    this.#rowGroups += 1
    this.#columnBytes += columnBytes
    this.#encodedBytes += encodedBytes
    if (this.#columnBytes <= LEARNT_BYTES_MAX) return
    this.#columnBytes /= 2
    this.#encodedBytes /= 2
  }

  /** What columns will come to in files. Until some have been encoded: as much as they are. */
  estimate(columnBytes: number): number {
    if (this.#columnBytes === 0) return columnBytes
    return Math.ceil((columnBytes * this.#encodedBytes) / this.#columnBytes)
  }

  /** Metrics and page facts of open files, which their footers will need. */
  get bytesHeld(): number {
    const chunks = this.#rowGroups * this.#columnCount
    return this.#openFiles * FILE_BYTES + chunks * COLUMN_OF_ROW_GROUP_BYTES
  }
}
