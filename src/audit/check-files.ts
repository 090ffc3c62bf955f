import { readAll } from '../commit/manifest-lists.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { LiveFile } from './live-files.ts'

/** What is wrong with the objects that a snapshot references. */
export interface FileFindings {
  readonly checked: number
  /** Bounded; `wrong` counts all. */
  readonly differences: readonly string[]
  readonly wrong: number
}

const LISTED_MAX = 50
const PROGRESS_EVERY = 256

/** Asks storage for each file: whether it is there, and as large as its manifest says. */
export async function checkFiles(
  store: ObjectStore,
  files: readonly LiveFile[],
  progress: (checked: number) => void,
): Promise<FileFindings> {
  const differences: string[] = []
  let wrong = 0
  for (let at = 0; at < files.length; at += PROGRESS_EVERY) {
    const some = files.slice(at, at + PROGRESS_EVERY)
    const found = await readAll(some, async (file) => differenceOf(store, file))
    for (const difference of found) {
      if (difference === undefined) continue
      wrong += 1
      if (differences.length < LISTED_MAX) differences.push(difference)
    }
    progress(at + some.length)
  }
  return { checked: files.length, differences, wrong }
}

async function differenceOf(
  store: ObjectStore,
  { path, sizeBytes, deletes }: LiveFile,
): Promise<string | undefined> {
  const found = await store.head(path)
  if (found === undefined) return `${path} is not there`
  // Several deletion vectors lie in one file, whose size their manifest may state as that of the blob.
  if (found.sizeBytes === sizeBytes || deletes === 'vector') return undefined
  return `${path} has ${found.sizeBytes} bytes, its manifest says ${sizeBytes}`
}
