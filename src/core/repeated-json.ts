import { isJsonObject, parseJson, type JsonValue } from './json.ts'
import { eachElement, eachMember, skipSpace, skipValue } from './json-extents.ts'
import { release } from './release.ts'

/** Which lists of a text are long, as those of `{"metadata":{"snapshots":[{…},…],"snapshot-log":[{…},…]}}`. */
export interface LongLists {
  /** The member of the text that they are members of. */
  readonly within: string
  readonly names: readonly string[]
}

/** The elements of a list, in parallel: where the bytes of each are in the text, and what they say. */
interface Elements {
  readonly starts: number[]
  readonly ends: number[]
  readonly values: JsonValue[]
}

interface List {
  /** From behind its opening bracket to before its closing one. */
  readonly from: number
  readonly to: number
  readonly elements: Elements
}

/** A text and the long lists that were found in it. */
interface ReadText {
  readonly bytes: Buffer
  readonly lists: ReadonlyMap<string, List>
}

/**
 * Parses JSON texts each of which is mostly what the last one was, as a catalog's answers about one table are. An element
 * of a long list whose very bytes were in that list last time is not parsed again, but is the value that it was. What
 * comes out equals what `parseJson` makes of the same text, and what is refused is the same.
 *
 * Bytes are compared with bytes, of which one copy is kept, and not with a hash of them. The bytes of a whole value, with
 * a comma or the closing bracket behind them, are an element, and the same one wherever they are. What lies around the
 * lists is parsed as ever.
 */
export class RepeatedJson {
  readonly #long: LongLists
  #last: ReadText | undefined

  constructor(long: LongLists) {
    this.#long = long
  }

  /** The bytes become this object's own. Results share values, which nobody is to change. Throws JSON_INVALID. */
  parse(bytes: Buffer, what: string): JsonValue {
    const lists = this.#read(bytes, what)
    const rest = parseJson(lists === undefined ? bytes.toString() : emptied(bytes, lists), what)
    const last = this.#last
    this.#last = lists === undefined ? undefined : { bytes, lists }
    if (last !== undefined && last.bytes !== bytes) release(last.bytes)
    return lists === undefined ? rest : filled(rest, this.#long.within, lists)
  }

  /** Undefined for a text that is written in another way than such texts are: it is parsed as any other. */
  #read(bytes: Buffer, what: string): ReadonlyMap<string, List> | undefined {
    const { within, names } = this.#long
    const lists = new Map<string, List>()
    let seen = false
    const end = eachMember(bytes, skipSpace(bytes, 0), (outer, from) => {
      if (outer !== within) return skipValue(bytes, from)
      // Of a name that is there twice the second counts.
      if (seen) return undefined
      seen = true
      return eachMember(bytes, from, (name, at) => {
        if (!names.includes(name)) return skipValue(bytes, at)
        if (lists.has(name)) return undefined
        const list = readList({ bytes, at, what }, this.#lastElements(name))
        if (list === undefined) return undefined
        lists.set(name, list)
        return list.to + 1
      })
    })
    return end === undefined ? undefined : lists
  }

  #lastElements(name: string): KnownElements | undefined {
    const list = this.#last?.lists.get(name)
    return this.#last === undefined || list === undefined
      ? undefined
      : new KnownElements(this.#last.bytes, list.elements)
  }
}

/** The list at a place. Undefined where there is none. */
function readList(
  { bytes, at, what }: { readonly bytes: Buffer; readonly at: number; readonly what: string },
  known: KnownElements | undefined,
): List | undefined {
  const elements: Elements = { starts: [], ends: [], values: [] }
  const behind = eachElement(bytes, at, (start) => {
    const behindRun = known?.takeRun(bytes, start, elements)
    if (behindRun !== undefined) return behindRun
    const end = skipValue(bytes, start)
    const text = bytes.subarray(start, end)
    elements.starts.push(start)
    elements.ends.push(end)
    elements.values.push(known?.elsewhere(text) ?? parseJson(text.toString(), what))
    return end
  })
  return behind === undefined ? undefined : { from: at + 1, to: behind - 1, elements }
}

/** The elements that a list had in the last text, mostly met again in the same order. */
class KnownElements {
  readonly #bytes: Buffer
  readonly #elements: Elements
  #next = 0
  #byText: ReadonlyMap<string, number> | undefined

  constructor(bytes: Buffer, elements: Elements) {
    this.#bytes = bytes
    this.#elements = elements
  }

  /**
   * Takes the elements that come next in order over from the last text, as long as their bytes, and those between them,
   * are the same from this place on; says where they end. Compares twice as many each time: a long list in few steps.
   */
  takeRun(bytes: Buffer, at: number, into: Elements): number | undefined {
    const { starts, ends, values } = this.#elements
    let from = starts[this.#next] ?? 0
    let place = at
    for (let count = 1; this.#next < values.length; count *= 2) {
      const behind = Math.min(this.#next + count, values.length)
      const end = ends[behind - 1] ?? from
      const shift = place - from
      if (end + shift > bytes.length) break
      if (bytes.compare(this.#bytes, from, end, place, end + shift) !== 0) break
      for (let index = this.#next; index < behind; index += 1) {
        into.starts.push((starts[index] ?? 0) + shift)
        into.ends.push((ends[index] ?? 0) + shift)
        into.values.push(values[index] ?? null)
      }
      this.#next = behind
      from = end
      place = end + shift
    }
    return place === at ? undefined : place
  }

  /** The value of an element that is not next: those before it have expired, or the catalog keeps no order. */
  elsewhere(text: Buffer): JsonValue | undefined {
    const { starts, ends, values } = this.#elements
    // All were met in their order: this one is new.
    if (this.#byText === undefined && this.#next >= values.length) return undefined
    this.#byText ??= new Map(
      starts.map((start, index) => [textKey(this.#bytes.subarray(start, ends[index])), index]),
    )
    const index = this.#byText.get(textKey(text))
    if (index === undefined) return undefined
    this.#next = index + 1
    return values[index]
  }
}

/** The same for the same bytes, and for no others. */
function textKey(text: Buffer): string {
  return text.toString('latin1')
}

/** The text without what is in the lists. */
function emptied(bytes: Buffer, lists: ReadonlyMap<string, List>): string {
  let text = ''
  let at = 0
  for (const { from, to } of lists.values()) {
    text += bytes.toString('utf8', at, from)
    at = to
  }
  return text + bytes.toString('utf8', at)
}

/** What the rest of the text says, with the lists in their places. */
function filled(rest: JsonValue, within: string, lists: ReadonlyMap<string, List>): JsonValue {
  const outer = isJsonObject(rest) ? rest[within] : undefined
  if (!isJsonObject(rest) || !isJsonObject(outer)) return rest
  const members = [...lists].map(([name, { elements }]): [string, JsonValue] => [
    name,
    elements.values,
  ])
  return { ...rest, [within]: { ...outer, ...Object.fromEntries(members) } }
}
