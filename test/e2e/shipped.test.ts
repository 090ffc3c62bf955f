import { beforeAll, expect, test } from 'vitest'
import { BUILT_MAIN, buildFirn, runFirn } from '../../rig/firn.ts'
import { kafkaTool } from '../../rig/produce.ts'
import type { SecureKafka } from '../../rig/services/kafka-security.ts'
import { useRig } from '../support/rig.ts'
import { untilRows } from './support/catalog-view.ts'
import { configFile, configText, startWorker, stopGently } from './support/job.ts'

// The build leaves out of the dependencies what it takes to be unused, and runs their other, bundled form: here it is
// seen to be all there. Everything else is tested on the sources.

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const RECORDS = 200

const rig = useRig({ kafka: { secure: true }, catalog: 'fixture', s3: 'moto' })

beforeAll(async () => {
  await buildFirn()
  await using tool = kafkaTool(rig().kafka.bootstrap)
  for (const compression of CODECS) {
    await tool.createTopic(compression, { partitions: 1 })
    const values = Array.from({ length: RECORDS }, (_, id) => ({ value: JSON.stringify({ id }) }))
    await tool.produce(compression, values, { compression })
  }
})

function secure(): SecureKafka {
  const { secure: found } = rig().kafka
  if (found === undefined) throw new Error('the rig has no secure listeners')
  return found
}

/** A token that nobody signed: the rig's brokers take it. */
function token(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = Math.floor(Date.now() / 1_000)
  return `${part({ alg: 'none' })}.${part({ sub: 'firn', iat: seconds, exp: seconds + 600 })}.`
}

const password = (mechanism: string): string =>
  `  sasl: {mechanism: ${mechanism}, username: ${secure().username}, password: ${secure().password}}`
const ca = (): string => `  tls: {ca_file: ${secure().certificates.caFile}}`
const mutual = (): string => {
  const { caFile, clientCertificateFile, clientKeyFile } = secure().certificates
  return `  tls: {ca_file: ${caFile}, cert_file: ${clientCertificateFile}, key_file: ${clientKeyFile}}`
}

async function jobOf(name: string, brokers: string, kafka: string): Promise<string> {
  const tables = `  - table: shipped.t_${name.replaceAll('-', '_')}
    topics: [${CODECS.join(', ')}]
    columns: [{name: id, type: long}]
`
  const text = configText(rig(), { writer: name, tables, kafka, brokers }, rig().s3.s3)
  return configFile(rig(), name, text)
}

test.each<[string, () => readonly [string, string]]>([
  ['tls', () => [secure().tls, ca()]],
  ['mutual-tls', () => [secure().mutualTls, mutual()]],
  ['plain', () => [secure().sasl, password('plain')]],
  ['scram-sha-256', () => [secure().sasl, password('scram-sha-256')]],
  ['scram-sha-512-tls', () => [secure().saslTls, `${ca()}\n${password('scram-sha-512')}`]],
  [
    'oauthbearer-tls',
    () => [secure().saslTls, `${ca()}\n  sasl: {mechanism: oauthbearer, token: '${token()}'}`],
  ],
])('what is shipped reads every codec to S3, by %s', async (name, how) => {
  const config = await jobOf(name, ...how())
  const table = `shipped.t_${name.replaceAll('-', '_')}`
  const worker = await startWorker(rig(), name, config, BUILT_MAIN)
  await untilRows(rig().catalog, table, { rows: CODECS.length * RECORDS, workers: [worker] })
  await stopGently(worker)
  for (const verb of [['check'], ['status'], ['history', table], ['audit', table]]) {
    const { status, stdout, stderr } = await runFirn([...verb, '--config', config], {}, BUILT_MAIN)
    expect(status, `${verb.join(' ')}: ${stdout}${stderr}`).toBe(0)
  }
})
