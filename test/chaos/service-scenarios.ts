import type { ProxyFault, ProxiedRequest } from '../../rig/http-proxy.ts'
import { faultNext } from './fault-next.ts'
import type { Scenario } from './scenario.ts'

const PORTION = 2_000

const isCommit = ({ method, path }: ProxiedRequest): boolean =>
  method === 'POST' && /\/tables\/[^/]+$/.test(path)

const body = (type: string, code: number): string =>
  JSON.stringify({ error: { message: 'chaos', type, code } })

const COMMIT_FAULTS: readonly { name: string; what: string; fault: ProxyFault; quick?: true }[] = [
  {
    name: '500',
    what: 'answers 500',
    fault: { kind: 'status', status: 500, body: body('ServerError', 500) },
  },
  {
    name: '503',
    what: 'answers 503',
    fault: { kind: 'status', status: 503, body: body('ServiceUnavailable', 503) },
  },
  {
    name: '409',
    what: 'answers 409',
    fault: { kind: 'status', status: 409, body: body('CommitFailedException', 409) },
  },
  { name: 'hangs', what: 'never answers', fault: { kind: 'hang' } },
  {
    name: 'cut',
    what: 'cuts the connection after having committed',
    fault: { kind: 'cut-after' },
    quick: true,
  },
  {
    name: 'late',
    what: 'commits 3 s after the connection is gone',
    fault: { kind: 'late', afterMs: 3_000 },
    quick: true,
  },
]

const CATALOG: readonly Scenario[] = COMMIT_FAULTS.map(({ name, what, fault, quick }) => ({
  name: `catalog-${name}`,
  what: `the catalog ${what}, three times`,
  rig: 'plain',
  quick: quick === true,
  play: async (stage) => {
    await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    faultNext(stage.catalog, fault, { count: 3, matches: isCommit })
    stage.marksFault()
    for (let round = 0; round < 3; round++) {
      await stage.produce(PORTION)
      await stage.untilRows()
    }
    await stage.until('all three faults', async () => {
      if (stage.catalog.faults >= 3) return true
      await stage.produce(40)
      return false
    })
    await stage.untilRows()
    return stage.verdict()
  },
}))

const BROKERS: readonly Scenario[] = [
  {
    name: 'broker-killed',
    what: 'SIGKILL of the only broker, and back',
    rig: 'plain',
    play: async (stage) => {
      await stage.start('solo')
      await stage.produce(PORTION)
      await stage.untilRows()
      await stage.rig.kafka.kill9()
      stage.marksFault()
      await stage.rig.kafka.start()
      await stage.produce(PORTION)
      await stage.untilRows()
      return stage.verdict()
    },
  },
  {
    name: 'leaders-move',
    what: 'each of three brokers killed in turn: the leaders move',
    rig: 'three brokers',
    play: async (stage) => {
      await stage.start('solo')
      for (const broker of stage.rig.kafka.brokers) {
        await stage.tool.inSync(stage.options.name)
        await broker.kill9()
        stage.marksFault()
        await stage.produce(PORTION)
        await stage.untilRows()
        await broker.start()
      }
      return stage.verdict()
    },
  },
  {
    name: 'broker-replaced',
    what: 'a broker comes back with an empty disk',
    rig: 'three brokers',
    play: async (stage) => {
      await stage.start('solo')
      await stage.produce(PORTION)
      await stage.tool.inSync(stage.options.name)
      const [broker] = stage.rig.kafka.brokers
      await broker?.wipe()
      stage.marksFault()
      await stage.produce(PORTION)
      await broker?.start()
      await stage.tool.inSync(stage.options.name)
      await stage.produce(PORTION)
      await stage.untilRows()
      return stage.verdict()
    },
  },
]

export const SERVICE_SCENARIOS: readonly Scenario[] = [...CATALOG, ...BROKERS]
