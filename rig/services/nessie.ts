import { join } from 'node:path'
import { javaProgram, nessieJar } from '../artefacts.ts'
import { ensure } from '../cache.ts'
import { QUICK_JVM } from '../jvm.ts'
import { type Blueprint, Service, answers, withFreePorts } from '../service.ts'
import type { RestCatalog } from './fixture-catalog.ts'
import type { S3Endpoint } from './s3.ts'

const WAREHOUSE = 'rig'
const S3_OPTIONS = 'nessie.catalog.service.s3.default-options'

class Nessie extends Service implements RestCatalog {
  readonly kind = 'nessie'
  readonly uri: string
  readonly warehouse = WAREHOUSE

  constructor(blueprint: Blueprint) {
    super(blueprint)
    this.uri = `http://127.0.0.1:${blueprint.port}/iceberg`
  }
}

/**
 * Starts Nessie on an S3 server: another REST catalog, which keeps less than it says (RIG.md). It holds its tables in
 * memory: a restart empties it. Clients bring their own S3 credentials (no request signing).
 */
export async function startNessie(options: {
  readonly scratch: string
  readonly s3: S3Endpoint
}): Promise<RestCatalog> {
  const directory = await ensure(nessieJar)
  const java = await javaProgram()
  return withFreePorts(2, async ([port = 0, managementPort = 0]) => {
    const settings = Object.entries(nessieSettings(options.s3, port, managementPort))
    const nessie = new Nessie({
      name: 'nessie',
      scratch: join(options.scratch, 'nessie'),
      port,
      command: {
        program: java,
        args: [
          '-Xmx512m',
          ...QUICK_JVM,
          ...settings.map(([key, value]) => `-D${key}=${value}`),
          '-jar',
          join(directory, 'nessie-quarkus-0.99.0-runner.jar'),
        ],
      },
      ready: async () => answers(`http://127.0.0.1:${port}/iceberg/v1/config`),
    })
    await nessie.start()
    return nessie
  })
}

function nessieSettings(s3: S3Endpoint, port: number, management: number): Record<string, string> {
  return {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(port),
    'quarkus.management.host': '127.0.0.1',
    'quarkus.management.port': String(management),
    'quarkus.otel.sdk.disabled': 'true',
    'nessie.version.store.type': 'IN_MEMORY',
    'nessie.server.authentication.enabled': 'false',
    'nessie.catalog.default-warehouse': WAREHOUSE,
    [`nessie.catalog.warehouses.${WAREHOUSE}.location`]: `s3://${s3.bucket}/nessie/`,
    [`${S3_OPTIONS}.region`]: s3.region,
    [`${S3_OPTIONS}.endpoint`]: `${s3.endpoint}/`,
    [`${S3_OPTIONS}.path-style-access`]: 'true',
    [`${S3_OPTIONS}.request-signing-enabled`]: 'false',
    [`${S3_OPTIONS}.access-key`]: 'urn:nessie-secret:quarkus:rig.s3',
    'rig.s3.name': s3.accessKeyId,
    'rig.s3.secret': s3.secretAccessKey,
  }
}
