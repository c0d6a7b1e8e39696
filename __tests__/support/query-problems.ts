import { isOlder } from '../../src/osquery/minimum-version.ts'
import { modelHost } from './model-host.ts'
import { type Call, osqueryPlanner, type Row, TABLE_FACTS, versionsOf } from './osquery-planner.ts'
import { insertRows, schemaDatabase } from './schema-database.ts'

/** Tables whose every call reads a whole file, and how often one query may read the same file. */
const FILE_READERS = new Set(['hash', 'signature', 'authenticode'])
const MAX_READS = 2

const SMALL = { processes: 60, connections: 100 }
const LARGE = { processes: 120, connections: 200 }

/**
 * What would go wrong with a query on a host of a platform: an error, rows that osquery would lose, a table that is
 * listed once per row of another, a constraint that the table ignores, rows of one user only, or no row on a host that
 * has everything. The queries run in the newest and the oldest osquery, and in each version between that changed a table.
 */
export function queryProblems(platform: string) {
  const versions = versionsOf(platform)
  const large = modelHost(LARGE)
  const planners = versions.map(version => [version, osqueryPlanner(platform, version, large)] as const)
  const small = osqueryPlanner(platform, TABLE_FACTS.latest, modelHost(SMALL))

  return {
    /** @param since the oldest osquery that has the tables of the query */
    of(sql: string, since: string = TABLE_FACTS.minimum): string[] {
      const problems = new Set<string>()
      for (const [version, planner] of planners.filter(([version]) => !isOlder(version, since)))
        for (const problem of problemsOf(version, planner, sql)) problems.add(problem)
      return [...problems]
    },
    close(): void {
      for (const [, planner] of planners) planner.close()
      small.close()
    }
  }

  function problemsOf(version: string, planner: (typeof planners)[number][1], sql: string): string[] {
    let result: ReturnType<typeof planner.run>
    try {
      result = planner.run(sql)
    } catch (error) {
      return [`${version}: ${error instanceof Error ? error.message : 'failed'}`]
    }
    const { rows, calls } = result
    const problems = calls.flatMap(problemOfCall)
    if (rows.length === 0) problems.push('it finds nothing on a host that has everything')
    if (version !== TABLE_FACTS.latest) return problems
    if (lacks(textsOf(rows), textsOf(plainly(platform, calls, sql)))) problems.push('it loses rows')
    return [...problems, ...growth(small.run(sql).calls, calls)]
  }

  function problemOfCall({ table, full, rows }: Call): string[] {
    const facts = TABLE_FACTS.platforms[platform]?.[table]
    if (!full || facts === undefined) return []
    if (Object.values(facts.columns).some(([, options]) => options?.split(' ').includes('required')))
      return [`it constrains ${table} by nothing that the table reads`]
    if (facts.userBased === true && rows.length === 0) return [`it asks ${table} for the current user only`]
    return []
  }
}

/** Tables that are listed more often on the larger host, and files that are read again and again. */
function growth(small: readonly Call[], large: readonly Call[]): string[] {
  const problems: string[] = []
  for (const table of new Set(large.map(call => call.table))) {
    if (listings(large, table) > listings(small, table))
      problems.push(`it lists ${table} once per row of another table`)
    if (!FILE_READERS.has(table)) continue
    const reads = new Map<string, number>()
    for (const call of large)
      if (call.table === table) reads.set(call.constraint, (reads.get(call.constraint) ?? 0) + 1)
    if (Math.max(...reads.values()) > MAX_READS) problems.push(`it reads one file again and again: ${table}`)
  }
  return problems
}

const listings = (calls: readonly Call[], table: string) =>
  calls.filter(call => call.table === table && call.full).length

/** The statement over ordinary tables that hold all rows of these calls. */
function plainly(platform: string, calls: readonly Call[], sql: string): readonly object[] {
  const database = schemaDatabase(platform)
  const tables = new Map<string, Map<string, Row>>()
  for (const { table, rows } of calls)
    for (const row of rows)
      tables.set(table, (tables.get(table) ?? new Map<string, Row>()).set(JSON.stringify(row), row))
  for (const [table, rows] of tables) insertRows(database, table, [...rows.values()])
  const result = database.all(sql)
  database.close()
  return result
}

/** Whether a list lacks an element of another, or has it less often. */
function lacks(rows: readonly string[], others: readonly string[]): boolean {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1)
  return others.some(row => {
    const count = counts.get(row) ?? 0
    counts.set(row, count - 1)
    return count === 0
  })
}

const textsOf = (rows: readonly object[]) =>
  rows.map(row => JSON.stringify(Object.values(row).map(value => String(value ?? ''))))
