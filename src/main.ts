#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runCli } from './cli/run-cli.ts'
import { verbs } from './cli/verbs.ts'

// V8's on-stack replacement settles generated decoders at half their speed in some processes and not in others.
setFlagsFromString('--no-use-osr')

/** Beside the folder of this file, both unbuilt (src/) and built (dist/). */
const PACKAGE = new URL('../package.json', import.meta.url)

function packageVersion(): string {
  const version = /"version":\s*"([^"]+)"/.exec(readFileSync(PACKAGE, 'utf8'))?.[1]
  return version ?? 'unknown'
}

/** The first signal asks for a graceful stop, the second ends the process: what is not committed is read again. */
function onStop(stop: (signal: string) => void): void {
  let asked = false
  const signalled = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(1)
    asked = true
    stop(signal)
  }
  process.on('SIGTERM', signalled)
  process.on('SIGINT', signalled)
}

const version = packageVersion()
process.exitCode = await runCli(
  process.argv.slice(2),
  verbs({
    env: process.env,
    stderr: process.stderr,
    version,
    availableMemoryBytes: process.constrainedMemory() > 0 ? process.availableMemory() : 0,
    onStop,
  }),
  {
    stdout: process.stdout,
    stderr: process.stderr,
    terminal: process.stdout.isTTY,
    env: process.env,
    version,
  },
)
