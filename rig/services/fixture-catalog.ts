import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fixtureJar, javaProgram } from '../artefacts.ts'
import { ensure } from '../cache.ts'
import { QUICK_JVM } from '../jvm.ts'
import { type Blueprint, Service, answers, withFreePorts } from '../service.ts'
import { propertiesText } from './kafka-node.ts'
import type { S3Endpoint } from './s3.ts'

export interface FixtureOptions {
  /** Where tables go: a local directory in the scratch folder by default, else below `s3://bucket/fixture`. */
  readonly s3?: S3Endpoint
  /** Whether the catalog hands its S3 credentials out with each table. */
  readonly vendCredentials?: boolean
}

/** Two that share no code. */
export type CatalogKind = 'fixture' | 'nessie'

/** A REST catalog: where it answers and where its tables go. */
export interface RestCatalog extends Service {
  readonly kind: CatalogKind
  /** What a client gets as `uri`: it adds `/v1/…` itself. */
  readonly uri: string
  /** What a client has to send as `warehouse`; the fixture takes any. */
  readonly warehouse: string
}

class FixtureCatalog extends Service implements RestCatalog {
  readonly kind = 'fixture'
  readonly uri: string
  readonly warehouse: string

  constructor(warehouse: string, blueprint: Blueprint) {
    super(blueprint)
    this.uri = `http://127.0.0.1:${blueprint.port}`
    this.warehouse = warehouse
  }
}

/** Starts Apache Iceberg's REST fixture over sqlite: tables survive a restart, and a SIGKILL. */
export async function startFixtureCatalog(
  options: FixtureOptions & { readonly scratch: string },
): Promise<RestCatalog> {
  const directory = await ensure(fixtureJar)
  const java = await javaProgram()
  const scratch = join(options.scratch, 'catalog')
  const local = join(options.scratch, 'warehouse')
  await mkdir(scratch, { recursive: true })
  await mkdir(local, { recursive: true })
  const { s3 } = options
  const warehouse = s3 === undefined ? `file://${local}` : `s3://${s3.bucket}/fixture`
  const properties = join(scratch, 'catalog.properties')
  await writeFile(properties, propertiesText(catalogProperties(warehouse, scratch, options)))
  return withFreePorts(1, async ([port = 0]) => {
    const classPath = [join(directory, '*'), join(directory, 'classes')].join(':')
    const catalog = new FixtureCatalog(warehouse, {
      name: 'catalog',
      scratch,
      port,
      command: {
        program: java,
        args: [
          '-Xmx512m',
          ...QUICK_JVM,
          '-cp',
          classPath,
          'org.apache.iceberg.rest.LoopbackCatalog',
          String(port),
          properties,
        ],
        env: { AWS_REGION: s3?.region ?? 'us-east-1' },
      },
      ready: async () => answers(`http://127.0.0.1:${port}/v1/config`),
    })
    await catalog.start()
    return catalog
  })
}

function catalogProperties(
  warehouse: string,
  scratch: string,
  { s3, vendCredentials }: FixtureOptions,
): Record<string, string> {
  return {
    'catalog-impl': 'org.apache.iceberg.jdbc.JdbcCatalog',
    // Without these two, commits that meet get "database is locked" as a 500.
    uri: `jdbc:sqlite:${join(scratch, 'catalog.db')}?busy_timeout=15000&journal_mode=WAL`,
    clients: '1',
    'jdbc.user': 'user',
    'jdbc.password': 'password',
    'jdbc.schema-version': 'V1',
    warehouse,
    ...(s3 === undefined
      ? {}
      : {
          'io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
          's3.endpoint': s3.endpoint,
          's3.path-style-access': 'true',
          's3.access-key-id': s3.accessKeyId,
          's3.secret-access-key': s3.secretAccessKey,
          'client.region': s3.region,
          'include-credentials': String(vendCredentials === true),
        }),
  }
}
