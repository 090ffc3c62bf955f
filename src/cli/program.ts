import { availableParallelism } from 'node:os'
import manifest from '../../package.json' with { type: 'json' }
import { runCli } from './run-cli.ts'
import { verbs } from './verbs.ts'

/**
 * The program in its process: arguments, streams, signals. Resolves with the exit code. `onLoaded` is called before any
 * work, once what does it is loaded.
 */
export async function runProgram(host: NodeJS.Process, onLoaded: () => void): Promise<number> {
  const { argv, env, stdin, stdout, stderr } = host
  const { version } = manifest
  const list = verbs({
    env,
    stdin,
    stderr,
    version,
    availableMemoryBytes: host.constrainedMemory() > 0 ? host.availableMemory() : 0,
    cores: availableParallelism(),
    onLoaded,
    onStop: (stop) => {
      onStop(host, stop)
    },
  })
  return runCli(argv.slice(2), list, { stdout, stderr, terminal: stdout.isTTY, env, version })
}

/** The first signal asks for a graceful stop, the second ends the process: what is not committed is read again. */
function onStop(host: NodeJS.Process, stop: (signal: string) => void): void {
  let asked = false
  const signalled = (signal: NodeJS.Signals): void => {
    if (asked) host.exit(1)
    asked = true
    stop(signal)
  }
  host.on('SIGTERM', signalled)
  host.on('SIGINT', signalled)
}
