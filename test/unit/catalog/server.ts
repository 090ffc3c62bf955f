import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { assert } from '../../../src/core/assert.ts'
import type { Clock } from '../../../src/core/clock.ts'
import type { CatalogAuth, RestCatalogOptions } from '../../../src/catalog/options.ts'
import { RestCatalog } from '../../../src/catalog/rest-catalog.ts'
import { goldenMetadataText } from '../iceberg/golden-files.ts'
import { seeded, virtualClock } from '../commit/fixtures.ts'

/** A request as it came over the wire: the path is not decoded. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answer =
  | {
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** No status, no body: the connection is reset. */
  | 'reset'
  /** The headers promise more than what comes. */
  | 'cut'
  /** As `cut`, where no length was promised. */
  | 'cut-chunks'
  /** Nothing comes. */
  | 'silence'

export type Script = (request: Seen) => Answer | Promise<Answer>

/** A catalog that answers by a script, over real sockets. */
export class ScriptedServer implements AsyncDisposable {
  readonly seen: Seen[] = []
  readonly #server: Server
  script: Script

  private constructor(script: Script) {
    this.script = script
    this.#server = createServer((request, response) => {
      void this.#serve(request, response)
    })
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const made = new ScriptedServer(script)
    await new Promise<void>((resolve) => {
      made.#server.listen(0, '127.0.0.1', resolve)
    })
    return made
  }

  get uri(): string {
    const address = this.#server.address()
    assert(typeof address === 'object' && address !== null, 'the server listens')
    return `http://127.0.0.1:${address.port}`
  }

  /** The requests for paths that contain this text. */
  to(text: string): readonly Seen[] {
    return this.seen.filter(({ path }) => path.includes(text))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    }
    this.seen.push(seen)
    send(response, await this.script(seen))
  }
}

function send(response: ServerResponse, answer: Answer): void {
  switch (answer) {
    case 'silence':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
      response.write('{"metadata": {', () => response.socket?.destroy())
      return
    case 'cut-chunks':
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{}', () => response.socket?.destroy())
      return
    default:
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      response.end(answer.body ?? '')
  }
}

export const ok = (body: string): Answer => ({ status: 200, body })

/** An error body as the REST specification has it. */
export const refusal = (status: number, type: string, message: string): Answer => ({
  status,
  body: JSON.stringify({ error: { code: status, type, message } }),
})

/** A table's answer; `members` is JSON text of further members of it. */
export const tableAnswer = (members = ''): Answer =>
  ok(
    `{"metadata-location": "s3://b/m.json", "metadata": ${goldenMetadataText('v2_nested')}${members}}`,
  )

/** Answers `/v1/config`, and tokens; all else goes on to `script`. */
export const withConfig =
  (script: Script, config = '{"defaults": {}, "overrides": {}}'): Script =>
  (request) =>
    request.path.startsWith('/v1/config') ? ok(config) : script(request)

export const OAUTH: CatalogAuth = {
  type: 'oauth2',
  tokenUri: undefined,
  clientId: 'me & you',
  clientSecret: () => 's=cret',
  scope: 'catalog',
  audience: undefined,
  resource: undefined,
}

export async function connect(
  uri: string,
  overrides: Partial<RestCatalogOptions> = {},
  clock: Clock = virtualClock({ nowMs: 0 }),
): Promise<RestCatalog> {
  const options: RestCatalogOptions = {
    uri,
    warehouse: undefined,
    auth: { type: 'none' },
    headers: {},
    tls: {
      ca: undefined,
      cert: undefined,
      key: undefined,
      serverName: undefined,
      insecureSkipVerify: false,
    },
    accessDelegation: 'none',
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 10_000,
    retry: { attemptsMax: 3, waitMsMin: 10, waitMsMax: 100 },
    ...overrides,
  }
  return RestCatalog.open(options, { clock, random: seeded(1) })
}
