const FLOAT_DIGITS_MAX = 9

/** The shortest digits that give the same number back, in scientific form: `1.5e-7`. */
export function shortestFloatText(value: number, kind: 'float' | 'double'): string {
  if (kind === 'double') return value.toExponential()
  for (let digits = 0; digits < FLOAT_DIGITS_MAX; digits += 1) {
    const text = value.toExponential(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toExponential()
}
