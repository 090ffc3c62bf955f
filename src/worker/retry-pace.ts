const WAIT_MS_MIN = 500

/**
 * When to ask again after a start that failed or was refused: soon after the first failure, then ever more slowly, at
 * last at the slow pace. A refusal that a verb has to resolve is asked at the slow pace from the beginning.
 */
export class RetryPace {
  readonly #waitMsMax: number
  #failures = 0
  #dueAtMs: number | undefined

  constructor(waitMsMax: number) {
    this.#waitMsMax = waitMsMax
  }

  failed(nowMs: number): void {
    this.#dueAtMs = nowMs + Math.min(this.#waitMsMax, WAIT_MS_MIN * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 20)
  }

  refused(nowMs: number): void {
    this.#dueAtMs = nowMs + this.#waitMsMax
  }

  /** Asked by somebody else meanwhile. */
  forget(): void {
    this.#dueAtMs = undefined
  }

  succeeded(): void {
    this.#failures = 0
    this.#dueAtMs = undefined
  }

  isDue(nowMs: number): boolean {
    return this.#dueAtMs !== undefined && nowMs >= this.#dueAtMs
  }
}
