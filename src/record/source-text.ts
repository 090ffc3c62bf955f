/** Lines of generated code, indented by their braces. */
export class SourceText {
  readonly #lines: string[] = []
  #depth = 0

  /** Adds lines; one that ends with an open brace indents those behind it. */
  add(...lines: readonly string[]): void {
    for (const line of lines) {
      if (/^[})\]]/.test(line)) this.#depth -= 1
      this.#lines.push(line === '' ? '' : `${'  '.repeat(this.#depth)}${line}`)
      if (/[{([]$/.test(line)) this.#depth += 1
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}

/** Text of any kind as a comment that cannot end early: only printable ASCII, and never the end of a comment. */
export function commentText(text: string): string {
  const printable = JSON.stringify(text).replaceAll(
    /[^ -~]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  )
  return printable.replaceAll('*/', String.raw`*\/`)
}
