import { subscribe } from 'node:diagnostics_channel'
import { isMainThread, parentPort } from 'node:worker_threads'

// Preloaded into a worker (`node --import`): FIRN_KILL_AT=staged:2 ends it with SIGKILL as it passes that point for the
// second time; FIRN_KILL_AT=thread:5 lets an encoder thread fail at its fifth message. Nothing of it is in the program.

const [point = '', count = '1'] = (process.env['FIRN_KILL_AT'] ?? '').split(':')
let left = Number(count)
if (point === 'thread' && !isMainThread) {
  parentPort?.on('message', () => {
    left -= 1
    if (left === 0) throw new Error('a fault in an encoder thread')
  })
} else if (point !== '' && point !== 'thread' && isMainThread) {
  subscribe(`firn:${point}`, () => {
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
  })
}
