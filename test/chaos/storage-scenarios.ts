import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import type { ProxyFault, ProxiedRequest } from '../../rig/http-proxy.ts'
import { faultNext } from './fault-next.ts'
import type { Scenario } from './scenario.ts'
import type { Stage } from './stage.ts'

const PORTION = 2_000
const run = promisify(execFile)

const isUpload = ({ method, path }: ProxiedRequest): boolean =>
  (method === 'PUT' || method === 'POST') && path.includes('/data/')

const STORE_FAULTS: readonly { name: string; what: string; fault: ProxyFault }[] = [
  {
    name: 'slowdown',
    what: 'answers 503 SlowDown',
    fault: {
      kind: 'status',
      status: 503,
      body: '<Error><Code>SlowDown</Code><Message>chaos</Message></Error>',
    },
  },
  { name: 'slow', what: 'takes 3 s a request', fault: { kind: 'slow', delayMs: 3_000 } },
  { name: 'refuses', what: 'cuts the connection at once', fault: { kind: 'refuse' } },
  {
    name: 'cut',
    what: 'cuts the connection once the part is stored',
    fault: { kind: 'cut-after' },
  },
]

const STORE: readonly Scenario[] = STORE_FAULTS.map(({ name, what, fault }) => ({
  name: `store-${name}`,
  what: `the object store ${what}, twelve times, while files are uploaded`,
  rig: 's3',
  play: async (stage) => {
    await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    const { s3 } = stage
    if (s3 === undefined) throw new Error('no object store')
    faultNext(s3, fault, { count: 12, matches: isUpload })
    stage.marksFault()
    await stage.produce(PORTION)
    await stage.untilRows()
    await stage.until('all faults', async () => {
      if (s3.faults >= 12) return true
      await stage.produce(40)
      return false
    })
    await stage.untilRows()
    return stage.verdict()
  },
}))

const isPart = ({ method, path }: ProxiedRequest): boolean =>
  method === 'PUT' && path.includes('partNumber=2')

const MULTIPART: Scenario = {
  name: 'store-multipart-cut',
  what: 'the object store cuts the connection in the middle of a multipart upload, twelve times; no upload is left open',
  rig: 's3',
  play: async (stage) => {
    // What does not compress: a round is a file of several parts.
    stage.padBytes = 6_000
    await stage.start('solo')
    await stage.produce(PORTION)
    await stage.untilRows()
    const { s3 } = stage
    if (s3 === undefined) throw new Error('no object store')
    faultNext(s3, { kind: 'refuse' }, { count: 12, matches: isPart })
    stage.marksFault()
    await stage.produce(PORTION)
    await stage.until('all faults', async () => s3.faults >= 12)
    await stage.untilRows()
    const verdict = await stage.verdict()
    const open = await openUploads(stage)
    if (open > 0) throw new Error(`${open} multipart uploads were left open`)
    return verdict
  },
}

async function openUploads({ rig }: Stage): Promise<number> {
  const { endpoint, region, accessKeyId, secretAccessKey, bucket } = rig.s3.s3
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  try {
    const answer = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
    return answer.Uploads?.length ?? 0
  } finally {
    client.destroy()
  }
}

const DISK: Scenario = {
  name: 'disk-full',
  what: 'the disk under a local table is full for several commits (a tmpfs: needs root)',
  rig: 'plain',
  play: async (stage) => {
    const disk = join(stage.rig.scratch, 'small-disk')
    await mkdir(disk)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      // The catalog, which is not what is tried here, keeps its metadata on the other disk.
      stage.properties = { 'write.data.path': `file://${disk}` }
      await stage.start('solo')
      await stage.produce(PORTION)
      await stage.untilRows()
      const ballast = join(disk, 'ballast')
      await writeFile(ballast, Buffer.alloc(2 ** 20)).catch(() => undefined)
      stage.marksFault()
      await stage.produce(PORTION)
      await stage.until('word of it', async () => stage.hasLogged('ENOSPC'))
      if ((await stage.rows()) !== PORTION) throw new Error('the disk was not full')
      await rm(ballast)
      await stage.untilRows()
      return await stage.verdict()
    } finally {
      await run('umount', ['--lazy', disk])
    }
  },
}

export const STORAGE_SCENARIOS: readonly Scenario[] = [...STORE, MULTIPART, DISK]
