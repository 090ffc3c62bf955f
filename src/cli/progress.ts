import type { Clock } from '../core/clock.ts'

/** Where progress is shown: stderr, so that a program's reading of stdout does not meet it. */
export interface ProgressSink {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const TERMINAL_MS = 200
const LINE_MS = 5_000

/** One line that is written over in a terminal; lines now and then where it is asked for without one. */
export class Progress {
  readonly #sink: ProgressSink
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #shown: boolean
  #toldMs = Number.NEGATIVE_INFINITY
  #open = false

  constructor(
    sink: ProgressSink,
    { clock, wanted }: { readonly clock: Pick<Clock, 'monotonic'>; readonly wanted: boolean },
  ) {
    this.#sink = sink
    this.#clock = clock
    this.#shown = wanted || sink.isTTY === true
  }

  /** `text` is asked for only when it is shown. */
  tell(text: () => string): void {
    if (!this.#shown) return
    const nowMs = this.#clock.monotonic()
    const terminal = this.#sink.isTTY === true
    if (nowMs - this.#toldMs < (terminal ? TERMINAL_MS : LINE_MS)) return
    this.#toldMs = nowMs
    this.#open = terminal
    this.#sink.write(terminal ? `\r\u001b[K${text()}` : `${text()}\n`)
  }

  /** Takes the line away. */
  end(): void {
    if (this.#open) this.#sink.write('\r\u001b[K')
    this.#open = false
  }
}
