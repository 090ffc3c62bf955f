/** What is wrong with a record batch; whoever knows its place makes a FirnError of it. */
export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch'
}
