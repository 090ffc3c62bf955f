import { styleText } from 'node:util'
import { monotonicMs } from '../environment.ts'

const COUNTS = new Intl.NumberFormat('en-US')

/** What the demo prints: each line with the seconds since the start. */
export interface Screen {
  title(text: string): void
  step(text: string): void
  /** Something that the demo does to the running system. */
  fault(text: string): void
  plain(text: string): void
  table(rows: readonly (readonly string[])[]): void
  verdict(good: boolean, text: string): void
  elapsedMs(): number
}

export function openScreen(): Screen {
  const started = monotonicMs()
  const colours = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text
  const clock = (): string =>
    paint('dim', `${((monotonicMs() - started) / 1_000).toFixed(1).padStart(6)} s`)
  return {
    title: (text) => write(`\n${paint('bold', text)}`),
    step: (text) => write(`${clock()}  ${text}`),
    fault: (text) => write(`${clock()}  ${paint('yellow', text)}`),
    plain: (text) => write(text),
    table: (rows) => write(tableText(rows)),
    verdict: (good, text) => write(`\n${paint(good ? ['bold', 'green'] : ['bold', 'red'], text)}`),
    elapsedMs: () => monotonicMs() - started,
  }
}

export function count(number: number): string {
  return COUNTS.format(number)
}

/** Columns as wide as they must be: the first to the left, numbers to the right. */
function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
      )
      return `  ${cells.join('   ')}`
    })
    .join('\n')
}

function write(text: string): void {
  process.stdout.write(`${text}\n`)
}
