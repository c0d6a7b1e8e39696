import * as z from 'zod'
import { list, number } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { stemOf } from './distinct-names.ts'
import { readFleetYaml } from './fleet-yaml.ts'
import type { Query, Weight } from './pack.ts'
import {
  type Fields,
  isShard,
  type PackDocument,
  type PackEntry,
  readPackDocument,
  readSqlFile
} from './pack-document.ts'
import { PackError, parsePackJson } from './pack-json.ts'
import { commonPlatforms } from './platforms.ts'
import { safeName } from './query-name.ts'
import { compactSql, repeatedColumns, sqlProblem } from './sql.ts'

const MAX_SQL_LENGTH = 32 * 1024
const MAX_QUERIES = 500
/** A file lists this many queries of a kind by name, and counts the others. */
const MAX_NAMED = 5
/** And this many that cannot be used, for one reason. */
const MAX_REFUSED = 20

/** What a pack file gives. */
export interface PackContent {
  readonly queries: readonly Query[]
  /** What a reader of the report must know of the file, in sentences. */
  readonly notices?: readonly string[]
}

const fleetDriftSchema = z.strictObject({
  identity: z.array(z.string()).min(1).nullable().default(null),
  changes: z.array(z.string()).default([]),
  cohort: z.array(z.string()).default([]),
  volatile: z.array(z.string()).default([]),
  attack: z.array(z.string().regex(/^T\d{4}(?:\.\d{3})?$/)).default([]),
  weight: z.enum(['integrity', 'normal', 'context']).default('normal'),
  control: z.boolean().default(false),
  root: z.boolean().default(false)
})

/**
 * Reads a file of queries: a pack or a configuration of osquery, YAML of Fleet, or SQL. A query that cannot be used is left
 * out, with a notice.
 * @throws Error that says what the file is, and why it cannot be used
 */
export async function readPackFile(name: string, text: string): Promise<PackContent> {
  const plain = withoutMark(text)
  try {
    if (/\.sql$/i.test(name)) return contentOf(name, readSqlFile(stemOf(name), plain))
    if (!isYaml(plain)) return parsePackText(name, plain)
    return contentOf(name, await readFleetYaml(plain))
  } catch (error) {
    throw named(name, error)
  }
}

/** The queries of a pack that is already parsed from JSON. @throws Error that says why it cannot be used */
export function readPack(name: string, value: unknown): Query[] {
  try {
    return [...contentOf(name, readPackDocument(value)).queries]
  } catch (error) {
    throw named(name, error)
  }
}

function parsePackText(name: string, text: string): PackContent {
  try {
    if (text.trim() === '') throw new PackError('is empty')
    const { value, notices } = parsePackJson(text)
    const document = readPackDocument(value)
    return contentOf(name, { ...document, notices: [...notices, ...document.notices] })
  } catch (error) {
    throw named(name, error)
  }
}

const withoutMark = (text: string) => text.replace(/^\ufeff/, '')

/** Whether the first line that is not a comment begins neither an object nor a list of JSON. */
function isYaml(text: string): boolean {
  const first = text.split('\n').find(line => !/^\s*(?:#.*|\/\/.*|\/\*.*)?$/.test(line))
  return first !== undefined && !/^\s*[{["]/.test(first)
}

function named(name: string, error: unknown): unknown {
  return error instanceof PackError ? new Error(`packs: ${sanitize(name, 200)} ${error.message}`) : error
}

/** Queries by what became of them, so that each kind is one notice. */
interface Remarks {
  /** Names by the reason. */
  readonly refused: Map<string, string[]>
  readonly inapplicable: string[]
  readonly renamed: string[]
  readonly unscheduled: string[]
  readonly versions: string[]
  readonly shards: string[]
  readonly unknownPlatforms: string[]
  readonly repeated: string[]
}

function contentOf(name: string, { entries, notices }: PackDocument): PackContent {
  const remarks: Remarks = {
    refused: new Map(),
    inapplicable: [],
    renamed: [],
    unscheduled: [],
    versions: [],
    shards: [],
    unknownPlatforms: [],
    repeated: []
  }
  const queries = new Map<string, Query>()
  for (const entry of entries) {
    const query = readEntry(entry, queries, remarks)
    if (typeof query === 'string') refuse(remarks, entry, query)
    else if (query !== null && queries.size === MAX_QUERIES)
      refuse(remarks, entry, `at most ${MAX_QUERIES} queries are allowed`)
    else if (query !== null) queries.set(query.name, query)
  }
  const about = [...notices, ...describe(remarks)]
  if (queries.size === 0 && entries.length === 0) throw new PackError(['has no queries', ...about].join('; '))
  if (queries.size === 0 && remarks.refused.size > 0)
    throw new PackError(`has no query that can be used: ${[...notices, ...reasonsOf(remarks)].join('; ')}`)
  const sentences = about.map(notice => `The pack ${sanitize(name, 200)}: ${notice}.`)
  return { queries: [...queries.values()], ...(sentences.length > 0 ? { notices: sentences } : {}) }
}

const shown = (name: string) => sanitize(name, 80)

function refuse({ refused }: Remarks, { name }: PackEntry, reason: string): void {
  const names = refused.get(reason)
  if (names === undefined) refused.set(reason, [shown(name)])
  else names.push(shown(name))
}

const reasonsOf = ({ refused }: Remarks): string[] =>
  [...refused].map(([reason, names]) => `${list(names, MAX_REFUSED)}: ${reason}`)

function describe(remarks: Remarks): string[] {
  const { refused, inapplicable, renamed, unscheduled, versions, shards, unknownPlatforms, repeated } =
    remarks
  const sentences: readonly (readonly [readonly string[], string])[] = [
    [inapplicable, 'queries that apply to no platform here, as osquery reads them: '],
    [renamed, 'queries with other names here: '],
    [repeated, 'queries with several columns of one name, of which osquery keeps the last: '],
    [unscheduled, 'queries that osqueryd would not run: '],
    [versions, 'queries for a version of osquery, which is not checked: '],
    [shards, 'queries whose shard is ignored: '],
    [unknownPlatforms, 'queries whose platform is not a text, which osquery ignores: ']
  ]
  return [
    ...[...refused].map(
      ([reason, names]) => `queries that cannot be used (${reason}): ${list(names, MAX_REFUSED)}`
    ),
    ...sentences.flatMap(([names, words]) => (names.length === 0 ? [] : [words + list(names, MAX_NAMED)]))
  ]
}

/** A query; `null`: it applies nowhere; a text: why it cannot be used. */
function readEntry(
  { name, value, packPlatform }: PackEntry,
  known: ReadonlyMap<string, Query>,
  remarks: Remarks
): Query | string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not an object'
  const fields = value as Fields
  if (typeof fields.query !== 'string') return 'it has no `query` with its SQL'
  const platforms = commonPlatforms([packPlatform, fields.platform])
  if (platforms === null) {
    remarks.inapplicable.push(shown(name))
    return null
  }
  const sql = compactSql(fields.query)
  const problem = sqlProblem(sql)
  if (problem !== null) return problem
  if (sql.length > MAX_SQL_LENGTH)
    return `its SQL has ${number(sql.length)} characters, and at most ${number(MAX_SQL_LENGTH)} are allowed`
  const extension = fleetDriftSchema.safeParse(fields.fleet_drift ?? {})
  if (!extension.success)
    return `its fleet_drift is wrong: ${extension.error.issues.map(({ path, message }) => `${path.join('.')}: ${message.replace(/^Invalid input: /, '')}`).join('; ')}`
  const { identity, changes, cohort, volatile, ...traits } = extension.data
  const unknown = [...changes, ...cohort].filter(column => !(identity ?? []).includes(column))
  if (unknown.length > 0) return `${list(unknown)} must also be in identity`
  const mixed = volatile.filter(column => identity?.includes(column))
  if (mixed.length > 0) return `${list(mixed)} cannot be both in identity and in volatile`
  remark(name, fields, sql, traits.weight, remarks)
  const version = versionOf(fields)
  const safe = safeName(name, known)
  if (safe !== name) remarks.renamed.push(`${shown(name)} is ${safe}`)
  return {
    name: safe,
    sql,
    title: typeof fields.description === 'string' ? fields.description : safe === name ? '' : name,
    platforms,
    identity,
    changes,
    cohort,
    ...(volatile.length > 0 ? { volatile } : {}),
    ...(version !== null ? { version } : {}),
    ...traits
  }
}

const VERSION = /^\d{1,4}(?:\.\d{1,4}){0,3}(?=-|$)/

/** The osquery that a query is for, without a suffix; `null`: none is named. */
function versionOf({ version }: Fields): string | null {
  return typeof version === 'string' ? (VERSION.exec(version)?.[0] ?? null) : null
}

/** Any osquery in use has at least this one. */
const FIRST_RECENT_VERSION = 5
/** osquery, config/packs.cpp and database.h */
const MAX_INTERVAL = 604_800
const RESERVED = /^(?:query|cache|config_views)\.|(?:epoch|counter)$/

function remark(name: string, fields: Fields, sql: string, weight: Weight, remarks: Remarks): void {
  const { interval, version, shard, platform } = fields
  const columns = repeatedColumns(sql)
  if (columns.length > 0) remarks.repeated.push(`${shown(name)} (${shown(list(columns))})`)
  if (interval !== undefined && !isInterval(interval))
    remarks.unscheduled.push(`${shown(name)} (its interval is not 1 to ${number(MAX_INTERVAL)} seconds)`)
  if (RESERVED.test(name)) remarks.unscheduled.push(`${shown(name)} (its name is reserved)`)
  if (typeof version === 'string' && version !== '' && version !== 'null') {
    if (!VERSION.test(version)) remarks.unscheduled.push(`${shown(name)} (its version is not a number)`)
    else if (weight !== 'context' && Number.parseInt(version, 10) >= FIRST_RECENT_VERSION)
      remarks.versions.push(`${shown(name)} (${shown(version)})`)
  }
  if (isShard(shard)) remarks.shards.push(shown(name))
  if (platform !== undefined && platform !== null && typeof platform !== 'string')
    remarks.unknownPlatforms.push(shown(name))
}

function isInterval(value: unknown): boolean {
  const seconds =
    typeof value === 'number' ? value : typeof value === 'string' ? Number.parseInt(value, 10) : Number.NaN
  return Number.isInteger(seconds) && seconds > 0 && seconds <= MAX_INTERVAL
}
