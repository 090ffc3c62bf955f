import { Agent, request } from 'undici'
import { messageOf } from '../core/errors.ts'
import type { RestCatalogOptions } from './options.ts'

/** A metadata file of tens of thousands of snapshots is some 50 MB; beyond this something is wrong. */
const RESPONSE_BYTES_MAX = 512 * 1024 * 1024

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/**
 * `lost`: no whole answer came, so that whether the server applied the request is not known, unless it certainly
 * never left this machine (`sent: false`).
 */
export type HttpAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly bytes: Buffer
      readonly etag: string | undefined
    }
  | { readonly kind: 'lost'; readonly sent: boolean; readonly reason: string }

/** Error codes of a request that did not reach a server. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** HTTP to one server: each request is sent exactly once, within its time-outs, and answers in full or not at all. */
export class Http {
  readonly #agent: Agent
  readonly #timeoutMs: number

  constructor(options: Pick<RestCatalogOptions, 'tls' | 'connectTimeoutMs' | 'requestTimeoutMs'>) {
    const { tls, connectTimeoutMs, requestTimeoutMs } = options
    this.#timeoutMs = requestTimeoutMs
    this.#agent = new Agent({
      connect: {
        timeout: connectTimeoutMs,
        rejectUnauthorized: !tls.insecureSkipVerify,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(tls.key === undefined ? {} : { key: tls.key() }),
        ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
      },
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
      maxResponseSize: RESPONSE_BYTES_MAX,
      // A kept-alive connection that the server has closed would lose a commit for nothing.
      keepAliveTimeout: 2_000,
      pipelining: 1,
    })
  }

  async send({ method, url, headers, body }: HttpRequest): Promise<HttpAnswer> {
    try {
      const answer = await request(url, {
        method,
        headers,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined ? {} : { body }),
      })
      const bytes = Buffer.from(await answer.body.arrayBuffer())
      const stated = answer.headers['content-length']
      const cut = method !== 'HEAD' && stated !== undefined && Number(stated) !== bytes.length
      if (cut && answer.headers['content-encoding'] === undefined) {
        return {
          kind: 'lost',
          sent: true,
          reason: `the body was cut: ${bytes.length} of ${String(stated)} bytes`,
        }
      }
      const { etag } = answer.headers
      return {
        kind: 'answer',
        status: answer.statusCode,
        bytes,
        etag: typeof etag === 'string' ? etag : undefined,
      }
    } catch (fault) {
      return {
        kind: 'lost',
        sent: !NOT_SENT.has(codeOf(fault)),
        reason: reasonOf(fault, this.#timeoutMs),
      }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function codeOf(fault: unknown): string {
  if (!(fault instanceof Error)) return ''
  if ('code' in fault && typeof fault.code === 'string') return fault.code
  return fault instanceof AggregateError ? codeOf(fault.errors[0]) : codeOf(fault.cause)
}

function reasonOf(fault: unknown, timeoutMs: number): string {
  if (fault instanceof Error && fault.name === 'TimeoutError')
    return `no answer within ${timeoutMs} ms`
  const code = codeOf(fault)
  const text = fault instanceof AggregateError ? messageOf(fault.errors[0]) : messageOf(fault)
  return code === '' || text.includes(code) ? text : `${text} (${code})`
}
