import { rowText } from './rows.ts'

/** What a line of osqueryd's logs says about one query on one host. Rows are hostile. */
export interface ResultLine {
  readonly host: string
  readonly query: string
  /** Seconds since 1970; 0: not known. */
  readonly time: number
  /** What tells hosts of one name apart, by its decorations; `null`: they do not say. */
  readonly uuid: string | null
  /** A number of 64 bits in digits; `null` in logs of old versions. */
  readonly epoch: string | null
  readonly counter: number | null
  /** Rows are texts, as `rowText` gives them. */
  readonly content:
    | { readonly kind: 'added' | 'removed' | 'snapshot-row'; readonly row: string }
    | { readonly kind: 'batch'; readonly added: readonly string[]; readonly removed: readonly string[] }
    | { readonly kind: 'snapshot'; readonly rows: readonly string[] }
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
  const host = nameOf(fields.hostIdentifier ?? fields.host_identifier ?? fields.hostname)
  if (typeof content === 'string') return { fault: content, host, query }
  const overwritten = overwrittenField(fields)
  if (overwritten !== null)
    return { fault: `a decoration has overwritten its field ${overwritten}`, host: null, query: null }
  if (host === null || query === null)
    return { fault: `it has no usable ${host === null ? 'hostIdentifier' : 'name'}`, host, query }
  return {
    host,
    query,
    time: timeOf(fields.unixTime ?? fields.unix_time),
    uuid: uuidOf(fields),
    epoch: digitsOf(fields.epoch),
    counter: integerOf(fields.counter),
    content
  }
}

/** Status lines that a logger writes as JSON. */
export function isStatus(fields: Fields): boolean {
  return 'severity' in fields && 'message' in fields && !('columns' in fields)
}

/** What a line holds; a text: what is wrong with it. */
function contentOf(fields: Fields): ResultLine['content'] | string {
  const { snapshot, diffResults, columns, action } = fields
  if (columns !== undefined) {
    if (action !== 'added' && action !== 'removed' && action !== 'snapshot')
      return 'its action is neither added, removed nor snapshot'
    const row = rowText(columns)
    return row === null ? NO_ROW : { kind: action === 'snapshot' ? 'snapshot-row' : action, row }
  }
  if (snapshot !== undefined) {
    const rows = rowTexts(snapshot)
    return rows === null ? NO_ROW : { kind: 'snapshot', rows }
  }
  if (typeof diffResults !== 'object' || diffResults === null) return NO_RESULT
  const added = rowTexts((diffResults as Fields).added)
  const removed = rowTexts((diffResults as Fields).removed)
  return added === null || removed === null ? NO_ROW : { kind: 'batch', added, removed }
}

/** `null`: one of them is no row. osqueryd writes a list without rows as an empty text in some versions. */
function rowTexts(list: unknown): readonly string[] | null {
  if (list === '' || list === null || list === undefined) return []
  if (!Array.isArray(list)) return null
  const texts = list.map(row => rowText(row)).filter(text => text !== null)
  return texts.length === list.length ? texts : null
}

const NO_RESULT = 'it is not a result of osquery'
const NO_ROW = 'it has a row that is not an object of values'

/** Decorations that name a machine for good, the best first. */
const UUID_DECORATIONS = ['host_uuid', 'instance_id', 'ec2_instance_id', 'uuid', 'hardware_serial'] as const

function uuidOf(fields: Fields): string | null {
  const { decorations } = fields
  const all = typeof decorations === 'object' && decorations !== null ? (decorations as Fields) : fields
  for (const name of UUID_DECORATIONS) {
    const value = nameOf(all[name])
    if (value !== null) return value
  }
  return null
}

const UUID_KEYS = UUID_DECORATIONS.map(name => `"${name}":"`)

/** The same of decorations in JSON without white space and escapes. */
export function uuidInText(decorations: string): string | null {
  for (const key of UUID_KEYS) {
    const start = decorations.indexOf(key) + key.length
    if (start < key.length) continue
    const end = decorations.indexOf('"', start)
    if (end > start && end - start <= MAX_NAME_LENGTH) return decorations.slice(start, end)
  }
  return null
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

/** The digits of a number that may need 64 bits. */
function digitsOf(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && /^\d{1,20}$/.test(text) ? text : null
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

const isCut = (text: string) => text.startsWith('{') && !text.trimEnd().endsWith('}')

/** What can be seen of a line that is no JSON, such as one that was cut. */
export function describeBrokenLine(text: string): LineFault {
  return {
    fault: isCut(text) ? 'it is not valid JSON: it ends in the middle' : 'it is not valid JSON',
    host: HOST.exec(text)?.[1] ?? null,
    query: NAME.exec(text)?.[1] ?? null
  }
}
