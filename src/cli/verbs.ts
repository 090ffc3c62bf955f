import { systemClock } from '../core/clock.ts'
import type { ProcessOutside } from './run.ts'
import type { Verb } from './run-cli.ts'

/**
 * All verbs, in the order in which the help lists them. Each is loaded when it is called: what `firn run` needs is not
 * what `firn audit` needs, and a list of names needs neither.
 */
export function verbs(outside: ProcessOutside): readonly Verb[] {
  const { env, stdin, stderr, version } = outside
  const asking = { stdin, stderr, version }
  const run: Verb = {
    name: 'run',
    summary: 'read the topics into their tables until stopped',
    operands: [],
    load: async () => (await import('./run.ts')).runVerb(outside),
  }
  const others = [
    ...askingVerbs(env, stderr),
    ...changingVerbs(outside, asking),
    ...ledgerVerbs(env, asking),
  ]
  // `run` has threads to load yet.
  return [run, ...others.map((verb) => telling(verb, outside.onLoaded))]
}

/** A verb that tells when it has been loaded. */
function telling(verb: Verb, onLoaded: () => void): Verb {
  return {
    ...verb,
    load: async () => {
      const body = await verb.load()
      onLoaded()
      return body
    },
  }
}

type Asking = Pick<ProcessOutside, 'stdin' | 'stderr' | 'version'>

/** They change nothing. */
function askingVerbs(
  env: ProcessOutside['env'],
  stderr: ProcessOutside['stderr'],
): readonly Verb[] {
  return [
    {
      name: 'check',
      summary:
        'try everything that run will need: brokers, group, topics, catalog, tables, storage',
      operands: [],
      load: async () => (await import('./check.ts')).checkVerb(env),
    },
    {
      name: 'plan',
      summary: 'show what run would do: tables to create, and where each partition starts',
      operands: [],
      load: async () => (await import('./plan.ts')).planVerb(env),
    },
    {
      name: 'status',
      summary: 'show where each table stands against its topics',
      operands: [],
      load: async () => (await import('./status.ts')).statusVerb(env, () => systemClock.now()),
    },
    {
      name: 'history',
      summary: "show a table's snapshots with the offset ranges that they added",
      operands: ['[TABLE]'],
      load: async () => (await import('./history.ts')).historyVerb(env),
    },
    {
      name: 'audit',
      summary: 'prove that each record below the ledger is in the table once',
      operands: ['[TABLE]'],
      load: async () => (await import('./audit.ts')).auditVerb(env, stderr),
    },
    {
      name: 'trace',
      summary: 'tell which snapshot, file and row holds a record, or why none does',
      operands: ['TOPIC/P@OFFSET'],
      load: async () => (await import('./trace.ts')).traceVerb(env, stderr),
    },
  ]
}

/** They change tables, or their ledgers. */
function changingVerbs(outside: ProcessOutside, asking: Asking): readonly Verb[] {
  const { env } = outside
  return [
    {
      name: 'replay',
      summary: 'read a range of a topic again, in the place of what the table has of it',
      operands: ['[TABLE]'],
      load: async () => (await import('./replay.ts')).replayVerb(outside),
    },
    {
      name: 'promote',
      summary: 'bring a replay that was written to a branch into the table',
      operands: ['[TABLE]'],
      load: async () => (await import('./promote.ts')).promoteVerb(outside),
    },
    {
      name: 'rollback',
      summary: 'take a table and its ledger back together, and say what becomes of the records',
      operands: ['[TABLE]'],
      load: async () => (await import('./rollback.ts')).rollbackVerb(env, asking),
    },
    {
      name: 'hold',
      summary: 'stop committing to a table, or to all of them, until it is resumed',
      operands: ['[TABLE]'],
      load: async () => (await import('./hold.ts')).holdVerb(env, asking),
    },
    {
      name: 'resume',
      summary: 'lift a hold: workers go on from the ledger',
      operands: ['[TABLE]'],
      load: async () => (await import('./hold.ts')).resumeVerb(env, asking),
    },
  ]
}

function ledgerVerbs(env: ProcessOutside['env'], asking: Asking): readonly Verb[] {
  return [
    {
      name: 'ledger show',
      summary: 'show the ledger of a table, where it was found, and what a start would make of it',
      operands: ['[TABLE]'],
      load: async () => (await import('./ledger-show.ts')).ledgerShowVerb(env, asking.version),
    },
    {
      name: 'ledger init',
      summary:
        'begin a ledger in a table that holds none of these records, though its history is cut',
      operands: ['[TABLE]'],
      load: async () => (await import('./ledger-init.ts')).ledgerInitVerb(env, asking),
    },
    {
      name: 'ledger accept-gap',
      summary:
        'go on behind records that retention deleted before they were read, and record the gap',
      operands: ['[TABLE]'],
      load: async () => (await import('./ledger-accept-gap.ts')).ledgerAcceptGapVerb(env, asking),
    },
    {
      name: 'ledger rebase',
      summary: 'accept a topic that was made again, another cluster, or a log that was truncated',
      operands: ['[TABLE]'],
      load: async () => (await import('./ledger-rebase.ts')).ledgerRebaseVerb(env, asking),
    },
    {
      name: 'ledger adopt',
      summary: 'go on exactly behind what another writer has put into the table',
      operands: ['[TABLE]'],
      load: async () => (await import('./ledger-adopt.ts')).ledgerAdoptVerb(env, asking),
    },
  ]
}
