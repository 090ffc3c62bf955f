#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// V8's on-stack replacement settles generated decoders at half their speed in some processes and not in others.
setFlagsFromString('--no-use-osr')
// Batches and pages lie outside of V8's heap, but count as its growth: with its own limits it would mark all that lives,
// which hardly changes, for every few of them (ADR 9).
setFlagsFromString('--heap-growing-percent=200')
// For encoder threads, which are made later: their few megabytes need no look before so much has come.
setFlagsFromString('--initial-old-space-size=128')
// A good part of a cold start is compiling what has not changed since the last one: hence the late import, too.
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')
process.exitCode = await runProgram(process)
