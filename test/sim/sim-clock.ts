import type { Clock } from '../../src/core/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/**
 * One virtual clock for everything in a run. Time moves only when nothing is left to do: every promise that can
 * settle has settled, and what remains waits for a timer.
 */
export class SimClock {
  #nowMs: number
  #order = 0
  #timers: Timer[] = []

  constructor(startMs = 1_800_000_000_000) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** A process's view: its wall clock may be off, or jump; its timers are not. */
  view(offset: { ms: number } = { ms: 0 }, frozen: () => boolean = () => false): Clock {
    return {
      now: () => this.#nowMs + offset.ms,
      monotonic: () => this.#nowMs,
      sleep: async (ms, signal) => this.#sleep(ms, signal, frozen),
    }
  }

  /** Calls `fire` after `ms` of virtual time. */
  after(ms: number, fire: () => void): () => void {
    const timer: Timer = { at: this.#nowMs + Math.max(0, ms), order: this.#order++, fire }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  async wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve)
    })
  }

  async #sleep(ms: number, signal: AbortSignal | undefined, frozen: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve()
        return
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', aborted)
        // A stopped process (SIGSTOP) wakes from no timer; a killed one never does.
        if (!frozen()) resolve()
      })
      const aborted = (): void => {
        cancel()
        resolve()
      }
      signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  /** Runs until `done`, or until `limitMs` of virtual time have passed. True where `done` came first. */
  async run(done: () => boolean, limitMs: number): Promise<boolean> {
    const until = this.#nowMs + limitMs
    for (;;) {
      await settled()
      if (done()) return true
      const next = this.#takeNext(until)
      if (next === undefined) {
        this.#nowMs = Math.max(this.#nowMs, until)
        return false
      }
      this.#nowMs = next.at
      next.fire()
    }
  }

  #takeNext(until: number): Timer | undefined {
    let best: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > until) continue
      if (
        best === undefined ||
        timer.at < best.at ||
        (timer.at === best.at && timer.order < best.order)
      ) {
        best = timer
      }
    }
    if (best !== undefined) this.#timers = this.#timers.filter((timer) => timer !== best)
    return best
  }
}

/** Until every promise that can settle without a timer has: the event loop turns only when no microtask is left. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
