import { CreateBucketCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3Client } from '../../../rig/readers/table.ts'
import { S3ObjectStore } from '../../../src/storage/s3-object-store.ts'
import type { S3Options } from '../../../src/storage/s3-options.ts'
import { useRig } from '../../support/rig.ts'

const MIB = 1024 * 1024
const PART = 5 * MIB

const rig = useRig({ s3: 'moto' })
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (of: Uint8Array): string => new TextDecoder().decode(of)

function options(overrides: Partial<S3Options> = {}): S3Options {
  const { endpoint, region, accessKeyId, secretAccessKey } = rig().s3.s3
  return {
    endpoint,
    region,
    pathStyle: true,
    credentials: { accessKeyId, secretAccessKey: () => secretAccessKey, sessionToken: undefined },
    partSizeBytes: PART,
    partsInFlight: 2,
    requestsInFlight: 8,
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 30_000,
    retry: { attemptsMax: 2, waitMsMin: 10, waitMsMax: 50 },
    ...overrides,
  }
}

let store: S3ObjectStore
let root: string
beforeAll(() => {
  store = new S3ObjectStore(options())
  root = `s3://${rig().s3.s3.bucket}/store`
})
afterAll(async () => {
  await store.close()
})

/** Multipart uploads that are begun and not ended: they cost, and nobody sees them. */
async function pending(): Promise<number> {
  const { s3 } = rig().s3
  const client = s3Client(s3)
  const answer = await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
  client.destroy()
  return answer.Uploads?.length ?? 0
}

describe('an object', () => {
  test.each(['plain', 'a b', 'é=ü/日本', '%22quoted%22', 'plus+and&', "it's(1)*!", 'q?x#y'])(
    'is there under its name, taken as it is: %s',
    async (name) => {
      const location = `${root}/names/${name}`
      await store.put(location, bytes(name))
      expect(text(await store.get(location))).toBe(name)
      expect(await store.head(location)).toMatchObject({
        location,
        sizeBytes: bytes(name).length,
      })
      const listed = await Array.fromAsync(store.list(location))
      expect(listed.map((one) => one.location)).toEqual([location])
    },
  )

  test('is read in half-open ranges', async () => {
    await store.put(`${root}/range`, bytes('0123456789'))
    expect(text(await store.get(`${root}/range`, { start: 0, end: 4 }))).toBe('0123')
    expect(text(await store.get(`${root}/range`, { start: 8, end: 100 }))).toBe('89')
  })

  test('is gone after delete, and deleting what is not there is no error', async () => {
    const location = `${root}/gone`
    await store.put(location, bytes('x'))
    await store.delete(location)
    await store.delete(location)
    expect(await store.head(location)).toBeUndefined()
    await expect(store.get(location)).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
      message: expect.stringContaining(location),
    })
  })

  test('a listing goes over its pages, and keeps to its prefix', async () => {
    const names = Array.from({ length: 1_005 }, (_, index) => `${root}/many/${1_000 + index}`)
    for (let at = 0; at < names.length; at += 50) {
      await Promise.all(names.slice(at, at + 50).map(async (one) => store.put(one, bytes('x'))))
    }
    await store.put(`${root}/many-more`, bytes('x'))
    const found = await Array.fromAsync(store.list(`${root}/many/`))
    expect(found.map(({ location }) => location)).toEqual(names.sort())
    expect(found[0]?.lastModifiedMs).toBeGreaterThan(1_600_000_000_000)
  })
})

describe('an upload', () => {
  test('of several parts is whole, and invisible until then', async () => {
    const location = `${root}/large`
    const upload = store.upload(location)
    const chunks = Array.from({ length: 13 }, (_, index) => new Uint8Array(MIB).fill(index))
    const written = Buffer.concat(chunks)
    for (const chunk of chunks) await upload.write(chunk)
    expect(await store.head(location)).toBeUndefined()
    expect(await upload.complete()).toEqual({ sizeBytes: 13 * MIB })
    expect(Buffer.compare(await store.get(location), written)).toBe(0)
    expect(await pending()).toBe(0)
  })

  test.each([0, 3])('of %i bytes is one PUT', async (length) => {
    const upload = store.upload(`${root}/small-${length}`)
    if (length > 0) await upload.write(new Uint8Array(length))
    expect(await upload.complete()).toEqual({ sizeBytes: length })
    expect(await store.head(`${root}/small-${length}`)).toMatchObject({ sizeBytes: length })
  })

  test('that is aborted leaves no object and no parts, whenever it is', async () => {
    for (const size of [0, 1, PART, 2 * PART + 1]) {
      const location = `${root}/aborted-${size}`
      const upload = store.upload(location)
      if (size > 0) await upload.write(new Uint8Array(size))
      await upload.abort()
      expect(await store.head(location)).toBeUndefined()
    }
    await expect.poll(pending).toBe(0)
  })

  test('that is aborted with parts in the store leaves none', async () => {
    const upload = store.upload(`${root}/aborted-late`)
    for (let part = 0; part < 3; part++) await upload.write(new Uint8Array(PART))
    await expect.poll(pending, { timeout: 10_000 }).toBe(1)
    await upload.abort()
    await expect.poll(pending).toBe(0)
    expect(await store.head(`${root}/aborted-late`)).toBeUndefined()
  })
})

describe('faults', () => {
  const missing = 's3://no-such-bucket-here/key'

  test('a bucket that is not there is named, for each request', async () => {
    const fault = {
      code: 'STORAGE_BUCKET_MISSING',
      message: expect.stringContaining('no-such-bucket-here'),
      help: expect.stringContaining('no-such-bucket-here'),
    }
    await expect(store.put(missing, bytes('x'))).rejects.toMatchObject(fault)
    await expect(store.get(missing)).rejects.toMatchObject(fault)
    await expect(Array.fromAsync(store.list(missing))).rejects.toMatchObject(fault)
    const upload = store.upload(missing)
    const sent = (async () => {
      for (let part = 0; part < 3; part++) await upload.write(new Uint8Array(PART))
      await upload.complete()
    })()
    await expect(sent).rejects.toMatchObject(fault)
    await upload.abort()
  })

  test('an endpoint where nothing answers', async () => {
    const lost = new S3ObjectStore(options({ endpoint: 'http://127.0.0.1:1' }))
    await expect(lost.put(`${root}/x`, bytes('x'))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
      help: expect.stringContaining('storage.s3.endpoint'),
    })
    await lost.close()
  })

  test('a store that hangs is given up after the time-out, and works again', async () => {
    const impatient = new S3ObjectStore(options({ requestTimeoutMs: 300 }))
    await rig().s3.pause()
    try {
      await expect(impatient.get(`${root}/range`)).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
      })
    } finally {
      rig().s3.resume()
    }
    expect(await store.head(`${root}/range`)).toBeDefined()
    await impatient.close()
  })

  test.each(['file:///x', 's3://bucket', 'https://b/k'])('%s is no location', async (location) => {
    await expect(store.get(location)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
  })
})

test('a second bucket is another place', async () => {
  const client = s3Client(rig().s3.s3)
  await client.send(new CreateBucketCommand({ Bucket: 'another' }))
  client.destroy()
  await store.put('s3://another/store/only', bytes('x'))
  expect(await store.head(`${root}/only`)).toBeUndefined()
  expect(await store.head('s3a://another/store/only')).toMatchObject({ sizeBytes: 1 })
})

describe('a store that checks signatures', () => {
  const strict = useRig({ s3: 'versitygw' })

  test('says so of a wrong secret, with the rights that are needed', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey, bucket } = strict().s3.s3
    const as = (secret: string): S3ObjectStore =>
      new S3ObjectStore(
        options({
          endpoint,
          region,
          credentials: { accessKeyId, secretAccessKey: () => secret, sessionToken: undefined },
        }),
      )
    const [right, wrong] = [as(secretAccessKey), as('not the secret')]
    await right.put(`s3://${bucket}/x y`, bytes('x'))
    const fault = { code: 'STORAGE_FORBIDDEN', help: expect.stringContaining('s3:PutObject') }
    await expect(wrong.put(`s3://${bucket}/z`, bytes('x'))).rejects.toMatchObject(fault)
    await expect(wrong.get(`s3://${bucket}/x y`)).rejects.toMatchObject(fault)
    await expect(wrong.head(`s3://${bucket}/x y`)).rejects.toMatchObject(fault)
    await Promise.all([right.close(), wrong.close()])
  })
})
