import { z } from 'zod'
import { sanitize } from '../text/sanitize.ts'
import { locator, type Problem, readLocated } from './json-locations.ts'

/** Where the shipped JSON Schema of baselines can be had. */
export const SCHEMA_URL =
  'https://raw.githubusercontent.com/fleet-drift/fleet-drift/v1/schemas/baseline.schema.json'

/** Names of queries, as packs give them. */
const QUERY_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const QUERY_NAME_RULE = 'a query is named by up to 64 of A-Z a-z 0-9 _ . -'

/** Takes the empty row or acceptance away that closes a list, so that every real one ends with a comma. */
function dropTerminator(list: unknown): unknown {
  const last = Array.isArray(list) ? list.at(-1) : undefined
  const closes = typeof last === 'object' && last !== null && Object.keys(last).length === 0
  return closes && Array.isArray(list) ? list.slice(0, -1) : list
}

/** A row of a baseline: the values of the query's `columns`, in that order, normalized by fixed rules. */
const rowSchema = z.array(z.string())
const rowsSchema = z.preprocess(dropTerminator, z.array(rowSchema).default([]))

const querySchema = z.strictObject({
  columns: z.array(z.string().min(1, 'a column has a name')).min(1, 'needs at least one column'),
  /** People's words, kept as they are. */
  note: z.string().optional(),
  /** Rows that were on every clean host. */
  required: rowsSchema,
  /** Rows that were on some clean hosts. */
  optional: rowsSchema
})

export const acceptanceSchema = z.strictObject({
  query: z.string().min(1, 'names no query'),
  /** Column → glob (`*` any text, `?` one character); every named column must match. */
  match: z
    .record(z.string(), z.string())
    .refine(match => Object.keys(match).length > 0, 'names no column; "*" matches any value'),
  /** Globs of host ids; none: every host. */
  hosts: z.array(z.string().min(1)).min(1, 'is empty; leave it out to accept on every host').optional(),
  reason: z.string().regex(/\S/, 'is empty: say why'),
  owner: z.string().regex(/\S/, 'is empty: say who answers for it'),
  /** The last day on which it holds. */
  expires: z.iso.date('must be a date, YYYY-MM-DD')
})

const queriesSchema = z.record(z.string().regex(QUERY_NAME, QUERY_NAME_RULE), querySchema)

const baselineSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1, 'must be 1: this version of Fleet Drift reads no other'),
  name: z.string().min(1, 'is empty'),
  packs: z.record(z.string(), z.string()).default({}),
  queries: queriesSchema,
  accept: z.preprocess(dropTerminator, z.array(acceptanceSchema).default([])),
  roles: z.record(z.string().min(1), z.strictObject({ queries: queriesSchema })).default({})
})

export type Baseline = z.infer<typeof baselineSchema>
export type BaselineQuery = z.infer<typeof querySchema>
export type Acceptance = z.infer<typeof acceptanceSchema>
/** Rows by query. */
export type BaselineQueries = Baseline['queries']

/** The baseline file cannot be used; the message names file, line and column of everything in it that is wrong. */
export class BaselineError extends Error {}

const MAX_PROBLEMS = 20

/**
 * Reads a baseline file's text.
 * @throws BaselineError with every problem, one a line, when the text is not a valid baseline of version 1.
 */
export function parseBaseline(path: string, text: string): Baseline {
  const located = readLocated(text)
  if ('problems' in located) throw refusal(`${path} is not valid JSON`, path, located.problems, 0)
  const parsed = baselineSchema.safeParse(located.value)
  const found = parsed.success ? rowProblems(parsed.data) : parsed.error.issues.flatMap(problemsOf)
  if (parsed.success && found.length === 0 && located.repeated.length === 0) return parsed.data
  const place = locator(located)
  const repeated = located.repeated.slice(0, MAX_PROBLEMS)
  const shown = found
    .slice(0, MAX_PROBLEMS)
    .map(({ at, message }) => ({ place: place(at), message: `${wordsOf(at)}${message}` }))
  throw refusal(
    `${path} is not a valid baseline`,
    path,
    [...repeated, ...shown],
    located.repeated.length - repeated.length + found.length - shown.length
  )
}

/** One sentence for each query of a baseline's text that no pack asks, with its place. */
export function unaskedQueries(path: string, text: string, asked: ReadonlySet<string>): string[] {
  const located = readLocated(text)
  if ('problems' in located) return []
  const baseline = baselineSchema.safeParse(located.value).data
  if (baseline === undefined) return []
  const place = locator(located)
  return placesOfQueries(baseline).flatMap(({ at, queries }) =>
    Object.keys(queries)
      .filter(name => !asked.has(name))
      .map(name => {
        const { line, column } = place([...at, name])
        return `${path}:${line}:${column}: no pack of this run asks the query ${name}; its rows were not compared.`
      })
  )
}

interface Found {
  readonly at: readonly PropertyKey[]
  readonly message: string
}

function problemsOf(issue: z.core.$ZodIssue): Found[] {
  if (issue.code !== 'unrecognized_keys') {
    const missing = issue.code === 'invalid_type' && /received undefined$/.test(issue.message)
    return [
      { at: issue.path, message: missing ? 'is missing' : issue.message.replace(/^Invalid/, 'invalid') }
    ]
  }
  return issue.keys.map(key => ({
    at: [...issue.path, key],
    message: 'is a key that a baseline does not have'
  }))
}

function placesOfQueries(baseline: Baseline): { at: PropertyKey[]; queries: BaselineQueries }[] {
  const ofRoles = Object.entries(baseline.roles).map(([label, { queries }]) => ({
    at: ['roles', label, 'queries'],
    queries
  }))
  return [{ at: ['queries'], queries: baseline.queries }, ...ofRoles]
}

/** What is wrong with the rows and acceptances of a baseline whose shape is right. */
function rowProblems(baseline: Baseline): Found[] {
  const columns = new Map<string, string>()
  const rows = placesOfQueries(baseline).flatMap(({ at, queries }) =>
    Object.entries(queries).flatMap(([name, query]) => {
      const own = JSON.stringify(query.columns)
      const first = columns.get(name) ?? own
      columns.set(name, first)
      const unlike =
        own === first ? [] : [{ at: [...at, name, 'columns'], message: `must be ${first}, as above` }]
      return [...unlike, ...rowProblemsOf(query, [...at, name])]
    })
  )
  const accepted = new Set<string>()
  for (const [index, acceptance] of baseline.accept.entries()) {
    const key = JSON.stringify(acceptance)
    if (accepted.has(key)) rows.push({ at: ['accept', index], message: 'stands twice' })
    accepted.add(key)
  }
  return rows
}

function rowProblemsOf(query: BaselineQuery, at: readonly PropertyKey[]): Found[] {
  const found: Found[] = []
  if (new Set(query.columns).size < query.columns.length) {
    found.push({ at: [...at, 'columns'], message: 'names a column twice' })
  }
  const seen = new Set<string>()
  for (const list of ['required', 'optional'] as const) {
    for (const [index, row] of query[list].entries()) {
      const place = [...at, list, index]
      if (row.length === 0) {
        found.push({ at: place, message: 'is empty: the empty row closes a list and stands last' })
        continue
      }
      if (row.length !== query.columns.length) {
        found.push({
          at: place,
          message: `has ${row.length} values, but ${query.columns.length} columns are named`
        })
      }
      const key = JSON.stringify(row)
      if (seen.has(key)) found.push({ at: place, message: 'stands twice in this query' })
      seen.add(key)
    }
  }
  return found
}

/** `queries.ports.required[3] `: where in the file's own words. */
function wordsOf(at: readonly PropertyKey[]): string {
  const words = at
    .map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
  return words === '' ? '' : `${sanitize(words, 160)} `
}

function refusal(what: string, path: string, problems: readonly Problem[], more: number): BaselineError {
  const order = [...problems].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
  const lines = order.map(
    ({ place, message }) => `${path}:${place.line}:${place.column}: ${sanitize(message, 300)}`
  )
  if (more > 0) lines.push(`and ${more} more problems`)
  return new BaselineError(`${what}:\n${lines.join('\n')}`)
}
