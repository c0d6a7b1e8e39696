import type { Row } from '../../snapshot/snapshot.ts'

/**
 * A row as text that is equal for equal rows: JSON with the columns in order and every value as text. `null` for what is
 * not a flat object.
 */
export function rowText(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  let previous = ''
  let isPlain = true
  for (const column in value) {
    const cell: unknown = (value as Readonly<Record<string, unknown>>)[column]
    if (typeof cell === 'object' && cell !== null) return null
    if (typeof cell !== 'string' || column < previous) isPlain = false
    previous = column
  }
  if (isPlain) return JSON.stringify(value)
  const row: Record<string, string> = Object.create(null)
  for (const [column, cell] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    row[column] = cell === null || cell === undefined ? '' : String(cell)
  return JSON.stringify(row)
}

/** The row of {@link rowText}. Its prototype is null, so `__proto__` is a plain column. */
export function rowOf(text: string): Row {
  return Object.assign(Object.create(null), JSON.parse(text))
}

/** Numbers that JavaScript would round, or that osquery writes in another way where values are text. */
const INEXACT = /[:[,]\s*-?(?:\d{16,}|\d+[.eE])/

/**
 * Parses JSON. Integers of any size stay exact, and real numbers have 15 digits, as osquery's values as text have.
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  return !text.includes('"numerics":false') && INEXACT.test(text)
    ? JSON.parse(text, asText)
    : JSON.parse(text)
}

function asText(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return /[.eE]/.test(context.source) ? realText(value) : context.source
}

/** As osquery prints a real number: SQLite's `%.15g`, with `.0` where that has no point. */
function realText(value: number): string {
  const isTiny = value !== 0 && Math.abs(value) < 1e-4
  const [digits = '', exponent] = (isTiny ? value.toExponential(14) : value.toPrecision(15)).split('e')
  const short = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
  const sign = Object.is(value, -0) ? '-' : ''
  const text = `${sign}${short}${exponent === undefined ? '' : `e${exponent.replace(/^([+-])(\d)$/, '$10$2')}`}`
  return text.includes('.') ? text : `${text}.0`
}
