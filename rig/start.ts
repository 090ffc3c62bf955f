import { type Engine, fetchReaders } from './readers/readers.ts'
import { RigError } from './rig-error.ts'
import { createScratch } from './scratch.ts'
import {
  type CatalogKind,
  type RestCatalog,
  startFixtureCatalog,
} from './services/fixture-catalog.ts'
import { type KafkaCluster, type KafkaOptions, startKafka } from './services/kafka.ts'
import { startNessie } from './services/nessie.ts'
import { type S3Kind, type S3Server, startS3 } from './services/s3.ts'

/** What to start; a part that is not named is not started. */
export interface RigOptions {
  readonly kafka?: true | KafkaOptions
  /** Nessie needs `s3`. The fixture's tables are on S3 where there is one, else in a local directory. */
  readonly catalog?: CatalogKind
  readonly s3?: S3Kind
  /** Fetched before the rig counts as started: not in the middle of a test, on a test's time. */
  readonly readers?: readonly Engine[]
  /** Whether the fixture hands its S3 credentials out with each table. */
  readonly vendCredentials?: boolean
}

/** Running services. Asking for one that was not started throws. */
export interface Rig extends AsyncDisposable {
  readonly kafka: KafkaCluster
  readonly catalog: RestCatalog
  readonly s3: S3Server
  /** A folder that goes with the rig: free for whatever a test writes. */
  readonly scratch: string
}

interface Parts {
  readonly kafka: KafkaCluster | undefined
  readonly catalog: RestCatalog | undefined
  readonly s3: S3Server | undefined
}

/**
 * Starts what is asked for, all at once. Nothing of it outlives this process: dispose of the rig to end it sooner.
 * Throws with the end of the log of whatever did not start.
 */
export async function startRig(options: RigOptions): Promise<Rig> {
  const stack = new AsyncDisposableStack()
  try {
    const scratch = stack.use(await createScratch()).path
    const parts = await startParts(options, { scratch, stack })
    return rigOf(parts, scratch, stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function startParts(
  options: RigOptions,
  context: { scratch: string; stack: AsyncDisposableStack },
): Promise<Parts> {
  const { scratch, stack } = context
  const s3 = options.s3 === undefined ? undefined : startS3(options.s3, scratch)
  const started = await Promise.allSettled([
    startKafkaPart(options, scratch),
    startCatalogPart(options, scratch, s3),
    s3,
    fetchReaders(options.readers ?? []),
  ])
  for (const one of started) {
    if (one.status === 'fulfilled' && typeof one.value === 'object') stack.use(one.value)
  }
  const failed = started.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const [kafka, catalog] = started
  return {
    kafka: kafka.status === 'fulfilled' ? kafka.value : undefined,
    catalog: catalog.status === 'fulfilled' ? catalog.value : undefined,
    s3: await s3,
  }
}

async function startKafkaPart(
  { kafka }: RigOptions,
  scratch: string,
): Promise<KafkaCluster | undefined> {
  if (kafka === undefined) return undefined
  return startKafka({ ...(kafka === true ? {} : kafka), scratch })
}

async function startCatalogPart(
  { catalog, vendCredentials }: RigOptions,
  scratch: string,
  s3: Promise<S3Server> | undefined,
): Promise<RestCatalog | undefined> {
  if (catalog === undefined) return undefined
  const store = (await s3)?.s3
  if (catalog === 'nessie') {
    if (store === undefined) throw new RigError('Nessie keeps its tables on S3: state `s3` too')
    return startNessie({ scratch, s3: store })
  }
  const vending = { vendCredentials: vendCredentials === true }
  return startFixtureCatalog({ scratch, ...vending, ...(store === undefined ? {} : { s3: store }) })
}

function rigOf(parts: Parts, scratch: string, stack: AsyncDisposableStack): Rig {
  return {
    scratch,
    get kafka() {
      return existing(parts.kafka, 'kafka')
    },
    get catalog() {
      return existing(parts.catalog, 'catalog')
    },
    get s3() {
      return existing(parts.s3, 's3')
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  }
}

function existing<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new RigError(`this rig has no ${name}: name it where it is started`)
  return part
}
