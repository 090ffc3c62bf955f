import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/
const TEXTS = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i
const RULE = '-'.repeat(80)

const manifestSchema = z.object({ name: z.string(), version: z.string(), license: z.string() })

/** A package that something of is in the build, and what it says about who may use it. */
export interface ThirdParty extends z.infer<typeof manifestSchema> {
  /** Its licence, and its notice where it has one. */
  readonly texts: readonly string[]
}

/** The packages that these modules are of, by name. */
export function thirdParties(modules: readonly string[]): readonly ThirdParty[] {
  const folders = new Set(modules.flatMap((module) => PACKAGE.exec(module)?.[0] ?? []))
  return [...folders].map(thirdParty).sort((a, b) => (titleOf(a) < titleOf(b) ? -1 : 1))
}

function thirdParty(folder: string): ThirdParty {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((name) => TEXTS.test(name))
  const texts = files.sort().map((name) => readFileSync(join(folder, name), 'utf8').trim())
  return { ...manifestSchema.parse(manifest), texts }
}

/**
 * What is shipped with the build because the licences of what is in it ask for it: each text once, under the packages that
 * it is for. Throws where there is none for a package.
 */
export function thirdPartyText(parties: readonly ThirdParty[]): string {
  const byText = new Map<string, ThirdParty[]>()
  for (const party of parties) {
    for (const text of textsFor(party, parties)) {
      const own = byText.get(text)
      if (own === undefined) byText.set(text, [party])
      else own.push(party)
    }
  }
  const sections = [...byText].map(([text, own]) => `${own.map(titleOf).join('\n')}\n\n${text}`)
  const heading =
    "Firn's programs contain code of other packages. Under each licence stands what it is for."
  return `${[heading, ...sections].join(`\n\n${RULE}\n\n`)}\n`
}

/** A package of a scope may leave its text to the others of that scope. */
function textsFor(party: ThirdParty, parties: readonly ThirdParty[]): readonly string[] {
  if (party.texts.length > 0) return party.texts
  const scope = /^@[^/]+\//.exec(party.name)?.[0]
  const sibling = parties.find(
    ({ name, license, texts }) =>
      scope !== undefined &&
      name.startsWith(scope) &&
      license === party.license &&
      texts.length > 0,
  )
  if (sibling === undefined) throw new Error(`${titleOf(party)} comes without its licence`)
  return sibling.texts
}

function titleOf({ name, version, license }: ThirdParty): string {
  return `${name} ${version} (${license})`
}
