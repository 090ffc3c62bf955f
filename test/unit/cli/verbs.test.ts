import { expect, test } from 'vitest'
import { verbs } from '../../../src/cli/verbs.ts'
import { quietProcess } from '../../support/process-outside.ts'

test('each verb tells when it is loaded, but run, which has threads to load', async () => {
  const told: string[] = []
  let loading = ''
  const list = verbs(
    quietProcess({
      onLoaded: () => {
        told.push(loading)
      },
    }),
  )
  expect(told).toEqual([])
  for (const verb of list) {
    loading = verb.name
    await verb.load()
  }
  expect(told).toEqual(list.map(({ name }) => name).filter((name) => name !== 'run'))
})
