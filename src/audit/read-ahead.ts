import { FirnError } from '../core/errors.ts'
import type { LiveFile } from './live-files.ts'
import {
  decodePositions,
  type EncodedPositions,
  type PositionReading,
  type PositionRows,
  readEncoded,
} from './read-positions.ts'

/** What reading files comes to, step by step. A file ends with one of the latter two. */
export type ReadStep =
  | { readonly kind: 'rows'; readonly file: LiveFile; readonly rows: PositionRows }
  | { readonly kind: 'end-of-file'; readonly file: LiveFile }
  | { readonly kind: 'unreadable'; readonly file: LiveFile; readonly fault: FirnError }

/** So many files are opened before the one at hand is done: storage answers slowly, and several at once. */
const FILES_AHEAD = 4

/** The row groups of files, in order. A file that is missing or damaged is told, and the others are read. */
export async function* readAhead(
  reading: PositionReading,
  files: readonly LiveFile[],
): AsyncGenerator<ReadStep> {
  const opened: OpenedFile[] = []
  let next = 0
  while (next < files.length || opened.length > 0) {
    while (next < files.length && opened.length <= FILES_AHEAD) {
      const file = files[next++]
      if (file !== undefined) opened.push(open(reading, file))
    }
    const current = opened.shift()
    if (current !== undefined) yield* stepsOf(reading, current)
  }
}

interface OpenedFile {
  readonly file: LiveFile
  readonly groups: AsyncGenerator<EncodedPositions>
  readonly first: Promise<Settled>
}

type Settled =
  | { readonly kind: 'read'; readonly result: IteratorResult<EncodedPositions> }
  | { readonly kind: 'fault'; readonly fault: unknown }

function open(reading: PositionReading, file: LiveFile): OpenedFile {
  const groups = readEncoded(reading, file)
  return { file, groups, first: settled(groups.next()) }
}

/** What fails before anybody waits for it must not end the process. */
async function settled(read: Promise<IteratorResult<EncodedPositions>>): Promise<Settled> {
  try {
    return { kind: 'read', result: await read }
  } catch (fault) {
    return { kind: 'fault', fault }
  }
}

async function* stepsOf(
  reading: PositionReading,
  { file, groups, first }: OpenedFile,
): AsyncGenerator<ReadStep> {
  try {
    for (let step = await first; ; step = await settled(groups.next())) {
      if (step.kind === 'fault') throw step.fault
      if (step.result.done === true) break
      yield { kind: 'rows', file, rows: await decodePositions(reading, step.result.value) }
    }
  } catch (fault) {
    yield { kind: 'unreadable', file, fault: tellable(fault) }
    return
  }
  yield { kind: 'end-of-file', file }
}

/** What is wrong with one file is a finding; what is wrong with storage as a whole ends the audit. */
function tellable(fault: unknown): FirnError {
  if (
    fault instanceof FirnError &&
    (fault.code === 'STORAGE_NOT_FOUND' || fault.code === 'DATA_FILE_UNREADABLE')
  ) {
    return fault
  }
  throw fault
}
