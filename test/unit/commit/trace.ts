import { tagName } from '../../../src/commit/ledger-text.ts'
import type { SnapshotId } from '../../../src/core/ids.ts'
import { TABLE, WRITER } from './fixtures.ts'
import { World, type WorldOptions } from './world.ts'

export const head = (world: World): SnapshotId => world.metadata.currentSnapshotId!

/** A pinned table with a foreign s0 below the pin, as most traces begin. */
export async function begun(options: WorldOptions = {}): Promise<World> {
  const world = await World.create(options)
  await world.foreignAppend()
  await world.positions()
  return world
}

export async function code(world: World, context = world.worker): Promise<string> {
  const outcome = await world.startAt([0, 1], context)
  if (outcome.kind === 'refused') return outcome.refusal.code
  return outcome.kind === 'started' ? (outcome.refusals[0]?.code ?? 'started') : outcome.kind
}

/** Properties unset, as somebody may do by hand. */
export function unset(world: World, key: string): void {
  world.catalog.edit(TABLE, (metadata) => {
    const { [key]: _gone, ...properties } = metadata.properties
    return { ...metadata, properties }
  })
}

export function untag(world: World): void {
  world.catalog.edit(TABLE, (metadata) => {
    const { [tagName(WRITER)]: _gone, ...refs } = metadata.refs
    return { ...metadata, refs }
  })
}
