import { PassThrough } from 'node:stream'
import type { ProcessOutside } from '../../src/cli/run.ts'

/** A process for verbs that neither ask nor run on: nobody's terminal, no environment, no signals. */
export function quietProcess(more: Partial<ProcessOutside> = {}): ProcessOutside {
  const outside = {
    env: {},
    stdin: new PassThrough(),
    stderr: new PassThrough(),
    version: '0',
    availableMemoryBytes: 0,
    cores: 1,
    onLoaded: () => undefined,
    onStop: () => undefined,
    ...more,
  }
  // The streams are what verbs read and write, and no more.
  return outside as unknown as ProcessOutside
}
