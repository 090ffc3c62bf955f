import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** What a record passes through, and what is done for it beside. */
export const STAGES = [
  'fetch',
  'inflate',
  'decode',
  'split',
  'encode',
  'upload',
  'commit',
  'gc',
  'other',
] as const
export type Stage = (typeof STAGES)[number]

/** By the place of the code that runs; the first that fits the innermost frame which has one. */
const PLACES: readonly (readonly [RegExp, Stage])[] = [
  [/\/dist\/record\/(inflate|zstd-frame|lz4-frame)\.js|\/snappy\//, 'inflate'],
  [/\/dist\/columns\/take-rows\.js|\/dist\/writer\/partitioner\.js/, 'split'],
  [/\/dist\/(record|columns)\//, 'decode'],
  [/\/dist\/parquet\//, 'encode'],
  [/\/dist\/consumer\/|\/@platformatic\//, 'fetch'],
  [/\/dist\/storage\/|\/dist\/writer\/uploads\.js|\/@aws-sdk\/|\/@smithy\//, 'upload'],
  [/\/dist\/(commit|catalog|iceberg)\//, 'commit'],
  [/\/dist\/writer\/table-encoder\.js/, 'decode'],
]

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.number()).optional(),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
})
type Profile = z.infer<typeof profileSchema>
type Node = Profile['nodes'][number]

/** Microseconds that the threads of a process were busy, by stage, from the CPU profiles that Node left in a folder. */
export async function stageMicros(folder: string): Promise<ReadonlyMap<Stage, number>> {
  const micros = new Map<Stage, number>()
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8')
    addProfile(micros, profileSchema.parse(JSON.parse(text)))
  }
  return micros
}

function addProfile(micros: Map<Stage, number>, { nodes, samples, timeDeltas }: Profile): void {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map<number, Node>()
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node)
  for (const [index, sample] of samples.entries()) {
    const node = byId.get(sample)
    if (node === undefined || node.callFrame.functionName === '(idle)') continue
    const stage = stageOf(node, parents)
    micros.set(stage, (micros.get(stage) ?? 0) + (timeDeltas[index] ?? 0))
  }
}

function stageOf(leaf: Node, parents: ReadonlyMap<number, Node>): Stage {
  if (leaf.callFrame.functionName === '(garbage collector)') return 'gc'
  for (let node: Node | undefined = leaf; node !== undefined; node = parents.get(node.id)) {
    const { url } = node.callFrame
    const found = PLACES.find(([place]) => place.test(url))
    if (found !== undefined) return found[1]
  }
  return 'other'
}
