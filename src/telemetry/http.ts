import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { assert } from '../core/assert.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import { stringifyJson, type JsonValue } from '../core/json.ts'
import type { Readiness } from './health.ts'

/** What is answered. Each is asked anew for every request. */
export interface HttpAnswers {
  readonly live: () => boolean
  readonly readiness: () => Readiness
  /** The metrics in Prometheus' text format, and its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>
}

/** The server as it runs. */
export interface HttpServer {
  /** The port that it listens at: another one than was asked for where that was 0. */
  readonly port: number
  close(): Promise<void>
}

const CONNECTIONS_MAX = 64
const REQUEST_TIMEOUT_MS = 5000
const HEADER_BYTES_MAX = 8 * 1024

/** Serves `/livez`, `/readyz` and `/metrics`. Throws `HTTP_UNAVAILABLE` where it cannot listen. */
export async function startHttp(
  at: { readonly host: string; readonly port: number },
  answers: HttpAnswers,
): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => {
      void answer(request, response, answers)
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, at)
  const address = server.address()
  assert(typeof address === 'object' && address !== null, 'a listening server has an address')
  return { port: address.port, close: async () => closed(server) }
}

async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new FirnError('HTTP_UNAVAILABLE', `cannot listen at ${host}:${port}`, {
          cause,
          context: { host, port },
          help: 'give `http.port` another value, or 0 for any that is free',
        }),
      )
    })
    server.listen(port, host, resolve)
  })
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  answers: HttpAnswers,
): Promise<void> {
  request.resume()
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    sendJson(response, 405, { error: 'only GET and HEAD are answered' })
    return
  }
  const path = (request.url ?? '/').split('?')[0]
  switch (path) {
    case '/livez': {
      const live = answers.live()
      sendJson(response, live ? 200 : 503, { live })
      return
    }
    case '/readyz':
      sendReadiness(response, answers.readiness())
      return
    case '/metrics':
      await sendMetrics(response, answers)
      return
    default:
      sendJson(response, 404, { error: 'there are /livez, /readyz and /metrics' })
  }
}

function sendReadiness(response: ServerResponse, { ready, reasons }: Readiness): void {
  const listed = reasons.map(({ code, table, message, help }) => ({ code, table, message, help }))
  sendJson(response, ready ? 200 : 503, { ready, reasons: listed })
}

async function sendMetrics(response: ServerResponse, answers: HttpAnswers): Promise<void> {
  try {
    const { text, contentType } = await answers.metrics()
    send(response, 200, { text, contentType })
  } catch (error) {
    sendJson(response, 500, { error: messageOf(error) })
  }
}

function sendJson(response: ServerResponse, status: number, body: JsonValue): void {
  const text = `${stringifyJson(body, 2)}\n`
  send(response, status, { text, contentType: 'application/json; charset=utf-8' })
}

function send(
  response: ServerResponse,
  status: number,
  { text, contentType }: { readonly text: string; readonly contentType: string },
): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
  response.end(text)
}
