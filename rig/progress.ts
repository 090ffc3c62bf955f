/** Where the rig says what it is doing: one line for a beginning, one for an end. */
export interface Progress {
  line(text: string): void
}

export const silent: Progress = { line: () => undefined }

/** Lines on stderr, so that a command's own output stays clean. */
export const toStderr: Progress = { line: (text) => process.stderr.write(`  ${text}\n`) }

/** `54 MB`, `1.2 GB`. */
export function megabytes(mb: number): string {
  return mb < 1000 ? `${mb} MB` : `${(mb / 1000).toFixed(1)} GB`
}

/** `0.8 s`, `14 s`, `2 min 30 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 100) return `${Math.round(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
