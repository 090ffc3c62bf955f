import { styleText } from 'node:util'
import { FirnError, messageOf, type ErrorContext } from '../core/errors.ts'
import { stringifyJson, type JsonObject, type JsonValue } from '../core/json.ts'
import { tableText, type TableColumn } from './format.ts'

/** Takes text: `process.stdout`, or a test's. */
export interface TextSink {
  write(text: string): unknown
}

export interface OutputOptions {
  readonly stdout: TextSink
  readonly stderr: TextSink
  /** Whether to colour: a terminal, and no `NO_COLOR`. */
  readonly colours: boolean
  /** `--json`: one document for programs, and nothing else, on stdout. */
  readonly json: boolean
}

/** How something went. */
export type Mark = 'ok' | 'failed' | 'warning' | 'note'

type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold' | 'cyan'

const MARKS: Readonly<Record<Mark, { readonly sign: string; readonly style: Style }>> = {
  ok: { sign: '✓', style: 'green' },
  failed: { sign: '✗', style: 'red' },
  warning: { sign: '!', style: 'yellow' },
  note: { sign: '·', style: 'dim' },
}

/** What a verb prints with. Under `--json` the lines for people are not printed. */
export class Output {
  readonly json: boolean
  readonly #options: OutputOptions

  constructor(options: OutputOptions) {
    this.#options = options
    this.json = options.json
  }

  /** A line for people. */
  line(text = ''): void {
    if (!this.json) this.#options.stdout.write(`${text}\n`)
  }

  heading(text: string): void {
    this.line(this.paint('bold', text))
  }

  /** A line with how it went: `✓ broker reached`; the fix, where there is one, on the next. */
  mark(mark: Mark, text: string, fix?: string): void {
    const { sign, style } = MARKS[mark]
    this.line(`${this.paint(style, sign)} ${text}`)
    if (fix !== undefined) this.line(this.paint('dim', `  → ${fix}`))
  }

  table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): void {
    const [titles = '', ...lines] = tableText(columns, rows).split('\n')
    this.line(this.paint('dim', titles))
    for (const line of lines) this.line(line)
  }

  /** The document of `--json`; nothing without it. A `bigint` is an integer of all its digits. */
  document(value: JsonValue): void {
    if (this.json) this.#options.stdout.write(`${stringifyJson(value, 2)}\n`)
  }

  /** Text for people that a program's reading of stdout must not meet. */
  aside(text: string): void {
    this.#options.stderr.write(`${text}\n`)
  }

  /** What was thrown, and the exit code that goes with it. Under `--json` the document is `{"error": …}`. */
  error(thrown: unknown): ExitCode {
    const error = thrown instanceof FirnError ? thrown : unexpected(thrown)
    if (this.json) this.document({ error: errorObject(error) })
    else this.aside(this.#errorText(error))
    return error.facts.exit
  }

  paint(style: Style, text: string): string {
    return this.#options.colours ? styleText(style, text, { validateStream: false }) : text
  }

  #errorText(error: FirnError): string {
    const facts = Object.entries(error.context).map(([key, value]) => `  ${key}: ${String(value)}`)
    const help = error.help === undefined ? [] : [`${this.paint('cyan', 'help:')} ${error.help}`]
    const head = `${this.paint('red', `error ${error.code}:`)} ${messageOf(error)}`
    return [head, ...facts, ...help].join('\n')
  }
}

/** 0 done, 1 failed, 2 wrong use, 3 refused with a reason. */
export type ExitCode = 0 | 1 | 2 | 3

/** A fault without a code of its own is a bug: its place in the code is what helps. */
function unexpected(thrown: unknown): FirnError {
  const place = thrown instanceof Error ? thrown.stack?.split('\n')[1]?.trim() : undefined
  return new FirnError('INTERNAL', messageOf(thrown), {
    context: place === undefined ? {} : { place },
  })
}

function errorObject(error: FirnError): JsonObject {
  const { code, context, help, retry } = error
  return {
    code,
    message: messageOf(error),
    context: contextObject(context),
    retry,
    ...(help === undefined ? {} : { help }),
  }
}

function contextObject(context: ErrorContext): JsonObject {
  return { ...context }
}
