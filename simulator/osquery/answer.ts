import { readFileSync } from 'node:fs'
import sqlite from 'node-sqlite3-wasm'
import type { TableRow } from '../fleet/host.ts'

interface Table {
  readonly name: string
  readonly platforms: readonly string[]
  readonly columns: readonly (readonly [name: string, type: string])[]
  readonly only?: Readonly<Record<string, readonly string[]>>
}

const SCHEMA: { tables: readonly Table[] } = JSON.parse(
  readFileSync(new URL('./schema.json', import.meta.url), 'utf8')
)
const TABLES = new Map(
  SCHEMA.tables
    .filter(table => table.platforms.includes('linux'))
    .map(table => [
      table.name,
      table.columns.filter(([name]) => table.only?.[name]?.includes('linux') ?? true)
    ])
)

/** What osqueryi prints for one statement, and how it exits. */
export interface OsqueryOutput {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** So many hosts keep their database; real shells are slow enough that more never run at once. */
const MAX_DATABASES = 128

interface HostDatabase {
  readonly database: InstanceType<typeof sqlite.Database>
  /** Tables that are created and filled. */
  readonly loaded: Set<string>
}

/**
 * The osquery of simulated hosts: SQLite with osquery's schema, one database per host. A table is created and filled
 * when a statement first names it. Values are text, NULL is "", keys are in byte order, as osqueryi prints them.
 */
export function simulatedOsquery() {
  const databases = new Map<Readonly<Record<string, readonly TableRow[]>>, HostDatabase>()

  function databaseOf(tables: Readonly<Record<string, readonly TableRow[]>>): HostDatabase {
    const known = databases.get(tables)
    if (known !== undefined) return known
    for (const [oldest, { database }] of databases) {
      if (databases.size < MAX_DATABASES) break
      database.close()
      databases.delete(oldest)
    }
    const created = { database: new sqlite.Database(':memory:'), loaded: new Set<string>() }
    databases.set(tables, created)
    return created
  }

  return {
    answer(tables: Readonly<Record<string, readonly TableRow[]>>, sql: string): OsqueryOutput {
      const host = databaseOf(tables)
      for (const name of sql.match(/\b[a-z_]+\b/g) ?? []) load(host, name, tables[name] ?? [])
      try {
        return { stdout: printRows(host.database.all(sql)), stderr: '', code: 0 }
      } catch (error) {
        return {
          stdout: '[]\n',
          stderr: `Error: ${error instanceof Error ? error.message : 'failed'}\n`,
          code: 1
        }
      }
    },
    close(): void {
      for (const { database } of databases.values()) database.close()
      databases.clear()
    }
  }
}

function load({ database, loaded }: HostDatabase, name: string, rows: readonly TableRow[]): void {
  const columns = TABLES.get(name)
  if (columns === undefined || loaded.has(name)) return
  loaded.add(name)
  const definitions = columns.map(
    ([column, type]) => `"${column}" ${type.replace('UNSIGNED_BIGINT', 'BIGINT')}`
  )
  database.exec(`CREATE TABLE "${name}" (${definitions.join(', ')})`)
  if (rows.length === 0) return
  const statement = database.prepare(`INSERT INTO "${name}" VALUES (${columns.map(() => '?').join(', ')})`)
  database.exec('BEGIN')
  // A column without a value is an empty text in osquery's tables, never NULL.
  for (const row of rows) statement.run(columns.map(([column]) => row[column] ?? ''))
  database.exec('COMMIT')
  statement.finalize()
}

function printRows(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = rows.map(row => {
    const columns = Object.keys(row).sort()
    return `  {${columns.map(column => `${JSON.stringify(column)}:${JSON.stringify(String(row[column] ?? ''))}`).join(',')}}`
  })
  return `[\n${lines.join(',\n')}\n]\n`
}
