/** A number exactly as its text states it: `digits` × 10^`exponent`. */
export interface ExactNumber {
  readonly negative: boolean
  /** Without zeros at either end; empty for zero. */
  readonly digits: string
  readonly exponent: number
}

const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** Beyond every type's range, whatever the digits; keeps arithmetic on exponents exact. */
const EXPONENT_BOUND = 1e9

/** Reads a number in JSON's grammar; undefined where the text is none. Its cost is linear, whatever the exponent. */
export function parseExactNumber(text: string): ExactNumber | undefined {
  const match = NUMBER.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', power = '0'] = match
  const all = `${whole}${fraction}`
  const start = countLeadingZeros(all)
  if (start === all.length) return { negative: sign === '-', digits: '', exponent: 0 }
  const end = all.length - countTrailingZeros(all)
  const written = Math.max(-EXPONENT_BOUND, Math.min(EXPONENT_BOUND, Number(power)))
  return {
    negative: sign === '-',
    digits: all.slice(start, end),
    exponent: written - fraction.length + all.length - end,
  }
}

/**
 * The number times 10^`scale` as an integer; undefined where that is no integer, or has more than `digitsMax` digits.
 */
export function scaledInteger(
  { negative, digits, exponent }: ExactNumber,
  { scale, digitsMax }: { readonly scale: number; readonly digitsMax: number },
): bigint | undefined {
  if (digits === '') return 0n
  const zeros = exponent + scale
  if (zeros < 0 || digits.length + zeros > digitsMax) return undefined
  const magnitude = BigInt(`${digits}${'0'.repeat(zeros)}`)
  return negative ? -magnitude : magnitude
}

const FLOAT_MAX = 2 ** 128 - 2 ** 104
/** In the middle between the greatest float and what would be the next one. */
const FLOAT_OVERFLOW = 2 ** 128 - 2 ** 103

/**
 * The float nearest to a number's text; ties go to the even one. Going by the double nearest to the text would round
 * twice, which is one too many where that double lies in the middle of two floats. Infinite where it is beyond range.
 */
export function nearestFloat(text: string): number {
  const double = Number(text)
  const float = Math.fround(double)
  if (float === double) return float
  const other = Number.isFinite(float) ? 2 * double - float : Math.sign(double) * FLOAT_MAX
  if (!isMiddle(double, other)) return float
  const side = compareToDouble(text, double)
  if (side === 0) return float
  return side < 0 ? Math.min(float, other) : Math.max(float, other)
}

function isMiddle(double: number, other: number): boolean {
  return Math.abs(double) < FLOAT_MAX
    ? Math.fround(other) === other
    : Math.abs(double) === FLOAT_OVERFLOW
}

/** No double has more significant digits; what follows them only says "and a little more". */
const DIGITS_MAX = 800

/** Whether a number's text is less than (-1), equal to (0) or greater than (1) a finite double. */
function compareToDouble(text: string, double: number): number {
  const exact = parseExactNumber(text)
  const other = parseExactNumber(allDigits(double))
  if (exact === undefined || other === undefined) return 0
  const scale = Math.min(cut(exact).exponent, other.exponent)
  const [left, right] = [integerAt(cut(exact), scale), integerAt(other, scale)]
  if (left === right) return 0
  return left < right ? -1 : 1
}

function cut(number: ExactNumber): ExactNumber {
  const { negative, digits, exponent } = number
  if (digits.length <= DIGITS_MAX) return number
  const more = digits.length - DIGITS_MAX - 1
  return { negative, digits: `${digits.slice(0, DIGITS_MAX)}1`, exponent: exponent + more }
}

function integerAt({ negative, digits, exponent }: ExactNumber, scale: number): bigint {
  const magnitude = BigInt(`${digits}${'0'.repeat(exponent - scale)}`)
  return negative ? -magnitude : magnitude
}

/** A double has finitely many decimal digits: value / 2^power = value × 5^power / 10^power. */
function allDigits(double: number): string {
  let [value, power] = [Math.abs(double), 0]
  while (!Number.isInteger(value)) {
    value *= 2
    power += 1
  }
  return `${double < 0 ? '-' : ''}${BigInt(value) * 5n ** BigInt(power)}e-${power}`
}

function countLeadingZeros(digits: string): number {
  let count = 0
  while (digits.charCodeAt(count) === ZERO) count += 1
  return count
}

function countTrailingZeros(digits: string): number {
  let count = 0
  while (digits.charCodeAt(digits.length - 1 - count) === ZERO) count += 1
  return count
}

const ZERO = 0x30
