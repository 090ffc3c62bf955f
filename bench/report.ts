import { cpus, availableParallelism } from 'node:os'
import type { Run } from './contest.ts'
import { STAGES } from './stage-profile.ts'

/** What a program did with a shape, over all rounds. */
export interface Result {
  readonly shape: string
  readonly program: string
  readonly records: number
  readonly bytes: number
  readonly runs: readonly Run[]
  /** Firn's own, from a run that counts for nothing else. */
  readonly profile: Run | undefined
}

/** A line of the report. CPU seconds are the least of the rounds, as is time: neighbours only ever add to either. */
export interface Line {
  readonly shape: string
  readonly program: string
  readonly records: number
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  readonly cpuSecondsPerMillion: number
  readonly peakMegabytes: number
  /** Per cent of the time that the main thread was busy. */
  readonly mainBusyPercent: number | undefined
  readonly commits: number
  readonly files: number
  readonly bytesPerRecord: number
  /** CPU seconds per million records, by stage. */
  readonly stages: Readonly<Record<string, number>> | undefined
}

export function lineOf({ shape, program, records, bytes, runs, profile }: Result): Line {
  const fastest = leastBy(runs, ({ seconds }) => seconds)
  const cheapest = leastBy(runs, ({ cpuSeconds }) => cpuSeconds)
  const { threads } = fastest
  return {
    shape,
    program,
    records,
    recordsPerSecond: Math.round(records / fastest.seconds),
    megabytesPerSecond: round(bytes / fastest.seconds / 1e6),
    cpuSecondsPerMillion: round((cheapest.cpuSeconds / records) * 1e6),
    peakMegabytes: Math.round(Math.max(...runs.map(({ peakBytes }) => peakBytes)) / 2 ** 20),
    mainBusyPercent:
      threads === undefined ? undefined : Math.round((threads.main / fastest.seconds) * 100),
    commits: fastest.commits,
    files: fastest.files,
    bytesPerRecord: round(fastest.fileBytes / records),
    stages: profile && stagesOf(profile, cheapest.cpuSeconds, records),
  }
}

/** The profile says how the threads' time divides; what it cannot see are the engine's own threads: collecting, compiling. */
function stagesOf(profile: Run, cpuSeconds: number, records: number): Record<string, number> {
  const { stages, threads } = profile
  if (stages === undefined || threads === undefined) return {}
  const perMillion = (cpuSeconds / profile.cpuSeconds / records) * 1e6
  const seen = [...stages.values()].reduce((sum, micros) => sum + micros, 0)
  const visible = (threads.main + threads.encoders) * perMillion
  return {
    ...Object.fromEntries(
      STAGES.map((stage) => [stage, round(((stages.get(stage) ?? 0) / seen) * visible)]),
    ),
    engine: round(threads.other * perMillion),
  }
}

export function machine(): string {
  return `${availableParallelism()} × ${cpus()[0]?.model ?? '?'}, Node ${process.versions.node}`
}

export function print(lines: readonly Line[]): void {
  const figures: object[] = []
  const splits: object[] = []
  for (const { stages, ...own } of lines) {
    figures.push(own)
    if (stages !== undefined) splits.push({ shape: own.shape, program: own.program, ...stages })
  }
  console.table(figures)
  if (splits.length === 0) return
  console.log('CPU seconds per million records, by stage')
  console.table(splits)
}

function leastBy(runs: readonly Run[], of: (run: Run) => number): Run {
  const [least] = runs.toSorted((a, b) => of(a) - of(b))
  if (least === undefined) throw new Error('no run')
  return least
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
