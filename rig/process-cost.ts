import { readdir, readFile } from 'node:fs/promises'

/** Linux counts in hundredths of a second. */
const TICK_MS = 10

/** What a process has used of the processors so far, all its threads, user and system. */
export async function processorMs(pid: number): Promise<number> {
  return usedMs(await readFile(`/proc/${pid}/stat`, 'utf8'))
}

/** The most memory that a process ever had at once; undefined when it is gone or there is no /proc. */
export async function peakMemoryBytes(pid: number): Promise<number | undefined> {
  return memoryBytes(pid, 'VmHWM')
}

/** What a process has in memory now, or had at most. */
export async function memoryBytes(
  pid: number,
  which: 'VmRSS' | 'VmHWM',
): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** The processor time of each of its threads that lives, by the thread's name: `MainThread`, `encoder-0`, `V8Worker`. */
export async function threadProcessorMs(pid: number): Promise<ReadonlyMap<string, number>> {
  const byName = new Map<string, number>()
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    if (name !== '') byName.set(name, (byName.get(name) ?? 0) + usedMs(stat))
  }
  return byName
}

/** Behind the name, which is in brackets: utime and stime are fields 14 and 15 of proc(5). */
function usedMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
