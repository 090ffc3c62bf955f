import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, runGuarded } from './guarded.ts'
import { RigError } from './rig-error.ts'

const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1'

/** The ordinary package clients that fetch artefacts, and what is lost without each. */
const CLIENTS = {
  mvn: {
    title: 'Maven (mvn)',
    help: 'It fetches Kafka, the catalogs and Spark’s jars. Install Apache Maven 3.8 or newer. Without it `npm run check`, the unit tests and the simulation still work, and so do the readers and moto (S3).',
  },
  python3: {
    title: 'Python (python3 with venv)',
    help: 'It runs the readers (DuckDB, PyIceberg, Spark), moto (S3), and brings Java where the machine has none. Install Python 3.10 or newer with its venv module. Without it `npm run check`, the unit tests and the simulation still work.',
  },
  go: {
    title: 'Go (go)',
    help: 'It builds versitygw (S3). Install Go 1.25 or newer. Without it everything else works: moto stands in for S3.',
  },
  openssl: {
    title: 'OpenSSL (openssl)',
    help: 'It makes the certificates of the broker’s TLS listeners. Without it everything but the TLS tests works.',
  },
} as const

type Client = keyof typeof CLIENTS

/** A dependency in Maven's terms, with or without those that it names itself. */
export interface MavenDependency {
  /** `group:artifact:version` or `group:artifact:version:type:classifier`. */
  readonly coordinates: string
  readonly transitive: boolean
}

/** Copies jars into a directory. */
export async function fetchJars(
  directory: string,
  wanted: readonly MavenDependency[],
): Promise<void> {
  const project = join(tmpdir(), `firn-rig-pom-${randomUUID()}`)
  await mkdir(project)
  try {
    await writeFile(join(project, 'pom.xml'), pomOf(wanted))
    await runClient('mvn', {
      args: [
        '--batch-mode',
        '--quiet',
        '--file',
        join(project, 'pom.xml'),
        `${DEPENDENCY_PLUGIN}:copy-dependencies`,
        '-DincludeScope=runtime',
        `-DoutputDirectory=${directory}`,
      ],
    })
  } finally {
    await rm(project, { recursive: true, force: true })
  }
}

function pomOf(wanted: readonly MavenDependency[]): string {
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>firn.rig</groupId><artifactId>rig</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${wanted.map(dependencyXml).join('')}</dependencies>
</project>
`
}

function dependencyXml({ coordinates, transitive }: MavenDependency): string {
  const values = coordinates.split(':')
  const names = ['groupId', 'artifactId', 'version', 'type', 'classifier']
  const elements = values.map((value, i) => `<${names[i]}>${value}</${names[i]}>`).join('')
  const alone =
    '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
  return `\n    <dependency>${elements}${transitive ? '' : alone}</dependency>`
}

/** Makes a virtual environment with exactly these packages. */
export async function makeVenv(directory: string, packages: readonly string[]): Promise<void> {
  await runClient('python3', { args: ['-m', 'venv', directory] })
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input']
  await run(pythonOf(directory), { args: [...pip, ...packages] })
}

/** The interpreter of a virtual environment. */
export function pythonOf(venv: string): string {
  return join(venv, 'bin', 'python')
}

/** Builds a Go program into a directory, politely: it takes minutes of every core. */
export async function goInstall(directory: string, program: string): Promise<void> {
  const env = { GOBIN: directory, GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false' }
  await requireClient('go', ['version'])
  await run('nice', { args: ['-n', '15', 'go', 'install', program], env })
}

/** Runs one of the machine's own programs; a missing one is told in a sentence. */
export async function runClient(
  client: Client,
  command: Omit<Command, 'program'>,
): Promise<string> {
  await requireClient(client, client === 'openssl' ? ['version'] : ['--version'])
  return run(client, command)
}

const present = new Map<Client, Promise<void>>()

/** Throws a sentence that says what is missing and what still works without it. */
async function requireClient(client: Client, probe: readonly string[]): Promise<void> {
  const known = present.get(client) ?? probeClient(client, probe)
  present.set(client, known)
  return known
}

async function probeClient(client: Client, probe: readonly string[]): Promise<void> {
  const { status } = await runGuarded({
    program: client,
    args: client === 'go' ? ['version'] : probe,
  })
  if (status === 0) return
  const { title, help } = CLIENTS[client]
  throw new RigError(`${title} is missing on this machine.`, { help })
}

async function run(program: string, command: Omit<Command, 'program'>): Promise<string> {
  const { status, stdout, stderr } = await runGuarded({ program, ...command })
  if (status === 0) return stdout
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-25).join('\n')
  throw new RigError(`${program} ${command.args.join(' ')} ended with status ${status}:\n${said}`)
}
