#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// A good part of a cold start is compiling what has not changed since the last one: hence the late import, too.
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')
process.exitCode = await runProgram(process, tuneEngine)

/**
 * Called when the program and its threads have been loaded, and before there is anything to decode. Compiled code is
 * good for the settings of V8 that it was compiled under, Node's own as well: set at once, these would have every start
 * compile all of it anew (ADR 12).
 */
function tuneEngine(): void {
  flushCompileCache()
  // V8's on-stack replacement settles generated decoders at half their speed in some processes and not in others.
  setFlagsFromString('--no-use-osr')
  // Batches and pages lie outside of V8's heap, but count as its growth: with its own limits it would mark all that lives,
  // which hardly changes, for every few of them (ADR 9).
  setFlagsFromString('--heap-growing-percent=200')
}
