import type { Position } from '../core/offsets.ts'

/** A record that does not fit its table: where it lies and what is wrong with it. */
export interface RecordFailure {
  readonly topic: string
  readonly partition: number
  readonly offset: Position
  /** Path of the field, as `items[2].price`; empty for the value as a whole. */
  readonly fieldPath: string
  readonly expected: string
  readonly found: string
}

/** A value that does not fit its column, seen from somewhere inside the record. */
export interface Misfit {
  /** From the place that reports it on down, as `[2].price`. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

/** The same misfit, seen from the field of this name. */
export function inField(name: string, misfit: Misfit): Misfit {
  const dot = misfit.path === '' || misfit.path.startsWith('[') ? '' : '.'
  return { ...misfit, path: `${name}${dot}${misfit.path}` }
}

/** The same misfit, seen from the list (by index) or map (by key) that holds it. */
export function inElement(place: number | string, misfit: Misfit): Misfit {
  const dot = misfit.path === '' || misfit.path.startsWith('[') ? '' : '.'
  const text = typeof place === 'number' ? `${place}` : shortened(JSON.stringify(place))
  return { ...misfit, path: `[${text}]${dot}${misfit.path}` }
}

const SHOWN_MAX = 80

/** Text short enough for a message. */
export function shortened(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1)}…`
}
