import { count } from '../text/phrases.ts'

/** A little more than a year, so that a yearly review can renew an acceptance. */
const MAX_ACCEPTANCE_DAYS = 400
const DAY_MS = 86_400_000

/** Something wrong in a baseline, and where. */
export interface BaselineProblem {
  readonly at: readonly PropertyKey[]
  readonly message: string
}

interface QueryTables<Query> {
  readonly queries: Readonly<Record<string, Query>>
  readonly roles: Readonly<Record<string, { readonly queries: Readonly<Record<string, Query>> }>>
}

interface Query {
  readonly columns: readonly string[]
  readonly required: readonly (readonly string[])[]
  readonly optional: readonly (readonly string[])[]
}

interface Acceptance {
  readonly match: Readonly<Record<string, string>>
  readonly expires: string
}

/** The parts of a baseline that have the right shape; `null` stands for one that has not. */
interface BaselineParts extends QueryTables<Query | null> {
  readonly accept: readonly (Acceptance | null)[]
}

/** The places where a baseline lists queries: for all roles, and for each role. */
export function queryTables<Q>({
  queries,
  roles
}: QueryTables<Q>): { at: PropertyKey[]; queries: Readonly<Record<string, Q>> }[] {
  const ofRoles = Object.entries(roles).map(([label, { queries }]) => ({
    at: ['roles', label, 'queries'],
    queries
  }))
  return [{ at: ['queries'], queries }, ...ofRoles]
}

/** What the schema cannot say: problems with the rows and acceptances whose shape is right. */
export function contentProblems(baseline: BaselineParts, today: string | null): BaselineProblem[] {
  const columns = new Map<string, string>()
  const problems = queryTables(baseline).flatMap(({ at, queries }) =>
    Object.entries(queries).flatMap(([name, query]) => {
      if (query === null) return []
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
    if (acceptance === null) continue
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

function queryProblems(query: Query, at: readonly PropertyKey[]): BaselineProblem[] {
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
