import { parseEntry } from '../entry.ts'
import { isTypeName, isValueName, typedValue } from '../values.ts'
import { type DocumentEntry, entryOf } from './entry.ts'

/** Lists nest only a few levels deep. */
const MAX_DEPTH = 8

/** The values of a published list in JSON: texts in lists, and properties with names such as `ioc_value`. */
export function readFeed(value: unknown): DocumentEntry[] {
  return valuesIn(value, true, null, 0)
}

/** @param isValue whether a text here is a value @param type what the object that it is in says it is */
function valuesIn(value: unknown, isValue: boolean, type: string | null, depth: number): DocumentEntry[] {
  if (depth > MAX_DEPTH) return []
  if (typeof value === 'string') return isValue && value.trim() !== '' ? entriesOf(value.trim(), type) : []
  if (Array.isArray(value)) return value.flatMap(item => valuesIn(item, isValue, type, depth + 1))
  if (typeof value !== 'object' || value === null) return []
  const fields = Object.entries(value)
  const ownType = fields.find(([name, text]) => isTypeName(name) && typeof text === 'string')?.[1] ?? null
  return fields.flatMap(([name, inner]) => valuesIn(inner, isValueName(name), ownType, depth + 1))
}

function entriesOf(value: string, type: string | null): DocumentEntry[] {
  if (type === null) return [entryOf(value, () => parseEntry(value))]
  try {
    return typedValue(type, value).map(pattern => ({ text: value, pattern }))
  } catch (error) {
    return [{ text: value, problem: error instanceof Error ? error.message : 'it is not understood' }]
  }
}
