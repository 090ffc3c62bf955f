import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/**
 * A catalog with ETags in front of one without: each table's answer gets one, of its metadata location, as Polaris and
 * Gravitino do it; who has it already is told so. REST specification: loadTable, If-None-Match.
 */
export class TaggingProxy implements AsyncDisposable {
  /** Loads that were answered in one line. */
  unchanged = 0
  readonly #target: string
  readonly #server = createServer((incoming, answer) => {
    this.#serve(incoming, answer).catch(() => answer.destroy())
  })

  private constructor(target: string) {
    this.#target = target
  }

  static async start(target: string): Promise<TaggingProxy> {
    const proxy = new TaggingProxy(target)
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get uri(): string {
    // Listening on a port of 127.0.0.1: an address of this shape.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = incoming
    const body = await text(incoming)
    const behind = await fetch(`${this.#target}${url}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    })
    const content = await behind.text()
    const location = /"metadata-location":"([^"]*)"/.exec(content)?.[1]
    const etag =
      location === undefined
        ? undefined
        : `"${createHash('sha256').update(location).digest('hex')}"`
    if (etag !== undefined && method === 'GET' && incoming.headers['if-none-match'] === etag) {
      this.unchanged += 1
      answer.writeHead(304, { etag }).end()
      return
    }
    answer.writeHead(behind.status, {
      'content-type': 'application/json',
      ...(etag === undefined ? {} : { etag }),
    })
    answer.end(method === 'HEAD' || behind.status === 204 ? undefined : content)
  }
}
