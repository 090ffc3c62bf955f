import { expect } from 'vitest'
import type { SnapshotId } from '../../src/core/ids.ts'
import type { TableMetadata } from '../../src/iceberg/metadata.ts'
import type { CommitFault } from '../support/fake-catalog.ts'
import { audit } from './auditor.ts'
import { SimOperator } from './sim-operator.ts'
import { SimWorld, type WorldOptions } from './sim-world.ts'

const WAIT_MS = 60_000

/**
 * A log was truncated, and the rebase that accepts it lands without an answer. Before whoever sent it looks again, a
 * worker has gone on from there. What is wrong then: with the table, or with what the sender is told.
 */
export async function rebaseLandedUnheard(): Promise<readonly string[]> {
  const scene = await Scene.pinned()
  const { world } = scene
  await scene.ingest(0, 6)
  await scene.ingest(1, 6)
  scene.edit((metadata) => ({
    ...metadata,
    properties: { ...metadata.properties, 'commit.retry.min-wait-ms': '30000' },
  }))
  const operator = new SimOperator(world)
  world.others.truncateTo(0, 0n)
  await scene.refused('LOG_TRUNCATED')
  scene.nextCommit('answer-lost')
  world.produce(0, 4)
  await scene.until(() => world.caughtUp())
  await scene.until(() => operator.acted.length > 0)
  await scene.pass(20_000)
  const told = operator.acted.join(', ')
  const wrong = told === 'rebase: committed' ? [] : [`R9: it has landed, and was told ${told}`]
  return [...wrong, ...(await audit(world))]
}

/** A world without chance: a trace of the protocol, told step by step with the real worker in it. */
export class Scene {
  readonly world: SimWorld

  private constructor(options: Partial<WorldOptions>) {
    this.world = new SimWorld({ seed: 'scene', partitions: 2, workers: 1, ...options })
  }

  /** A table that one worker has pinned, and nothing in it yet. */
  static async pinned(options: Partial<WorldOptions> = {}): Promise<Scene> {
    const scene = new Scene(options)
    await scene.until(() => scene.world.trace.some((line) => / started \d/.test(line)))
    return scene
  }

  get head(): SnapshotId {
    const { currentSnapshotId } = this.world.metadata
    if (currentSnapshotId === null) throw new Error('the table has no snapshot')
    return currentSnapshotId
  }

  async until(done: () => boolean): Promise<void> {
    const came = await this.world.clock.run(done, WAIT_MS)
    expect(came, this.world.trace.slice(-40).join('\n')).toBe(true)
  }

  async pass(ms: number): Promise<void> {
    await this.world.clock.run(() => false, ms)
  }

  /** Records that are in the table a moment later. */
  async ingest(partition: number, count: number): Promise<SnapshotId> {
    this.world.produce(partition, count)
    await this.until(() => this.world.caughtUp())
    return this.head
  }

  /** Records that a worker holds, and has not sealed. */
  async hold(...partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.world.produce(partition, 3)
    await this.until(() => this.world.rowsHeld >= 3 * partitions.length)
  }

  killAll(): void {
    for (const process of this.world.alive) process.kill()
  }

  /** What happens to the next commit request, and to no other. */
  nextCommit(fault: CommitFault, then: () => Promise<void> = async () => {}): void {
    const { catalog } = this.world
    catalog.fault = () => {
      catalog.fault = () => undefined
      this.world.clock.after(0, () => {
        void then()
      })
      return fault
    }
  }

  async refused(code: string): Promise<void> {
    await this.until(() => this.world.refusals.has(code))
  }

  edit(change: (metadata: TableMetadata) => TableMetadata): void {
    this.world.catalog.edit(this.world.table, change)
  }

  /** Everything that is on the table's ancestry is in it once, and nothing else is. */
  async sound(): Promise<void> {
    expect(await audit(this.world), this.world.trace.slice(-40).join('\n')).toEqual([])
  }

  /** And it is all that was produced. */
  async exact(): Promise<void> {
    await this.until(() => this.world.caughtUp())
    await this.sound()
  }
}
