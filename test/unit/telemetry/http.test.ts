import { Registry } from 'prom-client'
import { afterEach, describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import { startHttp, type HttpAnswers, type HttpServer } from '../../../src/telemetry/http.ts'
import { createMetrics, forgetPartition } from '../../../src/telemetry/metrics.ts'

const servers: HttpServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(async (server) => server.close()))
})

async function serve(answers: Partial<HttpAnswers>): Promise<string> {
  const server = await startHttp(
    { host: '127.0.0.1', port: 0 },
    {
      live: () => true,
      readiness: () => ({ ready: true, reasons: [] }),
      metrics: async () => Promise.resolve({ text: '', contentType: 'text/plain' }),
      ...answers,
    },
  )
  servers.push(server)
  return `http://127.0.0.1:${server.port}`
}

describe('the HTTP server', () => {
  test.each([
    [true, 200],
    [false, 503],
  ])('/livez when live is %s', async (live, status) => {
    const base = await serve({ live: () => live })
    const response = await fetch(`${base}/livez`)
    expect([response.status, await response.json()]).toEqual([status, { live }])
  })

  test('/readyz is red with its reasons', async () => {
    const reasons = [{ code: 'OFFSETS_EXPIRED' as const, table: 'a.b', message: 'm', help: 'h' }]
    const base = await serve({ readiness: () => ({ ready: false, reasons }) })
    const response = await fetch(`${base}/readyz?verbose`)
    expect([response.status, await response.json()]).toEqual([503, { ready: false, reasons }])
  })

  test('/metrics has what the registry has', async () => {
    const registry = new Registry()
    const metrics = createMetrics(registry)
    metrics.recordsRead.inc({ table: 'a.b', topic: 't' }, 3)
    const base = await serve({
      metrics: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
    })
    const response = await fetch(`${base}/metrics`)
    expect(response.headers.get('content-type')).toBe(registry.contentType)
    expect(await response.text()).toContain('firn_records_read_total{table="a.b",topic="t"} 3')
  })

  test('a metric that cannot be collected is an answer, not the end', async () => {
    const base = await serve({ metrics: async () => Promise.reject(new Error('collector')) })
    const response = await fetch(`${base}/metrics`)
    expect([response.status, await response.json()]).toEqual([500, { error: 'collector' }])
    expect((await fetch(`${base}/livez`)).status).toBe(200)
  })

  test('anything else is refused', async () => {
    const base = await serve({})
    expect((await fetch(`${base}/`)).status).toBe(404)
    const posted = await fetch(`${base}/livez`, { method: 'POST', body: 'x'.repeat(1000) })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await fetch(`${base}/livez`, { method: 'HEAD' })).status).toBe(200)
  })

  test('a taken port is an error with its help', async () => {
    const base = await serve({})
    const port = Number(new URL(base).port)
    const second = startHttp({ host: '127.0.0.1', port }, {} as HttpAnswers)
    await expect(second).rejects.toThrow(FirnError)
    await expect(second).rejects.toMatchObject({ code: 'HTTP_UNAVAILABLE' })
  })
})

describe('the metrics', () => {
  test('have names and units as Prometheus wants them, and a help text', async () => {
    const registry = new Registry()
    createMetrics(registry)
    const all = await registry.getMetricsAsJSON()
    expect(all.length).toBeGreaterThan(25)
    for (const { name, help, type } of all) {
      expect(name).toMatch(/^firn_[a-z_]+$/)
      expect(help).toMatch(/\.$/)
      expect(String(type) === 'counter').toBe(name.endsWith('_total'))
    }
  })

  test('live in the registry that was given, so that two can stand side by side', async () => {
    const [one, other] = [new Registry(), new Registry()]
    createMetrics(one).failures.inc({ code: 'X' })
    createMetrics(other)
    expect(await one.metrics()).toContain('firn_failures_total{code="X"} 1')
    expect(await other.metrics()).not.toContain('code="X"')
  })

  test('a partition that is read no longer is forgotten', async () => {
    const registry = new Registry()
    const metrics = createMetrics(registry)
    metrics.ledgerPosition.set({ table: 'a.b', topic: 't', partition: '1' }, 7)
    metrics.ledgerPosition.set({ table: 'a.b', topic: 't', partition: '2' }, 8)
    forgetPartition(metrics, { table: 'a.b', topic: 't', partition: 1 })
    const text = await registry.metrics()
    expect(text).not.toContain('partition="1"')
    expect(text).toContain('firn_ledger_position{table="a.b",topic="t",partition="2"} 8')
  })
})
