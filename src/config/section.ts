import { z } from 'zod'
import { required } from '../core/assert.ts'
import { messageOf } from '../core/errors.ts'
import { Secret } from './secret.ts'

// The builders' types are zod's own: stating them again would be a second definition of the configuration.
/* oxlint-disable typescript/explicit-module-boundary-types */

/** `snake_case` as `camelCase`. */
type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name

/** The same members under camelCase names; one level only, so that keys that users choose stay as they are. */
type CamelKeys<T> = {
  readonly [Key in keyof T as Key extends string ? Camel<Key> : never]: T[Key]
}

/** A cross-field rule of a section; it runs once each of its keys is right by itself. */
export type Rule<Value> = (value: Value, problems: Problems) => void

/** Takes what a rule finds: at which key, and what was expected there. */
export type Problems = (path: readonly (string | number)[], expected: string) => void

/** A section of the file: strict, snake_case there and camelCase in the program. */
export function section<Shape extends z.ZodRawShape>(
  shape: Shape,
  rule?: Rule<z.output<z.ZodObject<Shape, z.core.$strict>>>,
) {
  const schema = z.strictObject(shape)
  const checked = rule === undefined ? schema : schema.superRefine(checkedBy(rule))
  return checked.transform(camelKeys)
}

/** A rule as zod runs it. */
export function checkedBy<Value>(rule: Rule<Value>) {
  return (value: Value, context: z.RefinementCtx): void => {
    rule(value, (path, message) => {
      context.addIssue({ code: 'custom', path: [...path], message, continue: true })
    })
  }
}

function camelKeys<T extends object>(value: T): CamelKeys<T> {
  const entries = Object.entries(value).map(([key, member]: [string, unknown]) => [
    camel(key),
    member,
  ])
  // The type says for each key what the line above does.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as CamelKeys<T>
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase())
}

/** A whole number within bounds. */
export const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  z.int().min(min).max(max)

const DAY_MS = 86_400_000

/** Milliseconds: up to a week. */
export const milliseconds = (min: number, max = 7 * DAY_MS) => whole(min, max)

const KIB = 1024
export const MIB = 1024 * KIB
export const GIB = 1024 * MIB

/** Text that is not empty. */
export const text = () => z.string().min(1)

/** A secret in the file itself, usually as `${NAME}`. */
export const secret = () => text().transform((value) => Secret.of(value))

/** Reads a text file that the configuration names. Throws what cannot be read. */
export type ReadFile = (path: string) => string

/** The path of a file whose text is read while loading. */
const fileText = (readFile: ReadFile) =>
  text().transform((path, context) => reading(context, () => readFile(path)))

/** The path of a file that holds a secret. */
export const secretFile = (readFile: ReadFile) =>
  text().transform((path, context) => reading(context, () => Secret.inFile(() => readFile(path))))

function reading<T>(context: z.RefinementCtx, read: () => T): T {
  try {
    return read()
  } catch (error) {
    context.addIssue({ code: 'custom', message: `a file that can be read: ${messageOf(error)}` })
    return z.NEVER
  }
}

/** Exactly one of a secret and its `_file` twin. */
export function oneOf(name: string): Rule<Readonly<Record<string, unknown>>> {
  return (value, problems) => {
    const given = value[name] !== undefined
    const inFile = value[`${name}_file`] !== undefined
    if (given && inFile) problems([`${name}_file`], `either \`${name}\` or \`${name}_file\``)
    if (!given && !inFile) problems([], `\`${name}\` or \`${name}_file\``)
  }
}

/** The one of the two that was given. */
export function either(value: Secret | undefined, inFile: Secret | undefined): Secret {
  return required(value ?? inFile, 'secret, although a rule wants one')
}

/** At most one of a secret and its `_file` twin. */
export function atMostOneOf(name: string): Rule<Readonly<Record<string, unknown>>> {
  return (value, problems) => {
    if (value[name] !== undefined && value[`${name}_file`] !== undefined) {
      problems([`${name}_file`], `either \`${name}\` or \`${name}_file\``)
    }
  }
}

/** Waits between attempts: the keys of a `BackoffPolicy`. */
export const retrySection = (defaults: {
  readonly attemptsMax: number
  readonly waitMsMin: number
  readonly waitMsMax: number
}) =>
  section(
    {
      attempts_max: whole(1, 100).default(defaults.attemptsMax).meta({
        description: 'How often a request is sent before its failure is one of the caller.',
      }),
      wait_ms_min: milliseconds(1).default(defaults.waitMsMin).meta({
        description:
          'The bound of the wait after the first attempt; it doubles, and the wait is random below it.',
      }),
      wait_ms_max: milliseconds(1)
        .default(defaults.waitMsMax)
        .meta({ description: 'What that bound grows to.' }),
    },
    (retry, problems) => {
      if (retry.wait_ms_min > retry.wait_ms_max) {
        problems(['wait_ms_min'], `at most \`wait_ms_max\` (${retry.wait_ms_max})`)
      }
    },
  )

/** TLS of one connection. */
export const tlsSection = (readFile: ReadFile) =>
  section(
    {
      ca_file: fileText(readFile)
        .optional()
        .meta({ description: "Certificates (PEM) that are trusted instead of the system's." }),
      cert_file: fileText(readFile)
        .optional()
        .meta({ description: "The client's certificate (PEM), for mutual TLS." }),
      key_file: secretFile(readFile)
        .optional()
        .meta({ description: "The client certificate's private key (PEM)." }),
      server_name: text().optional().meta({
        description:
          "The name that the server's certificate must have, where it is not the host's.",
      }),
      insecure_skip_verify: z.boolean().default(false).meta({
        description:
          'Accept any certificate. For tries only: whoever is on the way can read and change everything.',
      }),
    },
    (tls, problems) => {
      if (tls.cert_file !== undefined && tls.key_file === undefined) {
        problems(['cert_file'], '`key_file` beside it')
      }
      if (tls.key_file !== undefined && tls.cert_file === undefined) {
        problems(['key_file'], '`cert_file` beside it')
      }
    },
  ).transform(({ caFile, certFile, keyFile, ...rest }) => ({
    ...rest,
    ca: caFile,
    cert: certFile,
    key: keyFile,
  }))
