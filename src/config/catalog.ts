import { z } from 'zod'
import {
  either,
  milliseconds,
  oneOf,
  retrySection,
  secret,
  secretFile,
  section,
  text,
  tlsSection,
  type ReadFile,
} from './section.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

/** What may be asked: `file:` and the like are not addresses of a server. */
const httpUri = () => z.url({ protocol: /^https?$/, error: 'an http or https URI' })

const noAuth = section({
  type: z.literal('none').meta({ description: 'No authorisation.' }),
})

const bearerAuth = (readFile: ReadFile) =>
  section(
    {
      type: z.literal('bearer').meta({ description: 'A token that is sent as it is.' }),
      token: secret().optional().meta({ description: 'The token.' }),
      token_file: secretFile(readFile).optional().meta({
        description:
          'A file with the token; it is read at every request, so that it can be renewed.',
      }),
    },
    oneOf('token'),
  ).transform(({ token, tokenFile, ...rest }) => ({ ...rest, token: either(token, tokenFile) }))

const oauth2Auth = (readFile: ReadFile) =>
  section(
    {
      type: z.literal('oauth2').meta({
        description:
          'OAuth 2 client credentials; the token is fetched, and renewed before it expires.',
      }),
      token_uri: httpUri().optional().meta({
        description: "Where tokens are given. Default: the catalog's own `v1/oauth/tokens`.",
      }),
      client_id: text().optional().meta({
        description: 'The client; without it only the secret is sent.',
      }),
      client_secret: secret().optional().meta({ description: "The client's secret." }),
      client_secret_file: secretFile(readFile)
        .optional()
        .meta({ description: "A file with the client's secret." }),
      scope: text().default('catalog').meta({ description: 'The scope that is asked for.' }),
      audience: text().optional().meta({ description: 'The audience that is asked for.' }),
      resource: text().optional().meta({ description: 'The resource that is asked for.' }),
    },
    oneOf('client_secret'),
  ).transform(({ clientSecret, clientSecretFile, ...rest }) => ({
    ...rest,
    clientSecret: either(clientSecret, clientSecretFile),
  }))

/** `catalog:` */
export const catalogSection = (readFile: ReadFile) =>
  section({
    uri: httpUri().meta({
      description:
        "The catalog's base address, without `/v1`, as `https://catalog.example.com/api`.",
    }),
    warehouse: text().optional().meta({
      description: 'The warehouse to ask for, where the catalog has several.',
    }),
    auth: z
      .discriminatedUnion('type', [noAuth, bearerAuth(readFile), oauth2Auth(readFile)])
      .prefault({ type: 'none' })
      .meta({ description: 'How requests are authorised.' }),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: "a header's name" }),
        secret(),
      )
      .default({})
      .meta({ description: 'Headers to send with every request. Their values count as secrets.' }),
    tls: tlsSection(readFile)
      .prefault({})
      .meta({ description: 'The certificates of an `https` address.' }),
    access_delegation: z.enum(['none', 'vended-credentials']).default('vended-credentials').meta({
      description:
        'Whether the catalog is asked for credentials of the storage. What `storage.s3` states goes first.',
    }),
    connect_timeout_ms: milliseconds(100, 600_000).default(5000).meta({
      description: 'How long a connection may take to come about.',
    }),
    request_timeout_ms: milliseconds(100, 600_000).default(60_000).meta({
      description:
        'How long the catalog may take to answer. A commit without an answer counts as unknown, and is looked up.',
    }),
    retry: retrySection({ attemptsMax: 5, waitMsMin: 100, waitMsMax: 5000 }).prefault({}).meta({
      description:
        "Repeats of requests that only read. Commits follow the table's `commit.retry.*`.",
    }),
  })
