import { FirnError } from '../core/errors.ts'

/** Which carriers of the ledger, beside the snapshots themselves, are used on a catalog. */
export interface LedgerCarriers {
  readonly tags: boolean
  readonly properties: boolean
}

/** What a catalog that keeps what it is given carries. */
export const ALL_CARRIERS: LedgerCarriers = { tags: true, properties: true }

/** What a catalog kept and refused when it was tried on a scratch table. */
export interface CatalogKeeps {
  /** A tag is still there after the commit that set it. */
  readonly tags: boolean
  readonly properties: boolean
  /** A snapshot that is no longer the head is still listed. */
  readonly allSnapshots: boolean
  /** A commit that asserts a head which has moved is not applied. */
  readonly staleHeadRefused: boolean
  /** A commit that asserts that the branch does not exist is not applied when it does. */
  readonly presentHeadRefused: boolean
  /** A commit whose sequence number was given before is not applied. */
  readonly staleSequenceNumberRefused: boolean
}

export interface WeakerPromise {
  /** As DESIGN's table of promises numbers them. */
  readonly promise: 'P1' | 'P3'
  readonly why: string
}

export type CarrierChoice =
  | {
      readonly kind: 'usable'
      readonly carriers: LedgerCarriers
      readonly weaker: readonly WeakerPromise[]
    }
  | { readonly kind: 'refused'; readonly refusal: FirnError }

/** The strongest carriers on a catalog, and what it is too weak to promise; refused where it cannot arbitrate. Pure. */
export function chooseCarriers(keeps: CatalogKeeps): CarrierChoice {
  const { tags, properties } = keeps
  if (!keeps.staleHeadRefused) {
    return refuse('accepts a commit on a head that has moved: it cannot decide between two workers')
  }
  if (!tags && !properties) {
    return refuse('keeps neither tags nor properties: nothing would tell a rollback from an expiry')
  }
  return { kind: 'usable', carriers: { tags, properties }, weaker: weakerPromises(keeps) }
}

function refuse(what: string): CarrierChoice {
  return {
    kind: 'refused',
    refusal: new FirnError('CATALOG_CANNOT_ARBITRATE', `the catalog ${what}`, {
      help: 'use another catalog for this table',
    }),
  }
}

function weakerPromises(keeps: CatalogKeeps): readonly WeakerPromise[] {
  const weaker: WeakerPromise[] = []
  if (!keeps.presentHeadRefused) {
    weaker.push({
      promise: 'P1',
      why: 'a first snapshot is not checked against another first one: start the first worker of an empty table alone',
    })
  }
  if (!keeps.allSnapshots) {
    weaker.push({
      promise: 'P3',
      why: 'only the current snapshot is listed: a rollback is seen while the head or its parent is ours, otherwise Firn stops with LEDGER_UNPROVEN',
    })
  }
  if (!keeps.tags && !keeps.staleSequenceNumberRefused) {
    weaker.push({
      promise: 'P3',
      why: 'tags vanish and stale sequence numbers are accepted: a request that lands late may undo a rollback, `hold` included',
    })
  } else if (!keeps.tags) {
    weaker.push({
      promise: 'P3',
      why: 'tags vanish: expiry can take the newest ledger from the history, and the property alone carries it then',
    })
  }
  if (!keeps.properties) {
    weaker.push({
      promise: 'P3',
      why: 'properties vanish: where the tag is removed too, Firn stops with LEDGER_LOST instead of going on',
    })
  }
  return weaker
}
