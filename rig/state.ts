import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { stateDirectory } from './environment.ts'
import { signalIfAlive } from './guarded.ts'
import type { Rig, RigOptions } from './start.ts'

const s3Schema = z.object({
  endpoint: z.string(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  bucket: z.string(),
})
const stateSchema = z.object({
  /** The keeper's process: the services live as long as it does. */
  pid: z.number(),
  scratch: z.string(),
  kafka: z.object({ bootstrap: z.string() }),
  catalog: z.object({
    kind: z.enum(['fixture', 'nessie']),
    uri: z.string(),
    warehouse: z.string(),
  }),
  s3: s3Schema.extend({ kind: z.enum(['moto', 'versitygw']) }).optional(),
})

/** What `npm run rig -- up` started: enough for another process to use it. */
export type RigState = z.infer<typeof stateSchema>

function stateFile(): string {
  return join(stateDirectory(), 'state.json')
}

/** The developer's rig, or undefined when none is up. */
export async function readState(): Promise<RigState | undefined> {
  const text = await readFile(stateFile(), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const state = stateSchema.safeParse(JSON.parse(text))
  return state.success && signalIfAlive(state.data.pid, 0) ? state.data : undefined
}

export async function writeState(rig: Rig, options: RigOptions): Promise<void> {
  const { kind, uri, warehouse } = rig.catalog
  const state: RigState = {
    pid: process.pid,
    scratch: rig.scratch,
    kafka: { bootstrap: rig.kafka.bootstrap },
    catalog: { kind, uri, warehouse },
    ...(options.s3 === undefined ? {} : { s3: { ...rig.s3.s3, kind: rig.s3.kind } }),
  }
  await writeFile(stateFile(), `${JSON.stringify(state, undefined, 2)}\n`)
}

export async function removeState(): Promise<void> {
  await rm(stateFile(), { force: true })
}
