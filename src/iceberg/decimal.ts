/** Decimals as text and as bytes. In memory a decimal is its unscaled value. */

export interface Decimal {
  readonly unscaled: bigint
  readonly scale: number
}

const DECIMAL =
  /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$|^([+-]?)\.(\d+)(?:[eE]([+-]?\d{1,4}))?$/

/** A decimal as its text states it: `14.20` → 1420 with scale 2, `2E+20` → 2 with scale -20. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const sign = match[1] ?? match[5]
  const fraction = match[3] ?? match[6] ?? ''
  const digits = BigInt(`${match[2] ?? ''}${fraction}`)
  const exponent = Number(match[4] ?? match[7] ?? 0)
  return { unscaled: sign === '-' ? -digits : digits, scale: fraction.length - exponent }
}

/** The unscaled value at another scale; undefined where digits would be lost. */
export function rescale({ unscaled, scale }: Decimal, target: number): bigint | undefined {
  if (unscaled === 0n) return 0n
  if (target >= scale) return unscaled * 10n ** BigInt(target - scale)
  const divisor = 10n ** BigInt(scale - target)
  return unscaled % divisor === 0n ? unscaled / divisor : undefined
}

/** Whether an unscaled value has at most so many digits. */
export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = 10n ** BigInt(precision)
  return unscaled < limit && unscaled > -limit
}

/** All digits, the scale's number of them behind the point: `14.20`. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return `${unscaled * 10n ** BigInt(-scale)}`
  const digits = `${unscaled < 0n ? -unscaled : unscaled}`.padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Two's complement, big-endian, in the least number of bytes. Spec: Appendix D. */
export function decimalBytes(unscaled: bigint): Uint8Array {
  let length = 1
  while (BigInt.asIntN(length * 8, unscaled) !== unscaled) length += 1
  return fixedDecimalBytes(unscaled, length)
}

/** Two's complement, big-endian, in exactly so many bytes, as Avro and Parquet store a decimal. */
export function fixedDecimalBytes(unscaled: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let rest = BigInt.asUintN(length * 8, unscaled)
  for (let index = length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** The unscaled value of two's complement, big-endian bytes. */
export function decimalFromBytes(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return BigInt.asIntN(bytes.length * 8, value)
}

/** How many bytes hold every decimal of a precision. */
export function decimalByteLength(precision: number): number {
  const greatest = 10n ** BigInt(precision) - 1n
  return decimalBytes(greatest).length
}
