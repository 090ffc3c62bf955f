/**
 * Writes docs/performance.md from what `npm run bench -- … --json`, `npm run bench:scale -- … --json` and
 * `npm run bench:soak` have printed into files.
 *
 *     npm run bench:page -- RESULT.json… [SCALE.json] [SOAK.txt]
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const PAGE = join(import.meta.dirname, '..', 'docs', 'performance.md')

const lineSchema = z.object({
  shape: z.string(),
  program: z.string(),
  records: z.number(),
  recordsPerSecond: z.number(),
  megabytesPerSecond: z.number(),
  cpuSecondsPerMillion: z.number(),
  peakMegabytes: z.number(),
  mainBusyPercent: z.number().optional(),
  commits: z.number(),
  files: z.number(),
  bytesPerRecord: z.number(),
  stages: z.record(z.string(), z.number()).optional(),
})
const resultSchema = z.object({
  machine: z.string(),
  store: z.string(),
  rounds: z.string(),
  records: z.string(),
  shapes: z.string(),
  threads: z.string(),
  'budget-mib': z.string().optional(),
  peer: z.string().optional(),
  lines: z.array(lineSchema),
})
type Result = z.infer<typeof resultSchema>
type Line = z.infer<typeof lineSchema>

const sizedSchema = z.object({
  size: z.number(),
  records: z.number(),
  recordsPerSecond: z.number(),
  cpuSecondsPerMillion: z.number(),
  cpuSecondsPerMillionValues: z.number(),
  peakMegabytes: z.number(),
})
const scaleSchema = z.object({
  machine: z.string(),
  only: z.string(),
  records: z.string(),
  rounds: z.string(),
  partitions: z.array(sizedSchema),
  columns: z.array(sizedSchema),
  history: z.array(
    z.object({
      snapshots: z.number(),
      commits: z.number(),
      cpuMs: z.number(),
      answerMs: z.number(),
      metadataMegabytes: z.number(),
    }),
  ),
})
type Scale = z.infer<typeof scaleSchema>

const results: Result[] = []
const scales: string[] = []
const soaks: string[] = []
for (const path of process.argv.slice(2)) {
  const text = await readFile(path, 'utf8')
  if (!path.endsWith('.json')) {
    soaks.push(soak(text))
    continue
  }
  const result = z.union([resultSchema, scaleSchema]).parse(JSON.parse(text))
  if ('lines' in result) results.push(result)
  else scales.push(scale(result))
}
// Runs of the same kind share a table, whichever shapes each of them had.
const kinds = [...Map.groupBy(results, commandOf).values()]
await writeFile(
  PAGE,
  `${await introduction()}\n${[...kinds.map(section), ...scales, ...soaks].join('\n')}`,
)

/** What people have written stays: all of the page up to its first section of figures. */
async function introduction(): Promise<string> {
  const page = await readFile(PAGE, 'utf8')
  return page.slice(0, page.indexOf('<!-- figures -->')) + '<!-- figures -->\n'
}

/** Without its shapes. */
function commandOf({ records, rounds, store, threads, peer, ...more }: Result): string {
  const budget = more['budget-mib'] === undefined ? '' : ` --budget-mib ${more['budget-mib']}`
  const beside = peer === undefined ? '' : ` --peer ${peer}`
  return `npm run bench -- --records ${records} --rounds ${rounds} --store ${store} --threads ${threads}${budget}${beside}`
}

function section(runs: readonly Result[]): string {
  const [first] = runs
  if (first === undefined) return ''
  const lines = runs.flatMap((run) => run.lines)
  const where = first.store === 's3' ? 'On S3' : 'On a local directory'
  const beside = first.peer === undefined ? '' : ', beside the Kafka Connect sink'
  return [
    `## ${where}${threadsOf(first)}${budgetOf(first)}${beside}, ${Number(first.records).toLocaleString('en')} reference records`,
    '',
    ...runs.map(({ shapes }) => `\`${commandOf(first)} --shapes ${shapes}\`  `),
    [...new Set(runs.map(({ machine }) => machine))].join('; '),
    '',
    ...figures(lines),
    ...comparison(lines),
    ...split(lines),
  ].join('\n')
}

function threadsOf({ threads }: Result): string {
  return threads === '1' ? '' : `, ${threads} encoder threads`
}

function budgetOf(result: Result): string {
  const budget = result['budget-mib']
  return budget === undefined ? '' : `, a memory budget of ${budget} MiB`
}

function figures(lines: readonly Line[]): string[] {
  return [
    ...header('shape', [
      'program',
      'records',
      'records/s',
      'MB/s',
      'CPU s/million',
      'peak MB',
      'main thread busy',
      'commits',
      'files',
      'bytes/record',
    ]),
    ...lines.map((line) =>
      row([
        line.shape,
        line.program,
        line.records,
        line.recordsPerSecond,
        line.megabytesPerSecond,
        line.cpuSecondsPerMillion,
        line.peakMegabytes || '',
        line.mainBusyPercent === undefined ? '' : `${line.mainBusyPercent} %`,
        line.commits || '',
        line.files || '',
        line.bytesPerRecord || '',
      ]),
    ),
    '',
  ]
}

/** Ratios within one run: all that a figure of one machine says to people with another. */
function comparison(lines: readonly Line[]): string[] {
  const shapes = [...new Set(lines.map(({ shape }) => shape))]
  const rows = shapes.flatMap((shape) => {
    const of = (program: string): Line | undefined =>
      lines.find((line) => line.shape === shape && line.program === program)
    const [firn, parse, sink] = [of('firn'), of('JSON.parse'), of('connect')]
    if (firn === undefined || parse === undefined) return []
    const beside =
      sink === undefined
        ? ['', '', '']
        : [
            times(sink.cpuSecondsPerMillion / firn.cpuSecondsPerMillion),
            times(firn.recordsPerSecond / sink.recordsPerSecond),
            times(sink.peakMegabytes / firn.peakMegabytes),
          ]
    const speed = (firn.recordsPerSecond / parse.recordsPerSecond).toFixed(2)
    const cpu = (firn.cpuSecondsPerMillion / parse.cpuSecondsPerMillion).toFixed(2)
    return [row([shape, ...beside, speed, cpu])]
  })
  return [
    ...header('shape', [
      'less CPU than the sink',
      'faster than the sink',
      'less memory than the sink',
      'records/s, of JSON.parse alone',
      'CPU, of JSON.parse alone',
    ]),
    ...rows,
    '',
  ]
}

function split(lines: readonly Line[]): string[] {
  const own = lines.filter(({ stages }) => stages !== undefined)
  const names = Object.keys(own[0]?.stages ?? {})
  if (names.length === 0) return []
  return [
    'CPU seconds per million records, by stage:',
    '',
    ...header('shape', names),
    ...own.map(({ shape, stages }) => row([shape, ...names.map((name) => stages?.[name] ?? '')])),
    '',
  ]
}

function scale({ machine, only, records, rounds, partitions, columns, history }: Scale): string {
  return [
    `## By size: ${only.replaceAll(',', ', ')}`,
    '',
    `\`npm run bench:scale -- --only ${only} --records ${records} --rounds ${rounds}\`  `,
    machine,
    '',
    ...sizes(partitions, 'The reference records in so many Kafka partitions:', 'partitions'),
    ...sizes(columns, 'Records of so many columns, and what one value of them costs:', 'columns'),
    ...commits(history),
  ].join('\n')
}

function sizes(of: Scale['columns'], what: string, name: string): string[] {
  if (of.length === 0) return []
  const cost = ['CPU s/million', 'CPU s/million values', 'peak MB']
  return [
    what,
    '',
    ...header(name, ['records', 'records/s', ...cost]),
    ...of.map((one) =>
      row([
        one.size,
        one.records,
        one.recordsPerSecond,
        one.cpuSecondsPerMillion,
        one.cpuSecondsPerMillionValues,
        one.peakMegabytes,
      ]),
    ),
    '',
  ]
}

function commits(history: Scale['history']): string[] {
  if (history.length === 0) return []
  return [
    'A commit of 500 records on a table with so many snapshots of another writer before it:',
    '',
    ...header('snapshots', ['commits', 'CPU ms each', 'catalog’s answer, ms', 'metadata MB']),
    ...history.map((one) =>
      row([
        one.snapshots,
        one.commits,
        Math.round(one.cpuMs),
        Math.round(one.answerMs),
        one.metadataMegabytes.toFixed(2),
      ]),
    ),
    '',
  ]
}

function soak(text: string): string {
  return [
    '## Over a long time',
    '',
    '`npm run bench:soak`, a line for each million or more records that came into the table:',
    '',
    '```',
    text.trim(),
    '```',
    '',
  ].join('\n')
}

function header(first: string, others: readonly string[]): string[] {
  return [row([first, ...others]), `|---|${others.map(() => '---:|').join('')}`]
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`
}

function times(ratio: number): string {
  return `${ratio.toFixed(1)} ×`
}
