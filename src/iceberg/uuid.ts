const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i
const GROUP_ENDS = [8, 12, 16, 20]

/** The 16 bytes of a uuid's text; undefined where the text is none. */
export function parseUuid(text: string): Uint8Array | undefined {
  return UUID.test(text) ? parseHex(text.replaceAll('-', '')) : undefined
}

/** A uuid's text, lower case. */
export function uuidText(bytes: Uint8Array): string {
  const digits = hexText(bytes)
  const starts = [0, ...GROUP_ENDS]
  return starts.map((start, index) => digits.slice(start, GROUP_ENDS[index])).join('-')
}

/** Bytes as hexadecimal digits, lower case. */
export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** The bytes of hexadecimal digits; undefined where the text is something else. */
export function parseHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[\da-f]*$/i.test(text)) return undefined
  return new Uint8Array(Buffer.from(text, 'hex'))
}
