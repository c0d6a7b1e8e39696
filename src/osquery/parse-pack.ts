import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { z } from 'zod'
import { lineLocator } from '../text/line-locator.ts'
import { list, number } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import type { Platform, Query } from './pack.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const MAX_SQL_LENGTH = 32 * 1024
const MAX_QUERIES = 500

/** How osquery's packs name platforms (osquery documentation, "Query Packs"). */
const PLATFORMS: Readonly<Record<string, readonly Platform[]>> = {
  linux: ['linux'],
  ubuntu: ['linux'],
  centos: ['linux'],
  rhel: ['linux'],
  darwin: ['darwin'],
  macos: ['darwin'],
  windows: ['windows'],
  posix: ['linux', 'darwin'],
  any: [],
  all: []
}

const platformSchema = z
  .string()
  .transform((text, context) => {
    const names = text
      .split(',')
      .map(name => name.trim().toLowerCase())
      .filter(name => name !== '')
    const unknown = names.filter(name => PLATFORMS[name] === undefined)
    if (unknown.length > 0)
      context.addIssue({ code: 'custom', message: `unknown platform ${sanitize(unknown.join(', '), 60)}` })
    if (names.some(name => PLATFORMS[name]?.length === 0)) return []
    return [...new Set(names.flatMap(name => PLATFORMS[name] ?? []))]
  })
  .default([])

const fleetDriftSchema = z.strictObject({
  identity: z.array(z.string()).min(1),
  changes: z.array(z.string()).default([]),
  cohort: z.array(z.string()).default([]),
  attack: z.array(z.string().regex(/^T\d{4}(?:\.\d{3})?$/)).default([]),
  weight: z.enum(['integrity', 'normal', 'context']).default('normal'),
  control: z.boolean().default(false),
  root: z.boolean().default(false)
})

const querySchema = z.looseObject({
  query: z.string(),
  description: z.string().default(''),
  platform: platformSchema,
  /** Our extension; osquery ignores it. */
  fleet_drift: fleetDriftSchema.optional()
})

const packSchema = z.looseObject({
  platform: platformSchema,
  queries: z.record(
    z.string().regex(NAME, 'is not a query name: use up to 64 of A-Z a-z 0-9 _ . -'),
    querySchema
  )
})

/**
 * Reads a pack as osquery does: JSON with `//`, `/* *\/` and `#` comments, and lines continued by a trailing backslash.
 * `discovery`, `shard`, `interval` and `version` are for scheduled runs and are ignored.
 * @throws Error with every problem of the pack, each with its query.
 */
export function parsePack(name: string, text: string): Query[] {
  const errors: ParseError[] = []
  const value: unknown = parse(toJsonWithComments(text), errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined) {
    const { line } = lineLocator(text)(first.offset)
    throw new Error(`packs: ${name} is not valid JSON: ${printParseErrorCode(first.error)} on line ${line}`)
  }
  return readPack(name, value)
}

/** The queries of a pack that is already parsed from JSON. @throws Error with every problem. */
export function readPack(name: string, value: unknown): Query[] {
  const parsed = packSchema.safeParse(value)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`packs: ${name} is not an osquery pack: ${sanitize(problems.join('; '), 1000)}`)
  }
  const problems: string[] = []
  const queries = Object.entries(parsed.data.queries).map(([key, entry]): Query => {
    const sql = entry.query.trim().replace(/;\s*$/, '')
    problems.push(...sqlProblems(sql).map(problem => `${key}: ${problem}`))
    const extension = entry.fleet_drift
    return {
      name: key,
      sql,
      title: entry.description,
      platforms: entry.platform.length > 0 ? entry.platform : parsed.data.platform,
      identity: extension?.identity ?? null,
      changes: extension?.changes ?? [],
      cohort: extension?.cohort ?? [],
      attack: extension?.attack ?? [],
      weight: extension?.weight ?? 'normal',
      control: extension?.control ?? false,
      root: extension?.root ?? false
    }
  })
  for (const { name: key, identity, changes, cohort } of queries) {
    const unknown = [...changes, ...cohort].filter(column => identity !== null && !identity.includes(column))
    if (unknown.length > 0) problems.push(`${key}: ${list(unknown)} must also be in identity`)
  }
  if (queries.length === 0) problems.push('it has no queries')
  if (queries.length > MAX_QUERIES)
    problems.push(`it has ${number(queries.length)} queries, and at most ${MAX_QUERIES} are allowed`)
  if (problems.length > 0) throw new Error(`packs: ${name} cannot be used: ${problems.join('; ')}`)
  return queries
}

function sqlProblems(sql: string): string[] {
  if (sql === '') return ['its SQL is empty']
  if (sql.length > MAX_SQL_LENGTH)
    return [`its SQL has ${number(sql.length)} characters, and at most ${number(MAX_SQL_LENGTH)} are allowed`]
  const bare = sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "''")
  // osqueryi would merge the rows of several statements into one list.
  return bare.includes(';') ? ['it has several statements: write one query for each'] : []
}

/** Turns `#` comments into `//` and joins lines that end with a backslash with the next. */
function toJsonWithComments(text: string): string {
  return text.replace(/\\\r?\n[ \t]*/g, '').replace(/^([ \t]*)#/gm, '$1//')
}
