import { stripVTControlCharacters } from 'node:util'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A span of time as a person says it, two units at most: `850 ms`, `12.3 s`, `3 min 5 s`, `2 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return `-${durationText(-ms)}`
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < MINUTE) return `${(Math.floor(ms / 100) / 10).toString()} s`
  if (ms < HOUR) return twoUnits(ms, [MINUTE, 'min'], [SECOND, 's'])
  if (ms < DAY) return twoUnits(ms, [HOUR, 'h'], [MINUTE, 'min'])
  return twoUnits(ms, [DAY, 'd'], [HOUR, 'h'])
}

type Unit = readonly [size: number, name: string]

function twoUnits(ms: number, [large, largeName]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((ms % large) / small)
  const first = `${Math.floor(ms / large)} ${largeName}`
  return rest === 0 ? first : `${first} ${rest} ${smallName}`
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A size in bytes, three digits of it: `512 B`, `1.5 KiB`, `128 MiB`. */
export function bytesText(bytes: number | bigint): string {
  let size = Number(bytes)
  let unit = 0
  // 1023.5 of a unit would be shown as 1024 of it.
  while (Math.abs(size) >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    size /= 1024
    unit++
  }
  const digits = unit === 0 || Math.abs(size) >= 100 ? 0 : 1
  return `${size.toFixed(digits).replace(/\.0$/, '')} ${BYTE_UNITS[unit] ?? ''}`
}

/** A count with all its digits, in groups of three: `1,234,567`. */
export function countText(count: number | bigint): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** A point in time, UTC, to the second: `2026-11-23 08:00:00Z`. */
export function timeText(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d{3}Z$/, 'Z')
}

/** `one file`, `3 files`. */
export function pluralText(
  count: number | bigint,
  singular: string,
  plural = `${singular}s`,
): string {
  return Number(count) === 1 ? `one ${singular}` : `${countText(count)} ${plural}`
}

/** One column of a table. */
export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** Rows under headings, in columns as wide as their widest cell. Lines have no space at their end. */
export function tableText(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string {
  const titles = columns.map((column) => column.title)
  const widths = columns.map((_column, index) =>
    Math.max(...[titles, ...rows].map((row) => widthOf(row[index] ?? ''))),
  )
  const lines = [titles, ...rows].map((row) =>
    columns
      .map(({ align = 'left' }, index) => padded(row[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd(),
  )
  return lines.join('\n')
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'left' ? `${text}${space}` : `${space}${text}`
}

const segmenter = new Intl.Segmenter()

/** Characters that are seen: colours take no room. */
function widthOf(text: string): number {
  return [...segmenter.segment(stripVTControlCharacters(text))].length
}
