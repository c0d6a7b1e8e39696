import * as z from 'zod'
import { count } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { type BaselineProblem, contentProblems, queryTables } from './content-problems.ts'
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
  roles: z
    .record(z.string().min(1, 'is a role without a label'), z.strictObject({ queries: queriesSchema }))
    .default({})
})

const queryTableSchema = z.record(z.string(), querySchema.nullable().catch(null)).catch({})

/** Of a file that is not a baseline: the parts that have the right shape. The others are `null`. */
const partsSchema = z
  .object({
    queries: queryTableSchema,
    roles: z.record(z.string(), z.object({ queries: queryTableSchema }).catch({ queries: {} })).catch({}),
    accept: z.preprocess(dropTerminator, z.array(acceptanceSchema.nullable().catch(null))).catch([])
  })
  .catch({ queries: {}, roles: {}, accept: [] })

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

/**
 * Reads a baseline file's text.
 * @param today YYYY-MM-DD, the day of a run that applies its acceptances; `null`: they are only read, not applied
 * @throws BaselineError with every problem, one a line, if the text is not a valid baseline of version 1.
 */
export function parseBaseline(path: string, text: string, today: string | null = null): Baseline {
  const located = readLocated(text)
  if ('problems' in located) throw baselineError(`${path} is not valid JSON`, path, located.problems, 0)
  const parsed = baselineSchema.safeParse(located.value, { error: typeMessage })
  const problems = parsed.success
    ? contentProblems(parsed.data, today)
    : [
        ...parsed.error.issues.flatMap(schemaProblems),
        ...contentProblems(partsSchema.parse(located.value), today)
      ]
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

/** Words for a value that is not there, or is of another type. */
function typeMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'invalid_type') return undefined
  if (issue.input === undefined) return 'is missing'
  return `must be ${TYPES[issue.expected] ?? issue.expected}`
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text in quotes',
  array: 'a list in brackets',
  object: 'an object in braces',
  record: 'an object in braces'
}

function schemaProblems(issue: z.core.$ZodIssue): BaselineProblem[] {
  if (issue.code === 'invalid_key')
    return [{ at: issue.path, message: issue.issues[0]?.message ?? issue.message }]
  if (issue.code !== 'unrecognized_keys') return [{ at: issue.path, message: issue.message }]
  return issue.keys.map(key => ({ at: [...issue.path, key], message: 'is not a key of a baseline' }))
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
