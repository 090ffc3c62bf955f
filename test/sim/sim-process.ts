import type { Clock } from '../../src/core/clock.ts'
import type { SimClock } from './sim-clock.ts'

export const MISHAPS = ['crash-before', 'crash-after', 'fail-before', 'fail-after'] as const

/** What happens to one port call of a process. `after`: it has taken effect, and nobody hears of it. */
export interface Mishap {
  readonly atCall: number
  readonly kind: (typeof MISHAPS)[number]
}

/**
 * One worker process as the operating system sees it: running, stopped (SIGSTOP) or killed (SIGKILL). Every port
 * call passes its gates, so that a killed process never goes on from any of its awaits, and a stopped one only once
 * it is continued, with whatever it held in its hands.
 */
export class SimProcess {
  readonly name: string
  readonly clock: Clock
  readonly clockOffset = { ms: 0 }
  readonly #sim: SimClock
  #state: 'running' | 'stopped' | 'dead' = 'running'
  #waiting: (() => void)[] = []
  #calls = 0
  /** What its n-th port call meets; undefined for nothing. */
  mishap: Mishap | undefined
  onCrash: (() => void) | undefined

  constructor(name: string, sim: SimClock) {
    this.name = name
    this.#sim = sim
    const view = sim.view(this.clockOffset)
    this.clock = {
      ...view,
      sleep: async (ms, signal) => this.gate(async () => view.sleep(ms, signal)),
    }
  }

  /** The time of the world, whatever this process's clock says. */
  get worldMs(): number {
    return this.#sim.nowMs
  }

  get calls(): number {
    return this.#calls
  }

  get dead(): boolean {
    return this.#state === 'dead'
  }

  get stopped(): boolean {
    return this.#state === 'stopped'
  }

  kill(): void {
    if (this.#state === 'dead') return
    this.#state = 'dead'
    this.#waiting = []
    this.onCrash?.()
  }

  stop(): void {
    if (this.#state === 'running') this.#state = 'stopped'
  }

  continue(): void {
    if (this.#state !== 'stopped') return
    this.#state = 'running'
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  /**
   * A call through a port: counted, and a place where the process may be killed, or the call fail, before it has done
   * anything or after. `fault` is what a failed call throws; a call without it cannot fail.
   */
  async call<T>(act: () => Promise<T>, fault?: () => Error): Promise<T> {
    this.#calls++
    const met = this.#calls === this.mishap?.atCall ? this.mishap.kind : undefined
    if (met === 'crash-before') this.kill()
    if (met === 'fail-before' && fault !== undefined) {
      await this.#pass()
      throw fault()
    }
    return this.gate(async () => {
      const value = await act()
      if (met === 'crash-after') this.kill()
      if (met === 'fail-after' && fault !== undefined) throw fault()
      return value
    })
  }

  async gate<T>(act: () => Promise<T>): Promise<T> {
    await this.#pass()
    const outcome = await settledAs(act)
    await this.#pass()
    if (outcome.kind === 'failed') throw outcome.reason
    return outcome.value
  }

  async #pass(): Promise<void> {
    if (this.#state === 'running') return
    await new Promise<void>((resolve) => {
      // Killed: nobody ever resolves it.
      if (this.#state === 'stopped') this.#waiting.push(resolve)
    })
  }

  /** Virtual time that passes inside a fake: network and service time. */
  async delay(ms: number): Promise<void> {
    await this.#sim.wait(ms)
  }
}

type Settled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'failed'; readonly reason: Error }

async function settledAs<T>(act: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { kind: 'value', value: await act() }
  } catch (reason) {
    return { kind: 'failed', reason: reason instanceof Error ? reason : new Error(String(reason)) }
  }
}
