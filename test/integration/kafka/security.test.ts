import { readFileSync } from 'node:fs'
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from 'kafkajs'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import type { SaslOptions, TlsOptions } from '../../../src/consumer/options.ts'
import { topicName } from '../../../src/core/ids.ts'
import { useRig } from '../../support/rig.ts'
import { Member, open, Reader, until } from './support.ts'

const rig = useRig({ kafka: { secure: true } })
const TOPIC = 'guarded'

const secure = () => {
  const { secure: found } = rig().kafka
  if (found === undefined) throw new Error('the rig has no secure listeners')
  return found
}

const tls = (changes: Partial<TlsOptions> = {}): TlsOptions => ({
  ca: readFileSync(secure().certificates.caFile, 'utf8'),
  cert: undefined,
  key: undefined,
  serverName: undefined,
  insecureSkipVerify: false,
  ...changes,
})

const clientCertificate = (): Partial<TlsOptions> => ({
  cert: readFileSync(secure().certificates.clientCertificateFile, 'utf8'),
  key: () => readFileSync(secure().certificates.clientKeyFile, 'utf8'),
})

const password = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'): SaslOptions => ({
  mechanism,
  username: secure().username,
  password: () => secure().password,
})

/** A token that nobody signed: the rig's brokers take it. */
const token = (): SaslOptions => ({
  mechanism: 'oauthbearer',
  token: () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const seconds = Math.floor(Date.now() / 1_000)
    return `${part({ alg: 'none' })}.${part({ sub: 'firn', iat: seconds, exp: seconds + 600 })}.`
  },
})

beforeAll(async () => {
  await using tool = kafkaTool(rig().kafka.bootstrap)
  await tool.createTopic(TOPIC, { partitions: 1 })
  await tool.produce(TOPIC, [{ value: 'secret', partition: 0 }])
})

describe('what the brokers accept', () => {
  test.each<[string, () => [string, { tls?: TlsOptions; sasl?: SaslOptions }]]>([
    ['TLS', () => [secure().tls, { tls: tls() }]],
    ['TLS with a server name', () => [secure().tls, { tls: tls({ serverName: 'localhost' }) }]],
    [
      'TLS without verifying',
      () => [secure().tls, { tls: tls({ ca: undefined, insecureSkipVerify: true }) }],
    ],
    ['mutual TLS', () => [secure().mutualTls, { tls: tls(clientCertificate()) }]],
    ['PLAIN', () => [secure().sasl, { sasl: password('plain') }]],
    ['SCRAM-SHA-256', () => [secure().sasl, { sasl: password('scram-sha-256') }]],
    ['SCRAM-SHA-512', () => [secure().sasl, { sasl: password('scram-sha-512') }]],
    ['OAUTHBEARER', () => [secure().sasl, { sasl: token() }]],
    [
      'SCRAM-SHA-512 over TLS',
      () => [secure().saslTls, { tls: tls(), sasl: password('scram-sha-512') }],
    ],
    ['OAUTHBEARER over TLS', () => [secure().saslTls, { tls: tls(), sasl: token() }]],
  ])('%s', async (_, how) => {
    const [bootstrap, changes] = how()
    const source = await open(bootstrap, { ...changes, group: `secure-${Math.random()}` })
    const member = new Member()
    await source.join({ kind: 'names', names: [topicName(TOPIC)] }, member)
    await until(() => member.owned.size === 1, 'the partition')
    const reader = new Reader(source)
    await reader.readTo([[reader.seek(TOPIC, 0, 0n), 1n]])
    expect(reader.of(TOPIC, 0)).toEqual([{ offset: 0n, value: 'secret' }])
    await source.leave()
    await source.close()
  })
})

describe('what they refuse', () => {
  const wrong = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'): SaslOptions => ({
    mechanism,
    username: secure().username,
    password: () => 'wrong',
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'a wrong password, %s: said at once, without the password',
    async (mechanism) => {
      const fault: unknown = await open(secure().sasl, { sasl: wrong(mechanism) }).catch(
        (thrown: unknown) => thrown,
      )
      expect(fault).toMatchObject({
        code: 'KAFKA_AUTHENTICATION',
        message: expect.stringContaining(secure().sasl),
        help: expect.stringContaining('kafka.sasl'),
      })
      expect(String(fault)).not.toContain('wrong')
    },
  )

  test('an authority that is not trusted', async () => {
    const ca = readFileSync(secure().certificates.strangerCaFile, 'utf8')
    await expect(open(secure().tls, { tls: tls({ ca }) })).rejects.toMatchObject({
      message: expect.stringContaining('certificate'),
      help: expect.stringContaining('kafka.tls.ca_file'),
    })
  })

  test('no client certificate where one is required', async () => {
    await expect(open(secure().mutualTls, { tls: tls() })).rejects.toMatchObject({
      help: expect.stringContaining('kafka.tls'),
    })
  })

  test('no TLS where it is spoken', async () => {
    await expect(open(secure().tls)).rejects.toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      help: expect.stringContaining('kafka.tls'),
    })
  })
})

describe('permissions', () => {
  /** From now on the user may do only what a rule on this resource says. */
  async function allowOnlyOthers(
    resourceType: AclResourceTypes,
    resourceName: string,
    operation: AclOperationTypes = AclOperationTypes.ALL,
  ): Promise<void> {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const admin = tool.kafka.admin()
    await admin.connect()
    await admin.createAcls({
      acl: [
        {
          resourceType,
          resourceName,
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: operation === AclOperationTypes.ALL ? 'User:somebody' : 'User:firn',
          host: '*',
          operation,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    })
    await admin.disconnect()
  }

  test('a topic that may not be described is named', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('hidden', { partitions: 1 })
    await allowOnlyOthers(AclResourceTypes.TOPIC, 'hidden')
    const source = await open(secure().sasl, { sasl: password('plain') })
    await expect(
      source.describeTopics({ kind: 'names', names: [topicName('hidden')] }),
    ).rejects.toMatchObject({
      code: 'KAFKA_AUTHORIZATION',
      message: expect.stringContaining('hidden'),
      help: expect.stringContaining('READ'),
    })
    await source.close()
  })

  test('a topic that may be seen but not read fails its partitions', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('visible', { partitions: 1 })
    await allowOnlyOthers(AclResourceTypes.TOPIC, 'visible', AclOperationTypes.DESCRIBE)
    const source = await open(secure().sasl, { sasl: password('plain') })
    const reader = new Reader(source)
    reader.seek('visible', 0, 0n)
    await until(async () => {
      await reader.turn()
      return reader.others.length > 0
    }, 'a refusal')
    expect(reader.others).toMatchObject([
      { kind: 'failed', topic: 'visible', partition: 0, error: { code: 'KAFKA_AUTHORIZATION' } },
    ])
    await source.close()
  })

  test('a topic whose permission is taken away while it is read fails its partitions', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('taken', { partitions: 1 })
    const source = await open(secure().sasl, { sasl: password('plain') })
    const reader = new Reader(source)
    await reader.readTo([[reader.seek('taken', 0, 0n), 0n]])
    await allowOnlyOthers(AclResourceTypes.TOPIC, 'taken')
    await until(async () => {
      await reader.turn()
      return reader.others.length > 0
    }, 'a refusal')
    expect(reader.others).toMatchObject([
      { kind: 'failed', error: { code: 'KAFKA_AUTHORIZATION' } },
    ])
    await source.close()
  })

  test.each(['classic', 'consumer'] as const)(
    'a group that may not be joined fails the session, %s',
    async (groupProtocol) => {
      const group = `closed-${groupProtocol}`
      await allowOnlyOthers(AclResourceTypes.GROUP, group)
      const source = await open(secure().sasl, { sasl: password('plain'), group, groupProtocol })
      const member = new Member()
      await source.join({ kind: 'names', names: [topicName(TOPIC)] }, member)
      await until(() => member.failure !== undefined, 'a refusal')
      expect(member.failure).toMatchObject({
        code: 'KAFKA_AUTHORIZATION',
        message: expect.stringContaining(group),
      })
      await expect(
        source.groupOffsets([{ topic: topicName(TOPIC), partition: 0 }]),
      ).rejects.toMatchObject({ code: 'KAFKA_AUTHORIZATION' })
      await source.leave()
      await source.close()
    },
  )
})
