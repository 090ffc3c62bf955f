import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { buffer } from 'node:stream/consumers'

/** What becomes of one request. */
export type ProxyFault =
  /** Answered by the proxy; the server behind never hears of it. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** No answer, for as long as the client waits; the server never hears of it. */
  | { readonly kind: 'hang' }
  /** The connection ends before anything is passed on. */
  | { readonly kind: 'refuse' }
  /** Passed on and done; the connection ends before the answer. */
  | { readonly kind: 'cut-after' }
  /** The connection ends at once; it is passed on only after a while. */
  | { readonly kind: 'late'; readonly afterMs: number }
  | { readonly kind: 'slow'; readonly delayMs: number }

export interface ProxiedRequest {
  readonly method: string
  readonly path: string
}

/** An HTTP server between a client and another one, which does to requests what it is told. */
export class FaultyProxy implements AsyncDisposable {
  /** Asked for each request; undefined: as if the proxy were not there. */
  fault: (asked: ProxiedRequest) => ProxyFault | undefined = () => undefined
  /** Requests that met a fault. */
  faults = 0
  readonly #target: URL
  readonly #server = createServer((incoming, answer) => {
    this.#serve(incoming, answer).catch(() => answer.destroy())
  })

  private constructor(target: string) {
    this.#target = new URL(target)
  }

  static async start(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target)
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get uri(): string {
    // Listening on a port of 127.0.0.1: an address of this shape.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = incoming
    const fault = this.fault({ method, path })
    if (fault !== undefined) this.faults += 1
    // A client that waits for leave to send its body gets it from us (Expect: 100-continue is node's default).
    const body = await buffer(incoming)
    switch (fault?.kind) {
      case undefined:
        return this.#pass(incoming, body, answer)
      case 'status':
        answer.writeHead(fault.status, { 'content-type': 'application/json' })
        answer.end(fault.body ?? '')
        return
      case 'hang':
        return
      case 'refuse':
        answer.destroy()
        return
      case 'cut-after':
        await this.#forward(incoming, body)
        answer.destroy()
        return
      case 'late':
        answer.destroy()
        await setTimeout(fault.afterMs)
        await this.#forward(incoming, body)
        return
      case 'slow':
        await setTimeout(fault.delayMs)
        return this.#pass(incoming, body, answer)
    }
  }

  async #pass(incoming: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<void> {
    const { status, headers, bytes } = await this.#forward(incoming, body)
    const { 'transfer-encoding': _chunked, connection: _connection, ...kept } = headers
    answer.writeHead(status, kept)
    answer.end(bytes)
  }

  async #forward(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; bytes: Buffer }> {
    const { hostname, port } = this.#target
    // Headers go on as they came: what was signed stays signed.
    const { 'transfer-encoding': _chunked, expect: _expect, ...kept } = headers
    const outgoing = request({
      hostname,
      port,
      method,
      path: url,
      headers: { ...kept, 'content-length': body.length },
    })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
      outgoing.end(body)
    })
    return {
      status: response.statusCode ?? 502,
      headers: response.headers,
      bytes: await buffer(response),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }
}
