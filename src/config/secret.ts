import { inspect } from 'node:util'

const HIDDEN = '[secret]'

/**
 * A value that printing, logging and JSON never show. One that comes from a file is read again at each `reveal`, so
 * that a token which something else renews is current: call it at the moment of use and keep nothing.
 */
export class Secret {
  readonly #read: () => string

  private constructor(read: () => string) {
    this.#read = read
  }

  static of(value: string): Secret {
    return new Secret(() => value)
  }

  /** A secret in a file: its text without line ends at the end. While it cannot be read, the last one that was. */
  static inFile(readFile: () => string): Secret {
    let last = withoutLineEnd(readFile())
    return new Secret(() => {
      try {
        last = withoutLineEnd(readFile())
      } catch {
        // Somebody is just replacing the file: the next reading finds it.
      }
      return last
    })
  }

  reveal(): string {
    return this.#read()
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/[\r\n]+$/, '')
}
