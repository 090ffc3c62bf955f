import { afterAll, beforeAll } from 'vitest'
import { type Rig, type RigOptions, startRig } from '../../rig/start.ts'

/**
 * Real services for the tests of one file: started before the first, ended after the last.
 *
 *     const rig = useRig({ kafka: true, catalog: 'fixture' })
 *     test('…', async () => { rig().kafka.bootstrap … })
 */
export function useRig(options: RigOptions): () => Rig {
  let rig: Rig | undefined
  beforeAll(async () => {
    rig = await startRig(options)
  })
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]()
  })
  return () => {
    if (rig === undefined) throw new Error('the rig is there within tests only')
    return rig
  }
}
