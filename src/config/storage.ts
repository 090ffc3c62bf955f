import { z } from 'zod'
import {
  atMostOneOf,
  GIB,
  MIB,
  milliseconds,
  retrySection,
  secret,
  secretFile,
  section,
  text,
  whole,
  type Problems,
  type ReadFile,
} from './section.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

const accessKeys = (readFile: ReadFile) => ({
  access_key_id: text().optional().meta({
    description: 'The access key. Default: the chain of the AWS SDK (environment, profile, role).',
  }),
  secret_access_key: secret().optional().meta({ description: "The access key's secret." }),
  secret_access_key_file: secretFile(readFile)
    .optional()
    .meta({ description: "A file with the access key's secret." }),
  session_token: secret().optional().meta({
    description: 'The session token of temporary credentials.',
  }),
  session_token_file: secretFile(readFile)
    .optional()
    .meta({ description: 'A file with the session token.' }),
})

const s3Section = (readFile: ReadFile) =>
  section(
    {
      endpoint: z
        .url({ protocol: /^https?$/, error: 'an http or https URI' })
        .optional()
        .meta({ description: "The S3 server's address, where it is not AWS." }),
      region: text().optional().meta({
        description:
          'The region. Default: what the environment or the catalog says, else `us-east-1`.',
      }),
      path_style: z.boolean().optional().meta({
        description:
          'Whether buckets stand in the path and not in the host name. Default: yes where `endpoint` is set.',
      }),
      ...accessKeys(readFile),
      part_size_bytes: whole(5 * MIB, 5 * GIB)
        .default(8 * MIB)
        .meta({
          description: 'The size of one part of an upload; a smaller file goes in one piece.',
        }),
      parts_in_flight: whole(1, 64).default(4).meta({
        description: 'Parts of one upload that are on their way at the same time.',
      }),
      requests_in_flight: whole(1, 1000).default(32).meta({
        description:
          'Objects and parts that are on their way at the same time, of all uploads and tables together: as many connections, and that much of the encoded files is sent while the rest waits in memory.',
      }),
      connect_timeout_ms: milliseconds(100, 600_000).default(5000).meta({
        description: 'How long a connection may take to come about.',
      }),
      request_timeout_ms: milliseconds(100, 600_000).default(60_000).meta({
        description: 'How long the server may be silent during a request.',
      }),
      retry: retrySection({ attemptsMax: 5, waitMsMin: 100, waitMsMax: 5000 })
        .prefault({})
        .meta({ description: 'Repeats of a request that failed.' }),
    },
    s3Keys,
  ).transform((s3) => {
    const { accessKeyId, secretAccessKey, secretAccessKeyFile, ...others } = s3
    const { sessionToken, sessionTokenFile, pathStyle, ...rest } = others
    const key = secretAccessKey ?? secretAccessKeyFile
    const token = sessionToken ?? sessionTokenFile
    return {
      ...rest,
      pathStyle: pathStyle ?? rest.endpoint !== undefined,
      /** Undefined: the chain of the AWS SDK. */
      credentials:
        accessKeyId === undefined || key === undefined
          ? undefined
          : { accessKeyId, secretAccessKey: key, sessionToken: token },
    }
  })

function s3Keys(s3: Readonly<Record<string, unknown>>, problems: Problems): void {
  atMostOneOf('secret_access_key')(s3, problems)
  atMostOneOf('session_token')(s3, problems)
  const given = (name: string): boolean =>
    s3[name] !== undefined || s3[`${name}_file`] !== undefined
  if (given('secret_access_key') && !given('access_key_id')) {
    problems([], '`access_key_id` beside `secret_access_key`')
  }
  if (given('access_key_id') && !given('secret_access_key')) {
    problems(['access_key_id'], '`secret_access_key` or `secret_access_key_file` beside it')
  }
  if (given('session_token') && !given('access_key_id')) {
    problems([], '`access_key_id` and `secret_access_key` beside `session_token`')
  }
}

/** `storage:` */
export const storageSection = (readFile: ReadFile) =>
  section({
    s3: s3Section(readFile).prefault({}).meta({
      description: 'For tables whose location starts with `s3:`. A `file:` location needs nothing.',
    }),
  })
