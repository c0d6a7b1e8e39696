type Fields = Readonly<Record<string, unknown>>

/** Where log shippers put a result, its text, or a list of them. */
const WRAPPERS = [
  'message',
  'log',
  'event',
  'original',
  'line',
  'data',
  'json',
  'osquery',
  'result',
  'body',
  'payload',
  'jsonPayload',
  'textPayload',
  '_raw',
  '_source',
  'hits',
  'logEvents',
  'Records',
  'records'
] as const
/** `{"hits":{"hits":[{"_source":{"message":"…"}}]}}` has four. */
const MAX_LAYERS = 6

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a value is a result as osqueryd or Fleet writes it. A row is not: its values are texts. */
export function isResult(value: unknown): value is Fields {
  if (!isObject(value)) return false
  const { name, columns, snapshot, diffResults, host, rows, query_id, results } = value
  return (
    (name !== undefined && (isObject(columns) || Array.isArray(snapshot) || isObject(diffResults))) ||
    (host !== undefined && Array.isArray(rows)) ||
    (query_id !== undefined && Array.isArray(results))
  )
}

/** Whether a value has a list of rows for each query: `{"crontab":[{…}],"users":[]}`. */
export function isDumpOfHost(value: unknown): value is Readonly<Record<string, readonly Fields[]>> {
  if (!isObject(value)) return false
  const lists = Object.values(value)
  return lists.length > 0 && lists.every(list => Array.isArray(list) && list.every(isObject))
}

/**
 * The results that a log shipper wrapped in a value, or the value itself. A text in a list is left alone: the list may be
 * rows, and a host could write the result of another host there.
 */
export function unwrap(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    const found = value.map(item => resultsIn(item, MAX_LAYERS, false))
    return found.some(results => results.length > 0)
      ? found.flatMap((results, index) => (results.length > 0 ? results : [value[index]]))
      : [value]
  }
  if (isDumpOfHost(value)) return [value]
  const found = resultsIn(value, MAX_LAYERS, true)
  return found.length > 0 ? found : [value]
}

function resultsIn(value: unknown, layers: number, readsText: boolean): readonly unknown[] {
  if (isResult(value)) return [value]
  if (layers === 0) return []
  if (typeof value === 'string')
    return readsText && /^\s*[[{]/.test(value) ? resultsIn(parsed(value), layers - 1, readsText) : []
  if (Array.isArray(value)) return value.flatMap(item => resultsIn(item, layers - 1, readsText))
  if (!isObject(value)) return []
  for (const wrapper of WRAPPERS) {
    const found = resultsIn(value[wrapper], layers - 1, readsText)
    if (found.length > 0) return found
  }
  return []
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
