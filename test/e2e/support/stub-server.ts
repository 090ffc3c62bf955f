import { type IncomingMessage, createServer } from 'node:http'
import { once } from 'node:events'
import { z } from 'zod'

/** What a stub answers. */
export interface StubAnswer {
  readonly status: number
  readonly body: string
  readonly type?: string
}

/** An HTTP server that answers what a test wants: for what no real service can be brought to say. */
export interface StubServer extends AsyncDisposable {
  readonly uri: string
}

const addressSchema = z.object({ port: z.number() })

export async function startStub(
  answer: (request: IncomingMessage) => StubAnswer,
): Promise<StubServer> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      const { status, body, type } = answer(request)
      response.writeHead(status, { 'content-type': type ?? 'application/json' }).end(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = addressSchema.parse(server.address())
  return {
    uri: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An error as the REST specification words it. */
export function restError(status: number, message: string): StubAnswer {
  return {
    status,
    body: JSON.stringify({ error: { message, type: 'StubException', code: status } }),
  }
}

/** An S3 that allows nothing. */
export const DENIED: StubAnswer = {
  status: 403,
  type: 'application/xml',
  body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
}
