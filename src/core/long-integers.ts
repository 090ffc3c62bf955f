import type { JsonValue } from './json.ts'

/** In front of the digits of an integer, in the string that takes its place. For private use: no text that anybody means. */
const MARK = '\ue000'
const MARK_CODE = 0xe000
const QUOTE = 34
const BACKSLASH = 92
/** With fewer digits a `number` holds every integer. */
const DIGITS_MIN = 16
const MANY_DIGITS = /\d{16}/
/** A whole integer where a value may stand: not a part of another number, not the name of a member. */
const LONG_INTEGER = /(?<![\d.eE+-])-?[1-9]\d{15,}(?=\s*(?:[,\]}]|$))/g

/**
 * The same JSON text with each integer of sixteen digits and more as a string behind a mark, which `restored` turns
 * back once the text is parsed. Undefined where the text has the mark itself. JSON that is wrong stays wrong.
 *
 * A reviver that looks at the source of every number does the same in four lines, and takes ten times as long as
 * parsing does: 0.2 s, twice for each commit, on a table of ten thousand snapshots.
 */
export function withLongIntegersMarked(text: string): string | undefined {
  if (!MANY_DIGITS.test(text)) return text
  if (/\ue000|\\u[eE]000/.test(text)) return undefined
  let marked = ''
  let from = 0
  for (let at = 0; at < text.length;) {
    const start = stringStart(text, at)
    if (start - at >= DIGITS_MIN) {
      const between = text.slice(at, start)
      const replaced = between.replace(LONG_INTEGER, `"${MARK}$&"`)
      if (replaced !== between) {
        marked += text.slice(from, at) + replaced
        from = start
      }
    }
    at = stringEnd(text, start)
  }
  return marked + text.slice(from)
}

/** Where the next string begins, or the end. */
function stringStart(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += 1
  return at
}

/** Behind the string whose quote is at a place, or the end. */
function stringEnd(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code === BACKSLASH) at += 1
  }
  return at
}

/** What JSON was parsed to, with the marked integers as integers: `bigint` where a `number` does not hold them. */
export function restored(value: JsonValue): JsonValue {
  if (typeof value === 'string' && value.charCodeAt(0) === MARK_CODE) return integer(value.slice(1))
  restoreWithin(value)
  return value
}

function integer(digits: string): JsonValue {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

function restoreWithin(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return
  // The parser has just made it, and nobody else has it yet.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const members = value as Record<string, JsonValue>
  for (const key of Object.keys(members)) {
    const member = members[key]
    if (typeof member === 'object') restoreWithin(member)
    else if (typeof member === 'string' && member.charCodeAt(0) === MARK_CODE) {
      members[key] = integer(member.slice(1))
    }
  }
}
