import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { motoVenv, versitygw } from '../artefacts.ts'
import { ensure, isCached } from '../cache.ts'
import { pythonOf } from '../clients.ts'
import { spawnGuarded } from '../guarded.ts'
import { RigError } from '../rig-error.ts'
import { type Blueprint, Service, answers, withFreePorts } from '../service.ts'

/** Where an S3 server answers, in the terms that every client of S3 knows. Path-style addressing. */
export interface S3Endpoint {
  /** `http://127.0.0.1:port` */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** A bucket that exists. */
  readonly bucket: string
}

/**
 * `moto`: starts in a second or two, holds everything in memory and forgets it at a restart, checks no password.
 * `versitygw`: over a directory, keeps its data, checks signatures; takes minutes to build once.
 * `any`: versitygw where it is built, else moto.
 */
export type S3Kind = 'moto' | 'versitygw' | 'any'

const REGION = 'us-east-1'
const ACCESS_KEY = 'rig-access-key'
const SECRET_KEY = 'rig-secret-key'
const BUCKET = 'warehouse'

/** A running S3 server. */
export class S3Server extends Service {
  readonly kind: Exclude<S3Kind, 'any'>
  readonly s3: S3Endpoint

  constructor(kind: Exclude<S3Kind, 'any'>, blueprint: Blueprint) {
    super(blueprint)
    this.kind = kind
    this.s3 = {
      endpoint: `http://127.0.0.1:${blueprint.port}`,
      region: REGION,
      accessKeyId: ACCESS_KEY,
      secretAccessKey: SECRET_KEY,
      bucket: BUCKET,
    }
  }
}

export async function startS3(kind: S3Kind, scratch: string): Promise<S3Server> {
  const chosen = kind === 'any' ? await bestAvailable(scratch) : kind
  return withFreePorts(1, async ([port = 0]) => {
    const place = join(scratch, 's3')
    const server =
      chosen === 'moto' ? await motoServer(port, place) : await versitygwServer(port, place)
    await server.start()
    return server
  })
}

async function bestAvailable(scratch: string): Promise<'moto' | 'versitygw'> {
  if (isCached(versitygw)) return 'versitygw'
  await buildInBackground(scratch)
  return 'moto'
}

/**
 * Goes on while this process lives; Go keeps what it has compiled, so the next one goes on from there. Without Go it
 * ends at once, and moto stays.
 */
async function buildInBackground(scratch: string): Promise<void> {
  const main = join(import.meta.dirname, '..', 'main.ts')
  const command = { program: process.execPath, args: [main, 'fetch', versitygw.name] }
  const build = await spawnGuarded(command, join(scratch, 'versitygw-build.log'))
  build.hold(false)
}

async function motoServer(port: number, scratch: string): Promise<S3Server> {
  const endpoint = `http://127.0.0.1:${port}`
  return new S3Server('moto', {
    name: 'moto',
    scratch,
    port,
    command: {
      program: pythonOf(await ensure(motoVenv)),
      args: ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
      env: {
        PYTHONDONTWRITEBYTECODE: '1',
        MOTO_S3_DEFAULT_MAX_KEYS: '1000',
      },
    },
    ready: async () =>
      (await answers(`${endpoint}/moto-api/`)) && makeBucket(`${endpoint}/${BUCKET}`),
  })
}

async function makeBucket(url: string): Promise<boolean> {
  const signed = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/20260101/${REGION}/s3/aws4_request, SignedHeaders=host, Signature=0`
  const response = await fetch(url, { method: 'PUT', headers: { authorization: signed } })
  if (response.ok) return true
  throw new RigError(`moto refuses a bucket: ${response.status} ${await response.text()}`)
}

async function versitygwServer(port: number, scratch: string): Promise<S3Server> {
  // A bucket is a directory.
  const data = join(scratch, 'data')
  await mkdir(join(data, BUCKET), { recursive: true })
  return new S3Server('versitygw', {
    name: 'versitygw',
    scratch,
    port,
    command: {
      program: join(await ensure(versitygw), 'versitygw'),
      args: ['--port', `127.0.0.1:${port}`, '--region', REGION, 'posix', data],
      env: {
        ROOT_ACCESS_KEY: ACCESS_KEY,
        ROOT_SECRET_KEY: SECRET_KEY,
      },
    },
    ready: async () => true,
  })
}
