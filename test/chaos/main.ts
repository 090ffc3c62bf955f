import { writeFile } from 'node:fs/promises'
import { arch, cpus, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startRig } from '../../rig/start.ts'
import { playScenario, SCENARIOS } from './run-scenario.ts'
import { RIGS, type Scenario } from './scenario.ts'
import type { Verdict } from './stage.ts'

// npm run chaos                     all scenarios, and docs/chaos.md made of them
// npm run chaos -- --only NAME      those whose name begins so; the page stays as it is

interface Played {
  readonly scenario: Scenario
  readonly verdict: Verdict | undefined
  readonly fault: string
}

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'chaos.md')
const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = SCENARIOS.filter(({ name }) => name.startsWith(values.only ?? ''))
const played: Played[] = []
for (const rig of Object.keys(RIGS) as (keyof typeof RIGS)[]) {
  const own = chosen.filter((scenario) => scenario.rig === rig)
  if (own.length > 0) played.push(...(await playAll(rig, own)))
}
const exact = played.filter(({ verdict }) => verdict?.exact === true).length
console.log(`${exact} of ${played.length} exact`)
if (values.only === undefined) await writeFile(PAGE, page(played))
process.exitCode = exact === played.length && played.length > 0 ? 0 : 1

async function playAll(name: keyof typeof RIGS, scenarios: readonly Scenario[]): Promise<Played[]> {
  await using rig = await startRig(RIGS[name])
  const done: Played[] = []
  for (const scenario of scenarios) {
    const one = await play(scenario, rig)
    done.push(one)
    console.log(cells(one).join('  '))
    if (one.fault !== '') console.log(one.fault)
  }
  return done
}

async function play(scenario: Scenario, rig: Parameters<typeof playScenario>[1]): Promise<Played> {
  try {
    return { scenario, verdict: await playScenario(scenario, rig), fault: '' }
  } catch (fault) {
    return { scenario, verdict: undefined, fault: faultText(fault) }
  }
}

/** A fault while things are put away hides the one before it. */
function faultText(fault: unknown): string {
  if (!(fault instanceof SuppressedError)) return String(fault)
  return `${faultText(fault.suppressed)}\nand then: ${faultText(fault.error)}`
}

function cells({ scenario, verdict }: Played): string[] {
  if (verdict === undefined) return [scenario.name, scenario.what, '', '', '', '', 'did not end']
  const { records, missing, duplicates, recoveredMs, exact: isExact } = verdict
  return [
    scenario.name,
    scenario.what,
    String(records),
    String(missing),
    String(duplicates),
    `${(recoveredMs / 1_000).toFixed(1)} s`,
    isExact ? 'yes' : 'NO',
  ]
}

function page(all: readonly Played[]): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()}, Node ${process.version}`
  return `# Faults on real parts

Written by \`npm run chaos\` on ${new Date().toISOString().slice(0, 10)} (${machine}, broker, catalog, object store and readers on the same machine).

Each line is a run of its own: a topic, a table, real workers, a real broker, REST catalog and store. Ids 0, 1, 2, … are
produced before, during and after the fault; then DuckDB, which shares no code with Firn, counts rows, distinct positions, distinct
ids and wrong values, against what the log has. *Recovered* is from the last fault to every record being in the table, and
holds waits that the test makes: session time-outs (3 or 6 s), the start of a process, commit intervals (1.5 s).

| scenario | what goes wrong | records | missing | duplicates | recovered | exact |
|---|---|---:|---:|---:|---:|---|
${all.map((one) => `| ${cells(one).join(' | ')} |`).join('\n')}
`
}
