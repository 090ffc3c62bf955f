import { unreachable } from '../core/assert.ts'
import { snapshotId, tableUuid } from '../core/ids.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { JsonPlace } from './json-place.ts'
import { readSchema, schemaToJson } from './schema-json.ts'
import {
  readSnapshot,
  readSnapshotRef,
  snapshotRefToJson,
  snapshotToJson,
} from './snapshot-json.ts'
import {
  partitionSpecToJson,
  readPartitionSpec,
  readSortOrder,
  sortOrderToJson,
} from './spec-json.ts'
import type { TableRequirement, TableUpdate } from './update.ts'

/** A change of a table as a REST request carries it. REST specification: `TableUpdate`. */
export function updateToJson(update: TableUpdate): JsonObject {
  const { action } = update
  switch (action) {
    case 'assign-uuid':
      return { action, uuid: update.uuid }
    case 'upgrade-format-version':
      return { action, 'format-version': update.formatVersion }
    case 'add-schema':
      return {
        action,
        schema: schemaToJson(update.schema),
        'last-column-id': update.lastColumnId,
      }
    case 'set-current-schema':
      return { action, 'schema-id': update.schemaId }
    case 'add-spec':
      return { action, spec: partitionSpecToJson(update.spec) }
    case 'set-default-spec':
      return { action, 'spec-id': update.specId }
    case 'add-sort-order':
      return { action, 'sort-order': sortOrderToJson(update.sortOrder) }
    case 'set-default-sort-order':
      return { action, 'sort-order-id': update.sortOrderId }
    default:
      return snapshotUpdateToJson(update)
  }
}

type SchemaAction =
  | 'assign-uuid'
  | 'upgrade-format-version'
  | `${'add' | 'set-default'}-${'spec' | 'sort-order'}`
  | 'add-schema'
  | 'set-current-schema'

function snapshotUpdateToJson(
  update: Exclude<TableUpdate, { readonly action: SchemaAction }>,
): JsonObject {
  const { action } = update
  switch (action) {
    case 'add-snapshot':
      return { action, snapshot: snapshotToJson(update.snapshot) }
    case 'set-snapshot-ref':
      return { action, 'ref-name': update.refName, ...snapshotRefToJson(update.ref) }
    case 'remove-snapshots':
      return { action, 'snapshot-ids': update.snapshotIds }
    case 'remove-snapshot-ref':
      return { action, 'ref-name': update.refName }
    case 'set-location':
      return { action, location: update.location }
    case 'set-properties':
      return { action, updates: update.updates }
    case 'remove-properties':
      return { action, removals: update.removals }
    default:
      return unreachable(action)
  }
}

/** A requirement as a REST request carries it. REST specification: `TableRequirement`. */
export function requirementToJson(requirement: TableRequirement): JsonObject {
  const { type } = requirement
  switch (type) {
    case 'assert-create':
      return { type }
    case 'assert-table-uuid':
      return { type, uuid: requirement.uuid }
    case 'assert-ref-snapshot-id':
      // The key must be there: null says that the ref must not exist.
      return { type, ref: requirement.ref, 'snapshot-id': requirement.snapshotId }
    case 'assert-last-assigned-field-id':
      return { type, 'last-assigned-field-id': requirement.lastAssignedFieldId }
    case 'assert-current-schema-id':
      return { type, 'current-schema-id': requirement.currentSchemaId }
    case 'assert-last-assigned-partition-id':
      return { type, 'last-assigned-partition-id': requirement.lastAssignedPartitionId }
    case 'assert-default-spec-id':
      return { type, 'default-spec-id': requirement.defaultSpecId }
    case 'assert-default-sort-order-id':
      return { type, 'default-sort-order-id': requirement.defaultSortOrderId }
    default:
      return unreachable(type)
  }
}

/** Reads a change from a REST request. Throws METADATA_INVALID, also for an action that Firn never sends. */
export function updateFromJson(json: JsonValue | undefined, path = 'update'): TableUpdate {
  const place = new JsonPlace(json, path)
  const at = place.field('action')
  const action = at.text()
  switch (action) {
    case 'assign-uuid':
      return { action, uuid: tableUuid(place.field('uuid').text()) }
    case 'upgrade-format-version':
      return { action, formatVersion: place.field('format-version').int() }
    case 'add-schema': {
      const lastColumnId = place.field('last-column-id').optional((id) => id.int(), undefined)
      const schema = readSchema(place.field('schema'))
      return { action, schema, ...(lastColumnId === undefined ? {} : { lastColumnId }) }
    }
    case 'set-current-schema':
      return { action, schemaId: place.field('schema-id').int() }
    case 'add-spec':
      return { action, spec: readPartitionSpec(place.field('spec')) }
    case 'set-default-spec':
      return { action, specId: place.field('spec-id').int() }
    case 'add-sort-order':
      return { action, sortOrder: readSortOrder(place.field('sort-order')) }
    case 'set-default-sort-order':
      return { action, sortOrderId: place.field('sort-order-id').int() }
    default:
      return snapshotUpdateFromJson(place, at)
  }
}

function snapshotUpdateFromJson(place: JsonPlace, at: JsonPlace): TableUpdate {
  const action = at.text()
  switch (action) {
    case 'add-snapshot':
      return { action, snapshot: readSnapshot(place.field('snapshot')) }
    case 'set-snapshot-ref':
      return { action, refName: place.field('ref-name').text(), ref: readSnapshotRef(place) }
    case 'remove-snapshots': {
      const ids = place.field('snapshot-ids').items()
      return { action, snapshotIds: ids.map((id) => snapshotId(id.long())) }
    }
    case 'remove-snapshot-ref':
      return { action, refName: place.field('ref-name').text() }
    case 'set-location':
      return { action, location: place.field('location').text() }
    case 'set-properties':
      return { action, updates: place.field('updates').texts() }
    case 'remove-properties': {
      const removals = place.field('removals').items()
      return { action, removals: removals.map((key) => key.text()) }
    }
    default:
      throw at.invalid('an update that Firn knows')
  }
}

/** Reads a requirement from a REST request. Throws METADATA_INVALID with the place. */
export function requirementFromJson(
  json: JsonValue | undefined,
  path = 'requirement',
): TableRequirement {
  const place = new JsonPlace(json, path)
  const at = place.field('type')
  const type = at.text()
  switch (type) {
    case 'assert-create':
      return { type }
    case 'assert-table-uuid':
      return { type, uuid: tableUuid(place.field('uuid').text()) }
    case 'assert-ref-snapshot-id': {
      const id = place.field('snapshot-id').optional((value) => snapshotId(value.long()), null)
      return { type, ref: place.field('ref').text(), snapshotId: id }
    }
    case 'assert-last-assigned-field-id':
      return { type, lastAssignedFieldId: place.field('last-assigned-field-id').int() }
    case 'assert-current-schema-id':
      return { type, currentSchemaId: place.field('current-schema-id').int() }
    case 'assert-last-assigned-partition-id': {
      const id = place.field('last-assigned-partition-id').int()
      return { type, lastAssignedPartitionId: id }
    }
    case 'assert-default-spec-id':
      return { type, defaultSpecId: place.field('default-spec-id').int() }
    case 'assert-default-sort-order-id':
      return { type, defaultSortOrderId: place.field('default-sort-order-id').int() }
    default:
      throw at.invalid('a requirement that Firn knows')
  }
}
