import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { ProcessOutside } from '../../../src/cli/run.ts'
import { verbs } from '../../../src/cli/verbs.ts'

test('each verb tells when it is loaded, but run, which has threads to load', async () => {
  const told: string[] = []
  let loading = ''
  const outside = {
    env: {},
    stdin: new PassThrough(),
    stderr: new PassThrough(),
    version: '0',
    availableMemoryBytes: 0,
    cores: 1,
    onLoaded: () => told.push(loading),
    onStop: () => undefined,
  } as unknown as ProcessOutside
  const list = verbs(outside)
  expect(told).toEqual([])
  for (const verb of list) {
    loading = verb.name
    await verb.load()
  }
  expect(told).toEqual(list.map(({ name }) => name).filter((name) => name !== 'run'))
})
