import { z } from 'zod'
import { count } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { type LocatedProblem, locator, readLocated } from './json-locations.ts'

/** The address of the JSON Schema of baselines. */
export const SCHEMA_URL =
  'https://raw.githubusercontent.com/fleet-drift/fleet-drift/v1/schemas/baseline.schema.json'

/** Query names, as in packs. */
const QUERY_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const QUERY_NAME_RULE = 'is not a query name: use up to 64 of A-Z a-z 0-9 _ . -'

/** Removes the empty row or acceptance that ends each list, which is there so that every real one ends with a comma. */
function dropTerminator(list: unknown): unknown {
  const last = Array.isArray(list) ? list.at(-1) : undefined
  const isTerminator = typeof last === 'object' && last !== null && Object.keys(last).length === 0
  return isTerminator && Array.isArray(list) ? list.slice(0, -1) : list
}

/** The values of the query's `columns`, in that order, normalized by fixed rules. */
const rowSchema = z.array(z.string())
const rowsSchema = z.preprocess(dropTerminator, z.array(rowSchema).default([]))

const querySchema = z.strictObject({
  columns: z
    .array(z.string().min(1, 'is empty: name the column'))
    .min(1, 'is empty: name at least one column'),
  /** A comment by people, kept as it is. */
  note: z.string().optional(),
  /** Rows that every clean host had. */
  required: rowsSchema,
  /** Rows that some clean hosts had. */
  optional: rowsSchema
})

export const acceptanceSchema = z.strictObject({
  query: z.string().min(1, 'is empty: name a query'),
  /** Column → glob (`*` any text, `?` one character); every named column must match. */
  match: z
    .record(z.string(), z.string())
    .refine(match => Object.keys(match).length > 0, 'is empty: name at least one column'),
  /** Globs of host ids; left out: every host. */
  hosts: z.array(z.string().min(1)).min(1, 'is empty; leave it out to accept on every host').optional(),
  reason: z.string().regex(/\S/, 'is empty: say why'),
  owner: z.string().regex(/\S/, 'is empty: say who is responsible'),
  /** The last day on which it is valid (UTC). */
  expires: z.iso.date('must be a date, YYYY-MM-DD')
})

const queriesSchema = z.record(z.string().regex(QUERY_NAME, QUERY_NAME_RULE), querySchema)

const baselineSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1, 'must be 1, the only version that this release reads'),
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

/** A baseline as the repository holds it. */
export interface BaselineFile {
  readonly path: string
  /** `sha256:HEX` of the file's bytes. */
  readonly sha256: string
  readonly text: string
  readonly content: Baseline
}

/** The baseline file cannot be used. The message lists every problem with file, line and column. */
export class BaselineError extends Error {}

const MAX_PROBLEMS = 20
/** A little more than a year, so that a yearly review can renew an acceptance. */
const MAX_ACCEPTANCE_DAYS = 400
const DAY_MS = 86_400_000

/**
 * Reads a baseline file's text.
 * @param today YYYY-MM-DD, the day of a run that applies its acceptances; `null`: they are only read, not applied
 * @throws BaselineError with every problem, one a line, if the text is not a valid baseline of version 1.
 */
export function parseBaseline(path: string, text: string, today: string | null = null): Baseline {
  const located = readLocated(text)
  if ('problems' in located) throw baselineError(`${path} is not valid JSON`, path, located.problems, 0)
  const parsed = baselineSchema.safeParse(located.value, { error: missingMessage })
  const problems = parsed.success
    ? contentProblems(parsed.data, today)
    : parsed.error.issues.flatMap(schemaProblems)
  if (parsed.success && problems.length === 0 && located.badKeys.length === 0) return parsed.data
  const locate = locator(located)
  const shown = [
    ...located.badKeys.slice(0, MAX_PROBLEMS),
    ...problems
      .slice(0, MAX_PROBLEMS)
      .map(({ at, message }) => ({ place: locate(at), message: `${pathText(at)}${message}` }))
  ]
  const more = located.badKeys.length + problems.length - shown.length
  throw baselineError(`${path} is not a valid baseline`, path, shown, more)
}

/**
 * One sentence for each query of a baseline's text that no pack has, with its location.
 * @param asked names of the queries that the packs have
 */
export function queriesInNoPack(path: string, text: string, asked: ReadonlySet<string>): string[] {
  const located = readLocated(text)
  if ('problems' in located) return []
  const baseline = baselineSchema.safeParse(located.value).data
  if (baseline === undefined) return []
  const locate = locator(located)
  return queryTables(baseline).flatMap(({ at, queries }) =>
    Object.keys(queries)
      .filter(name => !asked.has(name))
      .map(name => {
        const { line, column } = locate([...at, name])
        return `${path}:${line}:${column}: no pack of this run has the query ${name}, so its rows were not compared.`
      })
  )
}

interface BaselineProblem {
  readonly at: readonly PropertyKey[]
  readonly message: string
}

/** Zod's words for a value that is not there. */
function missingMessage(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : undefined
}

function schemaProblems(issue: z.core.$ZodIssue): BaselineProblem[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ at: issue.path, message: issue.message.replace(/^Invalid/, 'invalid') }]
  return issue.keys.map(key => ({ at: [...issue.path, key], message: 'is not a key of a baseline' }))
}

/** The places where a baseline lists queries: for all roles, and for each role. */
function queryTables(baseline: Baseline): { at: PropertyKey[]; queries: BaselineQueries }[] {
  const ofRoles = Object.entries(baseline.roles).map(([label, { queries }]) => ({
    at: ['roles', label, 'queries'],
    queries
  }))
  return [{ at: ['queries'], queries: baseline.queries }, ...ofRoles]
}

/** What the schema cannot say: problems with the rows and acceptances of a baseline whose shape is right. */
function contentProblems(baseline: Baseline, today: string | null): BaselineProblem[] {
  const columns = new Map<string, string>()
  const problems = queryTables(baseline).flatMap(({ at, queries }) =>
    Object.entries(queries).flatMap(([name, query]) => {
      const here = JSON.stringify(query.columns)
      const first = columns.get(name) ?? here
      columns.set(name, first)
      const differ =
        here === first ? [] : [{ at: [...at, name, 'columns'], message: `must be ${first}, as above` }]
      return [...differ, ...queryProblems(query, [...at, name])]
    })
  )
  const accepted = new Set<string>()
  for (const [index, acceptance] of baseline.accept.entries()) {
    const key = JSON.stringify(acceptance)
    if (accepted.has(key)) problems.push({ at: ['accept', index], message: 'appears twice' })
    accepted.add(key)
    if (today !== null) problems.push(...acceptanceProblems(acceptance, today, ['accept', index]))
  }
  return problems
}

/** Why an acceptance may not be applied: it would hide nearly any row, or hide rows for good. */
function acceptanceProblems(
  { match, expires }: Acceptance,
  today: string,
  at: readonly PropertyKey[]
): BaselineProblem[] {
  const isWide = (glob: string) => /[*?]/.test(glob) && !/[\p{L}\p{N}]{3}/u.test(glob)
  const problems: BaselineProblem[] = []
  if (Object.values(match).every(isWide))
    problems.push({
      at: [...at, 'match'],
      message:
        'matches nearly any row: give one column a value without wildcards, or with three letters or digits in a row'
    })
  if (Date.parse(expires) > Date.parse(today) + MAX_ACCEPTANCE_DAYS * DAY_MS)
    problems.push({
      at: [...at, 'expires'],
      message: `is more than ${MAX_ACCEPTANCE_DAYS} days away: an acceptance is for a time`
    })
  return problems
}

function queryProblems(query: BaselineQuery, at: readonly PropertyKey[]): BaselineProblem[] {
  const problems: BaselineProblem[] = []
  if (new Set(query.columns).size < query.columns.length) {
    problems.push({ at: [...at, 'columns'], message: 'has a column twice' })
  }
  const seen = new Set<string>()
  for (const list of ['required', 'optional'] as const) {
    for (const [index, row] of query[list].entries()) {
      const place = [...at, list, index]
      if (row.length === 0) {
        problems.push({ at: place, message: 'is empty: only the last row, which ends the list, may be' })
        continue
      }
      if (row.length !== query.columns.length) {
        problems.push({
          at: place,
          message: `has ${count(row.length, 'value')}, but the query has ${count(query.columns.length, 'column')}`
        })
      }
      const key = JSON.stringify(row)
      if (seen.has(key)) problems.push({ at: place, message: 'appears twice in this query' })
      seen.add(key)
    }
  }
  return problems
}

/** A path as people write it: `queries.ports.required[3] `. */
function pathText(at: readonly PropertyKey[]): string {
  const text = at
    .map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
  return text === '' ? '' : `${sanitize(text, 160)} `
}

/** @param more how many problems are not listed */
function baselineError(
  summary: string,
  path: string,
  problems: readonly LocatedProblem[],
  more: number
): BaselineError {
  const lines = [...problems]
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .map(({ place, message }) => `${path}:${place.line}:${place.column}: ${sanitize(message, 300)}`)
  if (more > 0) lines.push(`and ${count(more, 'more problem')}`)
  return new BaselineError(`${summary}:\n${lines.join('\n')}`)
}
