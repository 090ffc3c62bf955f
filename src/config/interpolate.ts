/** The environment: what `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What became of one scalar. */
export interface Interpolation {
  readonly text: string
  /** The variables it names, in order: empty where it is as it stands in the file. */
  readonly variables: readonly string[]
  /** Those that are neither set nor have a default. */
  readonly unset: readonly string[]
  /** Where `${` is not followed by what this understands. */
  readonly malformed: boolean
}

const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/**
 * Replaces `${NAME}` by the variable and `${NAME:-default}` by the default where it is unset or empty, as a shell
 * does; `$$` is one `$`, and a `$` before anything else is itself. What a variable holds is not looked at again.
 */
export function interpolate(source: string, env: Environment): Interpolation {
  const variables: string[] = []
  const unset: string[] = []
  let malformed = false
  const text = source.replaceAll(
    REFERENCE,
    (match: string, name: string | undefined, fallback: string | undefined) => {
      if (match === '$$') return '$'
      if (name === undefined) {
        malformed = true
        return match
      }
      variables.push(name)
      const value = env[name]
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
      if (value === undefined) unset.push(name)
      return value ?? ''
    },
  )
  return { text, variables, unset, malformed }
}
