import { readdirSync, readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../../src/config/load.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

const FOLDER = new URL('../../../deploy/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8')

/** Every name that a scrape may hold. */
async function metricNames(): Promise<Set<string>> {
  const registry = new Registry()
  createMetrics(registry)
  const all = await registry.getMetricsAsJSON()
  return new Set(
    all.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
}

function problemsOf(text: string): unknown {
  const env = { HOSTNAME: 'a', POD_NAME: 'firn-0' }
  const loading = loadConfig({ text, path: 'deploy/firn.yaml', env, readFile: () => 'x' })
  return loading.kind === 'invalid' ? loading.problems : []
}

describe('what is deployed', () => {
  test.each(['grafana-dashboard.json', 'prometheus-alerts.yaml'])(
    '%s asks for metrics that exist',
    async (name) => {
      const known = await metricNames()
      const asked = new Set(read(name).match(/\bfirn_[a-z_]+\b/g))
      expect(asked.size).toBeGreaterThan(5)
      expect([...asked].filter((metric) => !known.has(metric))).toEqual([])
    },
  )

  test('the dashboard shows every metric that people look at', async () => {
    const shown = read('grafana-dashboard.json')
    const plumbing = new Set([
      'firn_ledger_position',
      'firn_log_end_position',
      'firn_build_info',
      'firn_rollbacks_total',
      'firn_commit_seconds_sum',
      'firn_commit_seconds_count',
    ])
    const missing = [...(await metricNames())].filter(
      (name) => !shown.includes(name) && !plumbing.has(name),
    )
    expect(missing).toEqual([])
  })

  test('every alert says what it is and what to do', () => {
    const { groups } = parse(read('prometheus-alerts.yaml')) as {
      groups: { rules: { alert: string; annotations: Record<string, string> }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.length).toBeGreaterThan(5)
    for (const { alert, annotations } of rules) {
      expect(alert).toMatch(/^Firn[A-Z]/)
      expect(Object.keys(annotations).sort()).toEqual(['description', 'summary'])
    }
  })

  test('the configuration of compose.yaml is right', () => {
    expect(problemsOf(read('firn.yaml'))).toEqual([])
    const { services } = parse(read('compose.yaml')) as {
      services: Record<string, { volumes?: string[]; stop_grace_period?: string }>
    }
    const mounted = Object.values(services).flatMap((service) => service.volumes ?? [])
    const files = mounted
      .filter((volume) => volume.startsWith('./'))
      .map((volume) => volume.slice(2).split(':')[0])
    expect(readdirSync(FOLDER)).toEqual(expect.arrayContaining(files))
  })

  test('the configuration and probes of kubernetes.yaml are right', () => {
    const documents = parseAllDocuments(read('kubernetes.yaml')).map(
      (document) => document.toJS() as KubernetesObject,
    )
    const config = documents.find(({ kind }) => kind === 'ConfigMap')?.data?.['firn.yaml']
    expect(problemsOf(config ?? '')).toEqual([])
    const pod = documents.find(({ kind }) => kind === 'StatefulSet')?.spec?.template.spec
    const [container] = pod?.containers ?? []
    expect(container?.livenessProbe.httpGet.path).toBe('/livez')
    expect(container?.readinessProbe.httpGet.path).toBe('/readyz')
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(20)
  })
})

interface Probe {
  readonly httpGet: { readonly path: string }
}

interface KubernetesObject {
  readonly kind: string
  readonly data?: Record<string, string>
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: { readonly livenessProbe: Probe; readonly readinessProbe: Probe }[]
      }
    }
  }
}
