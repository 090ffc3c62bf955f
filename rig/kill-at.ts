import { subscribe } from 'node:diagnostics_channel'

// Preloaded into a worker (`node --import`): FIRN_KILL_AT=staged:2 ends it with SIGKILL as it passes that point for the
// second time. Nothing of it is in the program itself.

const [point = '', count = '1'] = (process.env['FIRN_KILL_AT'] ?? '').split(':')
let left = Number(count)
if (point !== '') {
  subscribe(`firn:${point}`, () => {
    left -= 1
    if (left === 0) process.kill(process.pid, 'SIGKILL')
  })
}
