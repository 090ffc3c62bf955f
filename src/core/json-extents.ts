const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/**
 * Where things lie in the bytes of a JSON text, found without parsing it. Of valid JSON each answer is right; of
 * anything else it may be any place, so that whoever uses one has the pieces parsed before believing it.
 */

/** Says where the value ends that begins at a place; undefined gives up. */
export type VisitValue = (at: number) => number | undefined

/** The first place that is no white space. RFC 8259 §2. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break
  }
  return at
}

/** The place behind the value that begins at a place, or behind the white space that follows it. */
export function skipValue(bytes: Uint8Array, from: number): number {
  let depth = 0
  for (let at = from; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        at = skipString(bytes, at) - 1
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        // One that was never opened is the end of what this value is in.
        if (depth === 0) return at
        depth -= 1
        if (depth === 0) return at + 1
        break
      case COMMA:
        if (depth === 0) return at
        break
      default:
    }
  }
  return bytes.length
}

/** The place behind the string whose quote is at a place. */
function skipString(bytes: Uint8Array, quote: number): number {
  for (let at = quote + 1; at < bytes.length; at += 1) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at += 1
  }
  return bytes.length
}

/**
 * Goes through the members of the object at a place, and says where it ends. Undefined where there is none, where a
 * name is written with an escape (it may be any name), or where `visit` gives up.
 */
export function eachMember(
  bytes: Buffer,
  from: number,
  visit: (name: string, at: number) => number | undefined,
): number | undefined {
  if (bytes[from] !== OPEN_BRACE) return undefined
  return eachBetween(bytes, { from, close: CLOSE_BRACE }, (at) => {
    if (bytes[at] !== QUOTE) return undefined
    const end = skipString(bytes, at)
    const name = bytes.toString('utf8', at + 1, end - 1)
    const colon = skipSpace(bytes, end)
    if (name.includes('\\') || bytes[colon] !== COLON) return undefined
    return visit(name, skipSpace(bytes, colon + 1))
  })
}

/** Goes through the elements of the array at a place, and says where it ends. Undefined as for `eachMember`. */
export function eachElement(
  bytes: Uint8Array,
  from: number,
  visit: VisitValue,
): number | undefined {
  if (bytes[from] !== OPEN_BRACKET) return undefined
  return eachBetween(bytes, { from, close: CLOSE_BRACKET }, visit)
}

/** What is between an opening and its closing byte, parted by commas. */
function eachBetween(
  bytes: Uint8Array,
  { from, close }: { readonly from: number; readonly close: number },
  visit: VisitValue,
): number | undefined {
  let at = skipSpace(bytes, from + 1)
  if (bytes[at] === close) return at + 1
  for (;;) {
    const end = visit(at)
    if (end === undefined) return undefined
    at = skipSpace(bytes, end)
    if (bytes[at] === close) return at + 1
    if (bytes[at] !== COMMA) return undefined
    at = skipSpace(bytes, at + 1)
  }
}
