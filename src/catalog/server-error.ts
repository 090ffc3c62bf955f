import { isJsonObject, parseJson, type JsonObject } from '../core/json.ts'

/** What a server said went wrong. */
export interface ServerError {
  /** The exception's name, as `CommitFailedException`; empty where the body is none of the catalog's. */
  readonly type: string
  readonly message: string
}

const MESSAGE_CHARACTERS_MAX = 500

/** Reads an error body: Iceberg's JSON, OAuth2's, or whatever a proxy or a servlet container puts in its place. */
export function serverError(body: string): ServerError {
  const fields = jsonFields(body)
  const error = fields?.['error']
  if (isJsonObject(error)) {
    return { type: textOf(error['type']), message: shortened(textOf(error['message'])) }
  }
  if (typeof error === 'string') {
    const description = textOf(fields?.['error_description'])
    return {
      type: error,
      message: shortened(description === '' ? error : `${error}: ${description}`),
    }
  }
  const plain = body
    .replaceAll(/<(style|script)[\s\S]*?<\/\1>/gi, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return { type: '', message: plain === '' ? 'an empty body' : shortened(plain) }
}

function jsonFields(body: string): JsonObject | undefined {
  try {
    const parsed = parseJson(body, 'the body')
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function shortened(text: string): string {
  return text.length <= MESSAGE_CHARACTERS_MAX ? text : `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…`
}
