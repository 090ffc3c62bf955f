/**
 * How the values of one table's records are read. Plain data: it can cross to a thread.
 */
export interface DecodingOptions {
  readonly format: 'json'
  /** Whether a member's name matches a column's in any case. An exact match goes first. */
  readonly caseInsensitive: boolean
  /** Other names of a field's member, by field id, tried in order when its name is not there. */
  readonly aliases: ReadonlyMap<number, readonly string[]>
  /** How many objects and arrays a value may have inside each other; a plain object has one. */
  readonly depthMax: number
  /** How large a value may be. */
  readonly bytesMax: number
  /** The name of the column that holds the record's place in Kafka; undefined where the table has none. */
  readonly metadataColumn: string | undefined
}
