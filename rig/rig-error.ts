/** A fault of the rig that a person reads: what is missing or failed, and below it what helps. */
export class RigError extends Error {
  override readonly name = 'RigError'
  /** What to do about it, and what works without it. */
  readonly help: string | undefined

  constructor(message: string, options: { help?: string; cause?: unknown } = {}) {
    const text = options.help === undefined ? message : `${message}\n${options.help}`
    super(text, options.cause === undefined ? undefined : { cause: options.cause })
    this.help = options.help
  }
}
