import type { Transform } from './partition.ts'

const PARAMETERISED = /^(bucket|truncate)\[(\d{1,10})\]$/
const INT_MAX = 2 ** 31 - 1

/**
 * The transform that a text names, as `bucket[16]`. Total: what Firn does not know comes back as `unknown`, which
 * readers ignore and writers must refuse. Spec: Appendix C, "Partition Specs".
 */
export function parseTransform(text: string): Transform {
  switch (text) {
    case 'identity':
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
    case 'void':
      return { kind: text }
    default:
      return parseParameterised(text)
  }
}

function parseParameterised(text: string): Transform {
  const match = PARAMETERISED.exec(text)
  const parameter = Number(match?.[2])
  if (!(parameter >= 1 && parameter <= INT_MAX)) return { kind: 'unknown', text }
  return match?.[1] === 'bucket'
    ? { kind: 'bucket', buckets: parameter }
    : { kind: 'truncate', width: parameter }
}

/** A transform's text, as specs have it. */
export function transformText(transform: Transform): string {
  switch (transform.kind) {
    case 'bucket':
      return `bucket[${transform.buckets}]`
    case 'truncate':
      return `truncate[${transform.width}]`
    case 'unknown':
      return transform.text
    default:
      return transform.kind
  }
}
