import { readFileSync } from 'node:fs'
import sqlite from 'node-sqlite3-wasm'
import { tablesOf } from '../../src/osquery/sql-tables.ts'
import { isBlank, nameOf, tokensOf } from '../../src/osquery/sql-tokens.ts'
import { EVENT_TABLES } from '../../src/osquery/tables.ts'
import type { TableRow } from '../fleet/host.ts'
import { complaintsOf } from './complaints.ts'
import { type Cell, printRows } from './print.ts'

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
  /** Not always UTF-8. */
  readonly stdout: Buffer
  readonly stderr: string
  readonly code: number
}

/** So many hosts keep their database; real shells are slow enough that more never run at once. */
const MAX_DATABASES = 128

const NO_ROWS = Buffer.from('[]\n')
/** SQLite's code, with which osquery exits. */
const TOO_BIG = 18

interface HostDatabase {
  readonly database: InstanceType<typeof sqlite.Database>
  /** Tables that are created and filled. */
  readonly loaded: Set<string>
}

/**
 * The osquery of simulated hosts: SQLite with osquery's schema, one database per host. A table is created and filled
 * when a statement first names it.
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
      const tokens = tokensOf(sql).filter(token => !isBlank(token))
      const words = [...new Set(tokens.flatMap(token => nameOf(token)?.toLowerCase() ?? []))]
      const asked = [...new Set(tablesOf(tokens).map(({ name }) => name))]
      for (const name of asked) load(host, name, tables[name] ?? [], words)
      const complaints = complaintsOf(sql, asked, tables.systemd_units !== undefined)
      try {
        host.database.prepare(sql).finalize()
        if (complaints.code !== 0) return { stdout: NO_ROWS, ...complaints }
        return { stdout: select(host.database, sql), ...complaints }
      } catch (error) {
        const words = error instanceof Error ? error.message : 'failed'
        return { stdout: NO_ROWS, stderr: `Error: ${words}\n`, code: words.includes('too big') ? TOO_BIG : 1 }
      }
    },
    close(): void {
      for (const { database } of databases.values()) database.close()
      databases.clear()
    }
  }
}

function load(
  { database, loaded }: HostDatabase,
  name: string,
  rows: readonly TableRow[],
  words: readonly string[]
): void {
  if (EVENT_TABLES.has(name)) {
    // Its columns do not matter: events are off, and it has no rows.
    const columns = words.map(word => `"${word}"`).join(', ')
    database.exec(`DROP TABLE IF EXISTS "${name}"; CREATE TABLE "${name}" (${columns})`)
    return
  }
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

/** Runs a statement and prints its rows. REAL has 15 digits, which SQLite's own conversion no longer has. */
function select(database: HostDatabase['database'], sql: string): Buffer {
  database.exec(`DROP VIEW IF EXISTS temp.answer; CREATE TEMP VIEW answer AS ${sql}`)
  const names = database.all('PRAGMA table_info(answer)').map(({ name }) => String(name))
  // Only a literal can be text that is not UTF-8.
  const type = /\bx'/i.test(sql) ? 'BLOB' : 'TEXT'
  const cells = names.map((name, at) => {
    const column = `"${name.replaceAll('"', '""')}"`
    const text = `CASE typeof(${column}) WHEN 'real' THEN printf('%!.15g', ${column}) ELSE CAST(${column} AS TEXT) END`
    return `CAST(${text} AS ${type}) AS c${at}`
  })
  const rows = database.all(`SELECT ${cells.join(', ')} FROM answer`) as readonly Record<string, Cell>[]
  // SQLite numbers the columns of a view that have one name: `pid`, `pid:1`.
  return printRows(
    names.map(name => name.replace(/:\d+$/, '')),
    rows.map(row => names.map((_, at) => row[`c${at}`] ?? null))
  )
}
