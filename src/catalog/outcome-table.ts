/** What a request is for: the same status means different things for different ones. */
export type Operation =
  | 'config'
  | 'token'
  | 'load-table'
  | 'create-table'
  | 'commit-table'
  | 'drop-table'
  | 'list-tables'
  | 'create-namespace'
  | 'load-namespace'

/**
 * What a response means.
 * `done`: applied, or answered. `missing`, `exists`: what the name says. `conflict`: certainly not applied, the table
 * moved. `unknown`: it may have been applied, or may still be. `unauthorized`: not applied; a new token may help, once.
 * `refused`: certainly not applied, and the same request will not be either. `unavailable`: a read that may pass later.
 * `unchanged`: what was read before is still so.
 */
export type Outcome =
  | 'done'
  | 'missing'
  | 'exists'
  | 'conflict'
  | 'unknown'
  | 'unauthorized'
  | 'refused'
  | 'unavailable'
  | 'unchanged'

/** Operations after which the catalog may be another one. */
const CHANGES: ReadonlySet<Operation> = new Set([
  'create-table',
  'commit-table',
  'drop-table',
  'create-namespace',
])

/**
 * The meaning of a status, total over status × operation. A change is `unknown` for every status that may come from
 * something between us and the catalog, or from a catalog that failed on its way: whoever sent it loads and looks.
 * REST specification: the responses of each operation.
 */
export function outcomeOf(operation: Operation, status: number): Outcome {
  if (status >= 200 && status < 300) return 'done'
  const changes = CHANGES.has(operation)
  switch (status) {
    case 304:
      return operation === 'load-table' ? 'unchanged' : 'refused'
    case 401:
    case 419:
      return 'unauthorized'
    case 404:
      return 'missing'
    case 409:
      return conflictOf(operation)
    case 408:
    case 429:
      // A proxy's word about a request that it may have passed on.
      return changes ? 'unknown' : 'unavailable'
    default:
      break
  }
  if (status >= 500) return changes ? 'unknown' : 'unavailable'
  // 3xx: a redirect is not followed, so nothing was applied. 400, 403, 406, 422 and what else the client did wrong.
  return 'refused'
}

function conflictOf(operation: Operation): Outcome {
  switch (operation) {
    case 'commit-table':
      return 'conflict'
    case 'create-table':
    case 'create-namespace':
      return 'exists'
    default:
      return 'refused'
  }
}

const STALE = /sequence number|row.?id|snapshot.?id|last-sequence-number/i

/**
 * Whether a 400 to a commit says that the commit was built on an older head: Java's catalog answers so where a
 * sequence number, a first row id or a snapshot id does not follow the present ones. It is then a conflict by another
 * name: load and look.
 */
export function staleCommit(status: number, message: string): boolean {
  return status === 400 && STALE.test(message)
}
