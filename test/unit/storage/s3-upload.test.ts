import type { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { InFlight } from '../../../src/storage/in-flight.ts'
import { S3Upload } from '../../../src/storage/s3-upload.ts'

const PART = 10

interface Sent {
  readonly kind: string
  readonly part: number | undefined
  readonly length: number | undefined
}

/** Answers as S3 does, and may hold answers back or fail. */
class FakeClient {
  readonly sent: Sent[] = []
  readonly parts = new Map<number, Buffer>()
  object: Buffer | undefined
  most = 0
  #running = 0
  before: (sent: Sent) => Promise<void> | void = () => undefined

  async send(command: { readonly constructor: { readonly name: string }; input: object }) {
    const { Body, PartNumber } = command.input as { Body?: Uint8Array; PartNumber?: number }
    const kind = command.constructor.name.replace('Command', '')
    const sent = { kind, part: PartNumber, length: Body?.length }
    this.sent.push(sent)
    this.#running += 1
    this.most = Math.max(this.most, this.#running)
    try {
      await this.before(sent)
    } finally {
      this.#running -= 1
    }
    if (kind === 'CreateMultipartUpload') return { UploadId: 'id' }
    if (kind === 'PutObject') this.object = Buffer.from(Body ?? [])
    if (kind === 'UploadPart') this.parts.set(PartNumber ?? 0, Buffer.from(Body ?? []))
    if (kind === 'CompleteMultipartUpload') {
      const { MultipartUpload } = command.input as {
        MultipartUpload: { Parts: { PartNumber: number }[] }
      }
      this.object = Buffer.concat(
        MultipartUpload.Parts.map(({ PartNumber: at }) => this.parts.get(at) ?? Buffer.alloc(0)),
      )
    }
    return { ETag: `e${PartNumber}` }
  }
}

function uploadTo(
  client: FakeClient,
  partsInFlight = 2,
  requests = new InFlight(8),
  partSizeBytes = PART,
): S3Upload {
  return new S3Upload(client as unknown as S3Client, {
    bucket: 'b',
    key: 'k',
    location: 's3://b/k',
    partSizeBytes,
    partsInFlight,
    requests,
  })
}

const bytes = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => from + index)
const kinds = ({ sent }: FakeClient): string[] => sent.map(({ kind }) => kind)
const tick = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('S3Upload', () => {
  test.each([0, 1, PART])('%i bytes are held until the end, and are one PUT', async (length) => {
    const client = new FakeClient()
    const upload = uploadTo(client)
    for (let at = 0; at < length; at += 4) await upload.write(bytes(Math.min(4, length - at), at))
    expect(upload.bytesHeld).toBe(length)
    expect(client.sent).toEqual([])
    expect(await upload.complete()).toEqual({ sizeBytes: length })
    expect(kinds(client)).toEqual(['PutObject'])
    expect(client.object).toEqual(Buffer.from(bytes(length)))
    expect(upload.bytesHeld).toBe(0)
  })

  test.each([PART + 1, 2 * PART, 3 * PART + 5])(
    '%i bytes go in parts of one size, and a rest',
    async (length) => {
      const client = new FakeClient()
      const upload = uploadTo(client)
      for (let at = 0; at < length; at += 7) await upload.write(bytes(Math.min(7, length - at), at))
      expect(await upload.complete()).toEqual({ sizeBytes: length })
      const parts = client.sent.filter(({ kind }) => kind === 'UploadPart')
      expect(parts.map((one) => [one.part, one.length])).toEqual(
        Array.from({ length: Math.ceil(length / PART) }, (_, index) => [
          index + 1,
          Math.min(PART, length - index * PART),
        ]),
      )
      expect(client.object).toEqual(Buffer.from(bytes(length)))
      expect(upload.bytesHeld).toBe(0)
    },
  )

  test('what has been sent, or copied, gives its memory back', async () => {
    const client = new FakeClient()
    const upload = uploadTo(client, 2, new InFlight(8), 50_000)
    // Chunks that end within a part, at its end, and behind several.
    const chunks = [30_000, 20_000, 50_000, 120_000, 9_000].map((length) => bytes(length, length))
    const written = Buffer.concat(chunks)
    for (const chunk of chunks) await upload.write(chunk)
    expect(await upload.complete()).toEqual({ sizeBytes: written.length })
    expect(client.object?.equals(written)).toBe(true)
    expect(chunks.map(({ buffer }) => buffer.byteLength)).toEqual([0, 0, 0, 0, 0])
  })

  test('a write waits while so many parts are on their way, and their bytes are held', async () => {
    const client = new FakeClient()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    client.before = async ({ kind }) => (kind === 'UploadPart' ? held : undefined)
    const upload = uploadTo(client)
    await upload.write(bytes(PART + 1))
    let written = false
    const second = upload.write(bytes(PART)).then(() => {
      written = true
    })
    await tick()
    expect(written).toBe(false)
    expect(upload.bytesHeld).toBe(2 * PART + 1)
    release()
    await second
    expect(upload.bytesHeld).toBeLessThanOrEqual(PART + 1)
    await upload.complete()
  })

  test('uploads together have no more requests under way than the process may', async () => {
    const client = new FakeClient()
    client.before = tick
    const requests = new InFlight(3)
    const uploads = Array.from({ length: 20 }, () => uploadTo(client, 4, requests))
    await Promise.all(uploads.map(async (upload, index) => upload.write(bytes(index * 2))))
    await Promise.all(uploads.map(async (upload) => upload.complete()))
    expect(client.most).toBe(3)
  })

  test('an abort ends what was begun, after the parts on their way', async () => {
    const client = new FakeClient()
    client.before = tick
    const upload = uploadTo(client)
    await upload.write(bytes(PART + 1))
    await upload.abort()
    expect(kinds(client)).toEqual(['CreateMultipartUpload', 'UploadPart', 'AbortMultipartUpload'])
    expect(upload.bytesHeld).toBe(0)
  })

  test('an abort of what fits in a part sends nothing', async () => {
    const client = new FakeClient()
    const upload = uploadTo(client)
    await upload.write(bytes(3))
    await upload.abort()
    expect(client.sent).toEqual([])
  })

  test('what is written after an abort is forgotten, and begins nothing', async () => {
    const client = new FakeClient()
    const upload = uploadTo(client)
    await upload.abort()
    await upload.write(bytes(3 * PART))
    expect(client.sent).toEqual([])
    expect(upload.bytesHeld).toBe(0)
  })

  test.each(['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'])(
    'a fault of %s is told by a write or the end, and abort does not throw',
    async (failing) => {
      const client = new FakeClient()
      client.before = ({ kind }) => {
        if (kind === failing) throw new Error('lost')
      }
      const upload = uploadTo(client)
      const sent = (async () => {
        for (let part = 0; part < 4; part++) await upload.write(bytes(PART))
        await upload.complete()
      })()
      await expect(sent).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
        message: expect.stringContaining('s3://b/k'),
      })
      await upload.abort()
      expect(upload.bytesHeld).toBe(0)
    },
  )
})
