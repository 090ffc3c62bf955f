import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { versitygw } from '../../../rig/artefacts.ts'
import { isCached } from '../../../rig/cache.ts'
import { freePorts, ownsPort } from '../../../rig/ports.ts'
import { s3Client } from '../../../rig/readers/table.ts'
import { Service } from '../../../rig/service.ts'
import type { S3Endpoint } from '../../../rig/services/s3.ts'
import { startRig } from '../../../rig/start.ts'
import { useRig } from '../../support/rig.ts'

async function putAndGet(s3: S3Endpoint): Promise<string | undefined> {
  const client = s3Client(s3)
  const at = { Bucket: s3.bucket, Key: 'a/b c/ü.txt' }
  await client.send(new PutObjectCommand({ ...at, Body: 'hello' }))
  const got = await client.send(new GetObjectCommand(at))
  const text = await got.Body?.transformToString()
  client.destroy()
  return text
}

describe('moto', () => {
  const rig = useRig({ s3: 'moto' })

  test('keeps objects until it restarts, and has its bucket then too', async () => {
    const { s3 } = rig()
    expect(await putAndGet(s3.s3)).toBe('hello')
    await s3.restart()
    const client = s3Client(s3.s3)
    const listed = await client.send(new ListObjectsV2Command({ Bucket: s3.s3.bucket }))
    client.destroy()
    expect(listed.KeyCount).toBe(0)
  })
})

// Minutes of building: where nobody asked for it, there is nothing to test.
describe.runIf(isCached(versitygw))('versitygw', () => {
  const rig = useRig({ s3: 'versitygw' })

  test('keeps objects, and refuses a wrong password', async () => {
    const { s3 } = rig()
    expect(await putAndGet(s3.s3)).toBe('hello')
    await s3.kill9()
    await s3.start()
    const client = s3Client(s3.s3)
    const listed = await client.send(new ListObjectsV2Command({ Bucket: s3.s3.bucket }))
    client.destroy()
    expect(listed.KeyCount).toBe(1)
    await expect(putAndGet({ ...s3.s3, secretAccessKey: 'wrong' })).rejects.toThrow(/signature/i)
  })

  test('is what `any` means', async () => {
    await using other = await startRig({ s3: 'any' })
    expect(other.s3.kind).toBe('versitygw')
  })
})

describe('Nessie', () => {
  const rig = useRig({ catalog: 'nessie', s3: 'moto' })

  test('answers as an Iceberg REST catalog with a prefix', async () => {
    const { uri, warehouse, kind } = rig().catalog
    expect(kind).toBe('nessie')
    const answer = await fetch(`${uri}/v1/config?warehouse=${warehouse}`)
    expect(await answer.json()).toMatchObject({ defaults: { prefix: 'main%7Crig' } })
  })

  test('is not started without S3', async () => {
    await expect(startRig({ catalog: 'nessie' })).rejects.toThrow('state `s3` too')
  })
})

describe('a service', () => {
  const rig = useRig({})

  test('that was not asked for is an error', () => {
    expect(() => rig().kafka).toThrow('this rig has no kafka')
  })

  test('that ends before it is ready fails with the end of its log', async () => {
    const [port = 0] = await freePorts(1)
    const service = new Service({
      name: 'broken',
      scratch: rig().scratch,
      port,
      command: { program: 'sh', args: ['-c', 'echo the reason; exit 7'] },
      ready: async () => true,
    })
    await expect(service.start()).rejects.toThrow(/broken ended with status 7.*\n.*the reason/)
    expect(service.running).toBe(false)
  })

  test('is not taken for ready because somebody else answers on its port', async () => {
    const stranger = createServer()
    const { promise, resolve } = Promise.withResolvers<void>()
    stranger.listen(0, '127.0.0.1', resolve)
    await promise
    const address = stranger.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const service = new Service({
      name: 'late',
      scratch: rig().scratch,
      port,
      command: { program: 'sleep', args: ['60'] },
      ready: async () => true,
      readyMs: 500,
    })
    await expect(service.start()).rejects.toThrow('late was not ready after 0.5 s')
    expect(await ownsPort(process.pid, port)).toBe(true)
    stranger.close()
  })

  test('that ignores SIGTERM is killed', async () => {
    const [port = 0] = await freePorts(1)
    const script = join(rig().scratch, 'stubborn.mjs')
    await writeFile(
      script,
      `import { createServer } from 'node:net'
       process.on('SIGTERM', () => undefined)
       createServer().listen(${port}, '127.0.0.1')`,
    )
    const service = new Service({
      name: 'stubborn',
      scratch: rig().scratch,
      port,
      command: { program: process.execPath, args: [script] },
      ready: async () => true,
    })
    await service.start()
    const { pid } = service
    await service.stop(300)
    expect(service.running).toBe(false)
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})
