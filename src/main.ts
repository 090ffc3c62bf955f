#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// V8's on-stack replacement settles generated decoders at half their speed in some processes and not in others.
setFlagsFromString('--no-use-osr')
// V8 counts what comes and goes outside of its heap, and would mark all that lives a hundred times for a gigabyte of it.
setFlagsFromString('--heap-growing-percent=200')
// A good part of a cold start is compiling what has not changed since the last one: hence the late import, too.
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')
process.exitCode = await runProgram(process)
