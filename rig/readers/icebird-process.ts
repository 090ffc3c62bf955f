import { text } from 'node:stream/consumers'
import { readFile } from 'node:fs/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { icebergRead } from 'icebird'
import { z } from 'zod'
import { type CanonicalFields, canonicalRow } from './icebird-canonical.ts'
import { s3Client } from './table.ts'

/**
 * Reads one table with icebird and prints its rows: a program of its own, because icebird takes everything through the
 * global `fetch`, and because a delete file that it cannot parse rejects a promise that nobody awaits.
 */
const requestSchema = z.object({
  metadata: z.string(),
  fields: z.custom<CanonicalFields>((value) => Array.isArray(value)),
  s3: z
    .object({
      endpoint: z.string(),
      region: z.string(),
      accessKeyId: z.string(),
      secretAccessKey: z.string(),
      bucket: z.string(),
    })
    .optional(),
})

type Request = z.infer<typeof requestSchema>
type Fetch = typeof globalThis.fetch

/** icebird turns `s3://bucket/key` into this host. */
const AMAZON = /^https:\/\/([^/]+)\.s3\.amazonaws\.com\/(.+)$/

function fetchFor(s3: Request['s3']): Fetch {
  const client = s3 === undefined ? undefined : s3Client(s3)
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    const object = AMAZON.exec(url)
    const whole =
      object === null || client === undefined
        ? await readFile(url.replace(/^file:\/*/, '/'))
        : await bytesOf(client, object[1] ?? '', object[2] ?? '')
    return answer(whole, new Headers(init?.headers).get('range'), init?.method)
  }
}

async function bytesOf(
  client: ReturnType<typeof s3Client>,
  bucket: string,
  key: string,
): Promise<Buffer> {
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Buffer.from((await got.Body?.transformToByteArray()) ?? [])
}

function answer(whole: Buffer, range: string | null, method: string | undefined): Response {
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(range ?? '') ?? []
  const full = { 'content-length': String(whole.length) }
  if (method === 'HEAD') return new Response(null, { headers: full })
  if (first === undefined) return new Response(new Uint8Array(whole), { headers: full })
  const end = last === undefined || last === '' ? whole.length : Number(last) + 1
  return new Response(new Uint8Array(whole.subarray(Number(first), end)), {
    status: 206,
    headers: { 'content-range': `bytes ${first}-${end - 1}/${whole.length}` },
  })
}

const request = requestSchema.parse(JSON.parse(await text(process.stdin)))
globalThis.fetch = fetchFor(request.s3)
const metadata = z
  .custom<NonNullable<Parameters<typeof icebergRead>[0]['metadata']>>()
  .parse(JSON.parse(request.metadata))
const rows = await icebergRead({ tableUrl: metadata.location, metadata })
process.stdout.write(JSON.stringify(rows.map((row) => canonicalRow(row, request.fields))))
