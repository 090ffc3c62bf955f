import { describe, expect, test } from 'vitest'
import { mirrorProperty, tagName } from '../../src/commit/ledger-text.ts'
import { writerName } from '../../src/core/ids.ts'
import { rebaseLandedUnheard, Scene } from './scene.ts'
import { SimOperator } from './sim-operator.ts'

// The traces that broke earlier versions of the protocol, by their numbers in the list of findings, with the whole
// worker in them. Those about several tables of one topic come with fan-out.

const SIM = writerName('sim')

describe('traces of the protocol', () => {
  test('1: rolled back, appended to, expired: the mirror is not believed', async () => {
    const scene = await Scene.pinned()
    const pin = scene.head
    await scene.ingest(0, 3)
    scene.killAll()
    scene.world.others.rollbackTo(pin)
    await scene.world.others.append()
    scene.world.others.expire(1)
    scene.world.startWorker()
    await scene.refused('LEDGER_UNPROVEN')
    await scene.sound()
  })

  test.each(['follow', 'hold', 'skip'] as const)(
    '2: landed unheard, compacted and expired, under %s: no row twice',
    async (onRollback) => {
      const scene = await Scene.pinned({ onRollback })
      scene.nextCommit('answer-lost', async () => {
        await scene.world.others.append()
        await scene.world.others.compact()
        scene.world.others.expire(1)
      })
      scene.world.produce(0, 3)
      await scene.refused('LEDGER_UNPROVEN')
      await scene.sound()
    },
  )

  test('6: a cherry-pick of ours is refused by a running worker', async () => {
    const scene = await Scene.pinned()
    const first = await scene.ingest(0, 3)
    const second = await scene.ingest(0, 3)
    const [worker] = scene.world.alive
    worker?.stop()
    scene.world.others.rollbackTo(first)
    await scene.world.others.append()
    const picked = await scene.world.others.engine.cherryPick(second)
    worker?.continue()
    await scene.refused('LEDGER_COPIED')
    scene.world.produce(0, 3)
    await scene.pass(20_000)
    expect(scene.head).toBe(picked)
  })

  test('7: the same numbers of another log: a zombie with rows of a deleted topic', async () => {
    const scene = await Scene.pinned()
    await scene.hold(0)
    const [zombie] = scene.world.alive
    zombie?.stop()
    scene.world.recreateTopic()
    const operator = new SimOperator(scene.world)
    scene.world.startWorker()
    scene.world.produce(0, 6)
    await scene.until(() => scene.world.caughtUp())
    zombie?.continue()
    await scene.pass(20_000)
    await scene.ingest(0, 2)
    await scene.exact()
    expect(operator.acted).toEqual(['rebase: committed'])
  })

  test('8: CREATE OR REPLACE under a running worker', async () => {
    const scene = await Scene.pinned()
    await scene.ingest(0, 3)
    const { manifestList } = scene.world.metadata.snapshots[0]!
    scene.world.catalog.addForeign(scene.world.table, { parentSnapshotId: null, manifestList })
    await scene.refused('TABLE_REPLACED')
  })

  test('9: the writer was renamed: the other name holds the topic', async () => {
    const scene = await Scene.pinned()
    await scene.ingest(0, 3)
    scene.killAll()
    scene.edit((metadata) => renamed(metadata))
    scene.world.startWorker()
    await scene.refused('OTHER_WRITER')
  })

  test('10: all evidence gone on a cut history is not a first start', async () => {
    const scene = await Scene.pinned()
    await scene.ingest(0, 3)
    scene.killAll()
    await scene.world.others.append()
    await scene.world.others.compact()
    scene.edit(({ properties, refs, ...metadata }) => {
      const { [mirrorProperty(SIM)]: _mirror, ...kept } = properties
      const { [tagName(SIM)]: _tag, ...named } = refs
      return { ...metadata, properties: kept, refs: named }
    })
    scene.world.others.expire(1)
    scene.world.startWorker()
    await scene.refused('LEDGER_LOST')
    await scene.sound()
  })

  test('12: a rebase that landed unheard is not made twice', async () => {
    expect(await rebaseLandedUnheard()).toEqual([])
  })

  test('13: a claim is taken whole or not at all', async () => {
    const scene = await Scene.pinned()
    await scene.hold(0, 1)
    const [zombie] = scene.world.alive
    zombie?.stop()
    const successor = scene.world.startWorker()
    await scene.until(() => scene.world.caughtUp())
    successor.kill()
    // The zombie's rows of one partition are in the table, those of the other are not.
    const [newest, before] = scene.world.witness.ancestry(scene.head)
    scene.world.others.rollbackTo(before!.snapshotId)
    expect(newest?.summary['firn.ranges']).toBeDefined()
    zombie?.continue()
    await scene.exact()
  })

  test('14: files that were staged for too long are dropped and read again', async () => {
    const scene = await Scene.pinned()
    scene.world.weather.catalogDown = 1
    scene.world.produce(0, 3)
    await scene.pass(8_000)
    const [worker] = scene.world.alive
    worker!.clockOffset.ms += 7 * 3_600_000
    await scene.pass(5_000)
    scene.world.weather.catalogDown = 0
    await scene.exact()
    expect(scene.world.trace.join('\n')).toMatch(/dropped: the staged files are stale: too-old/)
  })

  test('15: hold is not bypassed by a running worker', async () => {
    const scene = await Scene.pinned({ onRollback: 'hold' })
    const first = await scene.ingest(0, 3)
    await scene.ingest(0, 3)
    await scene.hold(1)
    scene.world.others.rollbackTo(first)
    await scene.refused('TABLE_ROLLED_BACK')
    scene.world.produce(0, 3)
    await scene.pass(20_000)
    expect(scene.head).toBe(first)
    await scene.sound()
  })

  test('15: skip passes what was rolled back, and says so', async () => {
    const scene = await Scene.pinned({ onRollback: 'skip' })
    const first = await scene.ingest(0, 3)
    await scene.ingest(0, 3)
    await scene.hold(1)
    scene.world.others.rollbackTo(first)
    await scene.exact()
    const gaps = scene.world.witness.ancestry(scene.head).map(({ summary }) => summary['firn.gap'])
    expect(gaps.filter((gap) => gap?.includes('skip') === true)).toHaveLength(1)
  })

  test('16: a request from before a rollback cannot undo it', async () => {
    const scene = await Scene.pinned({ onRollback: 'hold' })
    const before = scene.head
    scene.nextCommit('late')
    await scene.ingest(0, 3)
    scene.world.others.rollbackTo(before)
    expect(scene.world.catalog.deliverLate()).toEqual(['conflict'])
    await scene.refused('TABLE_ROLLED_BACK')
    expect(scene.head).toBe(before)
  })

  test('17: an idle worker notices a rollback, and reads again', async () => {
    const scene = await Scene.pinned()
    const first = await scene.ingest(0, 3)
    await scene.ingest(0, 3)
    await scene.pass(10_000)
    scene.world.others.rollbackTo(first)
    expect(scene.world.caughtUp()).toBe(false)
    await scene.exact()
  })

  test('18: a table that was dropped and made again', async () => {
    const scene = await Scene.pinned()
    await scene.ingest(0, 3)
    const tableUuid =
      '00000000-0000-4000-8000-ffffffffffff' as typeof scene.world.metadata.tableUuid
    scene.edit((metadata) => ({ ...metadata, tableUuid, properties: {} }))
    scene.world.produce(0, 3)
    await scene.refused('TABLE_RECREATED')
  })

  test('21: a tag moved by hand: the mirror decides, and the next commit sets it right', async () => {
    const scene = await Scene.pinned()
    const pin = scene.head
    await scene.ingest(0, 3)
    scene.edit(({ refs, ...metadata }) => ({
      ...metadata,
      refs: { ...refs, [tagName(SIM)]: { type: 'tag', snapshotId: pin } },
    }))
    await scene.ingest(0, 3)
    expect(scene.world.metadata.refs[tagName(SIM)]?.snapshotId).toBe(scene.head)
    await scene.exact()
  })

  test('22: whole metadata restored: followed, and no row lost or repeated', async () => {
    const scene = await Scene.pinned({ onRollback: 'hold' })
    await scene.ingest(0, 3)
    const saved = scene.world.metadata
    await scene.ingest(1, 3)
    scene.edit(() => saved)
    await scene.exact()
  })

  test('26: a race of two pins leaves one origin', async () => {
    const scene = await Scene.pinned({ workers: 3 })
    await scene.ingest(0, 3)
    await scene.ingest(1, 3)
    await scene.exact()
    const pins = scene.world.witness
      .ancestry(scene.head)
      .filter(({ summary }) => summary['firn.ranges'] === '{}')
    expect(pins).toHaveLength(1)
  })

  test('26: partitions swapped with claims in flight', async () => {
    const scene = await Scene.pinned({ workers: 2 })
    for (let round = 0; round < 8; round++) {
      scene.world.produce(0, 3)
      scene.world.produce(1, 3)
      await scene.pass(450)
      scene.world.rebalance()
    }
    await scene.exact()
  })
})

describe('a start that failed', () => {
  test('is asked again, though another partition was assigned and started meanwhile', async () => {
    const scene = await Scene.pinned({ workers: 1 })
    const [first] = scene.world.alive
    scene.world.weather.catalogDown = 1
    scene.world.startWorker()
    const told = (what: string) => () => scene.world.trace.some((line) => line.includes(what))
    await scene.until(told('w1 fault start'))
    first?.kill()
    await scene.until(told('w1 assigned 0'))
    scene.world.weather.catalogDown = 0
    await scene.ingest(0, 3)
    await scene.ingest(1, 3)
    await scene.exact()
  })
})

/** The metadata as another writer of the same topic would have left it. */
function renamed(metadata: Scene['world']['metadata']): Scene['world']['metadata'] {
  const { [mirrorProperty(SIM)]: mirror = '', ...properties } = metadata.properties
  const { [tagName(SIM)]: tag, ...refs } = metadata.refs
  const other = writerName('other')
  return {
    ...metadata,
    properties: { ...properties, [mirrorProperty(other)]: mirror },
    refs: tag === undefined ? refs : { ...refs, [tagName(other)]: tag },
    snapshots: metadata.snapshots.map((snapshot) =>
      Object.assign({}, snapshot, { summary: { ...snapshot.summary, 'firn.writer': 'other' } }),
    ),
  }
}
