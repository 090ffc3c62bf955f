import type { Clock } from '../../src/core/clock.ts'
import type { SimClock } from './sim-clock.ts'

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
  /** Fails the process at its n-th port call: 0 for never. */
  crashAtCall = 0
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

  /** A call through a port: counted, and a place where the process may be killed before and after. */
  async call<T>(act: () => Promise<T>): Promise<T> {
    this.#calls++
    if (this.#calls === this.crashAtCall) this.kill()
    return this.gate(act)
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
