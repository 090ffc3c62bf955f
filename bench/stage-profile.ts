import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { SourceMap, type SourceMapPayload } from 'node:module'
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
  [/^src\/record\/(inflate|zstd-frame|lz4-frame)\.ts|\/snappy\//, 'inflate'],
  [/^src\/columns\/take-rows\.ts|^src\/writer\/partitioner\.ts/, 'split'],
  [/^src\/(record|columns)\//, 'decode'],
  [/^src\/parquet\//, 'encode'],
  [/^src\/consumer\/|\/@platformatic\//, 'fetch'],
  [/^src\/storage\/|^src\/writer\/uploads\.ts|\/@aws-sdk\/|\/@smithy\//, 'upload'],
  [/^src\/(commit|catalog|iceberg)\//, 'commit'],
  [/^src\/writer\/table-encoder\.ts/, 'decode'],
]

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({
        functionName: z.string(),
        url: z.string(),
        lineNumber: z.number(),
        columnNumber: z.number(),
      }),
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
  const sources = new Sources()
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), 'utf8')
    addProfile(micros, profileSchema.parse(JSON.parse(text)), sources)
  }
  return micros
}

function addProfile(
  micros: Map<Stage, number>,
  { nodes, samples, timeDeltas }: Profile,
  sources: Sources,
): void {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map<number, Node>()
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node)
  const stages = new Map<number, Stage>()
  for (const [index, sample] of samples.entries()) {
    const node = byId.get(sample)
    if (node === undefined || node.callFrame.functionName === '(idle)') continue
    const stage = stages.get(sample) ?? stageOf(node, parents, sources)
    stages.set(sample, stage)
    micros.set(stage, (micros.get(stage) ?? 0) + (timeDeltas[index] ?? 0))
  }
}

function stageOf(leaf: Node, parents: ReadonlyMap<number, Node>, sources: Sources): Stage {
  if (leaf.callFrame.functionName === '(garbage collector)') return 'gc'
  for (let node: Node | undefined = leaf; node !== undefined; node = parents.get(node.id)) {
    const source = sources.of(node.callFrame)
    const found = PLACES.find(([place]) => place.test(source))
    if (found !== undefined) return found[1]
  }
  return 'other'
}

/** Where functions come from: what runs is a bundle, and the map beside each of its files says of what. */
class Sources {
  readonly #maps = new Map<string, SourceMap | undefined>()

  /** A path from the folder of the repository, `src/record/inflate.ts`; of code without a map its URL. */
  of({ url, lineNumber, columnNumber }: Node['callFrame']): string {
    const map = this.#mapOf(url)
    if (map === undefined) return url
    // A file's own code makes all its modules, and is of none of them.
    if (lineNumber === 0 && columnNumber === 0) return ''
    const entry = map.findEntry(lineNumber, columnNumber)
    return 'originalSource' in entry ? entry.originalSource.replace(/^\.\.\//, '') : ''
  }

  #mapOf(url: string): SourceMap | undefined {
    if (this.#maps.has(url)) return this.#maps.get(url)
    const map = url.startsWith('file:') ? readMap(new URL(`${url}.map`)) : undefined
    this.#maps.set(url, map)
    return map
  }
}

function readMap(place: URL): SourceMap | undefined {
  if (!existsSync(place)) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the build has written
  return new SourceMap(JSON.parse(readFileSync(place, 'utf8')) as SourceMapPayload)
}
