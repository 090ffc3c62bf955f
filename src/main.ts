#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'

// V8's on-stack replacement settles generated decoders at half their speed in some processes and not in others.
setFlagsFromString('--no-use-osr')
// A good part of a cold start is compiling what has not changed since the last one: hence the late import, too.
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')
process.exitCode = await runProgram(process)
