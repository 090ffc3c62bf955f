import { createInterface } from 'node:readline/promises'
import { FirnError } from '../core/errors.ts'
import type { Invocation, VerbOption } from './arguments.ts'
import type { Output } from './output.ts'

/** The options of every verb that changes something. */
export const CONFIRM_OPTIONS = {
  'dry-run': { type: 'boolean', description: 'show what would change, and change nothing' },
  yes: { type: 'boolean', description: 'do not ask' },
} as const satisfies Record<string, VerbOption>

/** Where a question is answered: stdin, and stderr for the question itself, so that stdout stays the verb's. */
export interface Asking {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream
}

/** `go`: do it. `dry-run`, `declined`: nothing is to be changed, and the person has been told so. */
export type Confirmed = 'go' | 'dry-run' | 'declined'

/** Made before the work begins, asked once it is known what will change. */
export class Confirmation {
  readonly #mode: 'dry-run' | 'yes' | 'ask'
  readonly #asking: Asking

  /** Throws USAGE where nobody can be asked and nothing was said. */
  constructor(invocation: Pick<Invocation, 'flag'>, asking: Asking) {
    this.#asking = asking
    if (invocation.flag('dry-run')) this.#mode = 'dry-run'
    else if (invocation.flag('yes')) this.#mode = 'yes'
    else if (asking.stdin.isTTY === true) this.#mode = 'ask'
    else {
      throw new FirnError('USAGE', 'this changes something, and stdin is no terminal to ask at', {
        help: '--dry-run shows what would change; --yes does it without asking',
      })
    }
  }

  /** Call it when everything that will change has been printed. */
  async confirm(output: Output, question: string): Promise<Confirmed> {
    if (this.#mode === 'yes') return 'go'
    if (this.#mode === 'dry-run') {
      output.line('nothing was changed: --dry-run')
      return 'dry-run'
    }
    const answer = await this.#ask(`${question} [y/N] `)
    if (/^\s*y(es)?\s*$/i.test(answer)) return 'go'
    output.line('nothing was changed')
    return 'declined'
  }

  async #ask(question: string): Promise<string> {
    const { stdin: input, stderr } = this.#asking
    const lines = createInterface({ input, output: stderr })
    // An end of input is no yes, and `question` would wait for ever.
    const closed = new Promise<string>((resolve) => {
      lines.once('close', () => {
        resolve('')
      })
    })
    try {
      return await Promise.race([lines.question(question), closed])
    } finally {
      lines.close()
    }
  }
}
