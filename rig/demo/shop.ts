import { join } from 'node:path'
import { open } from 'node:fs/promises'
import type { KafkaTool } from '../produce.ts'

/** The demo's two topics, and what a record of each is called by. */
export const TOPICS = { orders: 'order_id', page_views: 'view_id' } as const
export type ShopTopic = keyof typeof TOPICS

export const SHOP_PARTITIONS = 4
const SEED = 0x5f1e2d3c
const FIRST_MS = Date.UTC(2026, 10, 1, 8)
const FIRST_ID = 100_000

const CITIES = [
  'Bern',
  'Chamonix',
  'Innsbruck',
  'Zermatt',
  'Aosta',
  'Grindelwald',
  'Tromsø',
  '札幌',
]
const PRODUCTS = [
  ['ice-axe', 89.9],
  ['crampons', 149],
  ['rope-60m', 179.5],
  ['harness', 64.95],
  ['headlamp', 39.9],
  ['glacier-glasses', 119],
  ['down-jacket', 289],
  ['bivy-sack', 99.95],
] as const
const AGENTS = [
  'Firefox/140 (Linux)',
  'Safari/19 (iPhone)',
  'Chrome/150 (Windows)',
  'Shop/3.2 (Android)',
]

/** One transaction's worth of records of one topic, as the producer is to write it. */
interface Round {
  readonly topic: ShopTopic
  readonly end: 'plain' | 'commit' | 'abort'
  readonly records: { value: string; partition: number; key: string; timestamp: number }[]
  readonly ids: number[]
}

/** What readers must find, and what they must not. */
export interface Produced {
  readonly visible: Record<ShopTopic, number>
  readonly aborted: Record<ShopTopic, number>
  readonly transactions: { committed: number; aborted: number }
}

/** Customers and products by a seeded generator: the same shop on every machine. */
function shopRandom(): { below(limit: number): number; pick<T>(of: readonly T[]): T } {
  let state = SEED
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  return {
    below,
    pick: <T>(of: readonly T[]): T => {
      const chosen = of[below(of.length)]
      if (chosen === undefined) throw new RangeError('nothing to pick from')
      return chosen
    },
  }
}

/** Orders and page views, in rounds: about one in five a transaction, about one in ten of those aborted or more. */
export function* shopRounds(counts: {
  readonly orders: number
  readonly page_views: number
  readonly rounds: number
}): Generator<Round, void> {
  const random = shopRandom()
  const next = { orders: FIRST_ID, page_views: FIRST_ID }
  for (let round = 0; round < counts.rounds; round += 1) {
    for (const topic of ['orders', 'page_views'] as const) {
      const size = Math.ceil(counts[topic] / counts.rounds)
      const end = ENDS[(round + (topic === 'orders' ? 0 : 3)) % ENDS.length] ?? 'plain'
      const ids = Array.from({ length: size }, (_, i) => next[topic] + i)
      next[topic] += size
      const records = ids.map((id) => recordOf(topic, id, random))
      yield { topic, end, records, ids }
    }
  }
}

const ENDS = ['plain', 'commit', 'plain', 'abort', 'plain', 'plain', 'commit'] as const

function recordOf(
  topic: ShopTopic,
  id: number,
  random: ReturnType<typeof shopRandom>,
): Round['records'][number] {
  const timestamp = FIRST_MS + (id - FIRST_ID) * 250 + random.below(250)
  const customer = 1 + random.below(20_000)
  const value = topic === 'orders' ? order(id, customer, random) : pageView(id, customer, random)
  return {
    value: JSON.stringify({ ...value, at: new Date(timestamp).toISOString() }),
    partition: customer % SHOP_PARTITIONS,
    key: `customer-${customer}`,
    timestamp,
  }
}

function order(id: number, customer: number, random: ReturnType<typeof shopRandom>): object {
  const lines = Array.from({ length: 1 + random.below(3) }, () => {
    const [sku, price] = random.pick(PRODUCTS)
    return { sku, quantity: 1 + random.below(4), price: price.toFixed(2) }
  })
  const cents = lines.reduce(
    (sum, line) => sum + Math.round(Number(line.price) * 100) * line.quantity,
    0,
  )
  return {
    order_id: id,
    customer: { id: customer, city: random.pick(CITIES) },
    lines,
    total: (cents / 100).toFixed(2),
    coupon: random.below(8) === 0 ? 'SNOW10' : null,
  }
}

function pageView(id: number, customer: number, random: ReturnType<typeof shopRandom>): object {
  const [sku] = random.pick(PRODUCTS)
  return {
    view_id: id,
    visitor: random.below(3) === 0 ? null : customer,
    url: `https://shop.example.com/${sku}?from=${random.pick(['search', 'mail', 'home'])}`,
    agent: random.pick(AGENTS),
    millis: 20 + random.below(900),
  }
}

/** Writes the rounds and keeps, beside them, where each visible record lies: `<topic>.csv` of partition, offset, id. */
export async function produceShop(
  tool: KafkaTool,
  rounds: Iterable<Round>,
  options: { readonly scratch: string; readonly beforeRound: () => Promise<unknown> },
): Promise<Produced> {
  const produced = {
    visible: { orders: 0, page_views: 0 },
    aborted: { orders: 0, page_views: 0 },
    transactions: { committed: 0, aborted: 0 },
  }
  await using files = await openFiles(options.scratch)
  for (const { topic, end, records, ids } of rounds) {
    await options.beforeRound()
    const positions = await tool.produce(topic, records, {
      compression: topic === 'orders' ? 'zstd' : 'lz4',
      ...(end === 'plain' ? {} : { transaction: end, transactionalId: `shop-${topic}` }),
    })
    if (end === 'commit') produced.transactions.committed += 1
    if (end === 'abort') {
      produced.transactions.aborted += 1
      produced.aborted[topic] += records.length
      continue
    }
    produced.visible[topic] += records.length
    const lines = positions.map(({ partition, offset }, i) => `${partition},${offset},${ids[i]}\n`)
    await files[topic].write(lines.join(''))
  }
  return produced
}

/** Where the positions of a topic's visible records are written. */
export function positionsFile(scratch: string, topic: ShopTopic): string {
  return join(scratch, `${topic}.csv`)
}

async function openFiles(
  scratch: string,
): Promise<AsyncDisposable & Record<ShopTopic, Awaited<ReturnType<typeof open>>>> {
  const orders = await open(positionsFile(scratch, 'orders'), 'w')
  const pageViews = await open(positionsFile(scratch, 'page_views'), 'w')
  return {
    orders,
    page_views: pageViews,
    [Symbol.asyncDispose]: async () => {
      await orders.close()
      await pageViews.close()
    },
  }
}
