import { rowText } from './rows.ts'

/** What a line of osqueryd's logs says about one query on one host. Rows are hostile. */
export interface ResultLine {
  readonly host: string
  readonly query: string
  /** Seconds since 1970; 0: not known. */
  readonly time: number
  /** `null` in logs of old versions. */
  readonly epoch: number | null
  readonly counter: number | null
  readonly content: /** A row as `rowText` gives it; `null`: it is no row. */
    | { readonly kind: 'added' | 'removed'; readonly row: string | null }
    | { readonly kind: 'batch'; readonly added: readonly unknown[]; readonly removed: readonly unknown[] }
    | { readonly kind: 'snapshot'; readonly rows: readonly unknown[] }
    | { readonly kind: 'snapshot-row'; readonly row: unknown }
}

/** A line that cannot be used, and of which host and query it is, if that can be seen. */
export interface LineFault {
  readonly fault: string
  readonly host: string | null
  readonly query: string | null
}

type Fields = Readonly<Record<string, unknown>>

const MAX_NAME_LENGTH = 256

/** How osqueryd orders the fields of a line (osquery, core/sql/query_data.cpp and query.cpp). */
const ORDER = ['name', 'hostIdentifier', 'calendarTime', 'unixTime', 'epoch', 'counter', 'numerics'] as const

/**
 * Reads a value from osqueryd's logs: a result in event, snapshot, snapshot-event or batch format. `null`: it is no
 * result, such as a status line. These checks run for each line of logs with millions of lines, so they are plain code.
 */
export function readResultLine(fields: Fields): ResultLine | LineFault | null {
  if (isStatus(fields)) return null
  const content = contentOf(fields)
  const query = nameOf(fields.name)
  const host = nameOf(fields.hostIdentifier ?? fields.hostname)
  if (content === null) return { fault: 'it is not a result of osquery', host, query }
  const overwritten = overwrittenField(fields)
  if (overwritten !== null)
    return { fault: `a decoration has overwritten its field ${overwritten}`, host: null, query: null }
  if (host === null || query === null)
    return { fault: `it has no usable ${host === null ? 'hostIdentifier' : 'name'}`, host, query }
  return {
    host,
    query,
    time: timeOf(fields.unixTime),
    epoch: integerOf(fields.epoch),
    counter: integerOf(fields.counter),
    content
  }
}

/** Status lines that a logger writes as JSON. */
function isStatus(fields: Fields): boolean {
  return 'severity' in fields && 'message' in fields && !('columns' in fields)
}

function contentOf(fields: Fields): ResultLine['content'] | null {
  const { snapshot, diffResults, columns, action } = fields
  if (columns !== undefined) {
    if (action === 'added' || action === 'removed') return { kind: action, row: rowText(columns) }
    return action === 'snapshot' ? { kind: 'snapshot-row', row: columns } : null
  }
  if (snapshot !== undefined) {
    const rows = snapshot === '' ? [] : snapshot
    return Array.isArray(rows) ? { kind: 'snapshot', rows } : null
  }
  if (typeof diffResults !== 'object' || diffResults === null) return null
  const { added, removed } = diffResults as Fields
  const lists = [added, removed].map(list => (list === '' || list == null ? [] : list))
  const [more, less] = lists
  return Array.isArray(more) && Array.isArray(less) ? { kind: 'batch', added: more, removed: less } : null
}

function nameOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH ? value : null
}

/** The last second that a date can have (ECMAScript). */
const MAX_SECONDS = 8.64e12

function timeOf(value: unknown): number {
  const seconds = Number(value)
  return seconds > 0 && seconds <= MAX_SECONDS ? seconds : 0
}

function integerOf(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const number = value === '' ? Number.NaN : Number(value)
  return Number.isSafeInteger(number) && number >= 0 ? number : null
}

/**
 * With `decorations_top_level`, a decoration with the name of a field replaces it: osqueryd removes the field, moves the
 * last one to its place, and adds the decoration behind. So the order of the fields shows it.
 */
function overwrittenField(fields: Fields): string | null {
  const keys = Object.keys(fields)
  const start = keys.indexOf('name')
  if (
    keys[start + 1] === 'hostIdentifier' &&
    keys[start + 2] === 'calendarTime' &&
    keys[start + 3] === 'unixTime'
  ) {
    const counter = keys.indexOf('counter')
    const epoch = keys.indexOf('epoch')
    if (epoch < 0 || (epoch === start + 4 && (counter < 0 || counter === start + 5))) return null
  }
  const places = ORDER.map(field => keys.indexOf(field))
  // In the order of the alphabet, or in one of its own: another program wrote the line anew.
  const isSorted = keys.every((key, index) => index === 0 || (keys[index - 1] ?? '') <= key)
  if (isSorted || places.filter((place, index) => place >= 0 && place === placeOf(fields, index)).length < 3)
    return null
  const moved = ORDER.find((field, index) => {
    const place = places[index] ?? -1
    return field !== 'numerics' && place >= 0 && place > placeOf(fields, index)
  })
  return moved ?? null
}

/** Where osqueryd puts a field of {@link ORDER} if no decoration has its name. */
function placeOf(fields: Fields, index: number): number {
  if ('columns' in fields) return index
  return index + ('snapshot' in fields ? 2 : 1)
}

const HOST = /"(?:hostIdentifier|hostname)"\s*:\s*"([^"\\]{1,256})"/
const NAME = /"name"\s*:\s*"([^"\\]{1,256})"\s*,\s*"hostIdentifier"/

/** What can be seen of a line that is no JSON, such as one that was cut. */
export function describeBrokenLine(text: string): LineFault {
  return {
    fault: 'it is not valid JSON',
    host: HOST.exec(text)?.[1] ?? null,
    query: NAME.exec(text)?.[1] ?? null
  }
}
