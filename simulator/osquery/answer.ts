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

/**
 * A host's osquery, simulated: SQLite with osquery's schema. A table is filled with the host's rows when a statement
 * names it.
 * Values are text, NULL is "", keys are in byte order, as osqueryi prints them.
 */
export function simulatedOsquery() {
  const database = new sqlite.Database(':memory:')
  for (const [name, columns] of TABLES) {
    const definitions = columns.map(
      ([column, type]) => `"${column}" ${type.replace('UNSIGNED_BIGINT', 'BIGINT')}`
    )
    database.exec(`CREATE TABLE "${name}" (${definitions.join(', ')})`)
  }
  const loaded = new Map<string, readonly TableRow[]>()

  function load(name: string, rows: readonly TableRow[]): void {
    if (loaded.get(name) === rows) return
    database.exec(`DELETE FROM "${name}"`)
    const columns = TABLES.get(name)?.map(([column]) => column) ?? []
    if (rows.length > 0) {
      const statement = database.prepare(
        `INSERT INTO "${name}" VALUES (${columns.map(() => '?').join(', ')})`
      )
      // A column without a value is an empty text in osquery's tables, never NULL.
      for (const row of rows) statement.run(columns.map(column => row[column] ?? ''))
      statement.finalize()
    }
    loaded.set(name, rows)
  }

  const NONE: readonly TableRow[] = []
  return {
    answer(tables: Readonly<Record<string, readonly TableRow[]>>, sql: string): OsqueryOutput {
      for (const name of new Set(sql.match(/\b[a-z_]+\b/g) ?? []))
        if (TABLES.has(name)) load(name, tables[name] ?? NONE)
      try {
        const rows = database.all(sql)
        return { stdout: printRows(rows), stderr: '', code: 0 }
      } catch (error) {
        return {
          stdout: '[]\n',
          stderr: `Error: ${error instanceof Error ? error.message : 'failed'}\n`,
          code: 1
        }
      }
    },
    close: () => database.close()
  }
}

function printRows(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const lines = rows.map(row => {
    const columns = Object.keys(row).sort()
    return `  {${columns.map(column => `${JSON.stringify(column)}:${JSON.stringify(String(row[column] ?? ''))}`).join(',')}}`
  })
  return `[\n${lines.join(',\n')}\n]\n`
}
