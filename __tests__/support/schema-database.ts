import { readFileSync } from 'node:fs'
import sqlite from 'node-sqlite3-wasm'

interface Table {
  name: string
  platforms: string[]
  columns: [name: string, type: string][]
  only?: Record<string, string[]>
  required?: string[]
}

export const TABLES: Table[] = JSON.parse(
  readFileSync(new URL('../../simulator/osquery/schema.json', import.meta.url), 'utf8')
).tables

/** An empty SQLite database with the tables and columns that osquery has on a platform. */
export function schemaDatabase(platform: string) {
  const database = new sqlite.Database(':memory:')
  for (const table of TABLES) {
    if (!table.platforms.includes(platform)) continue
    const columns = table.columns.filter(([name]) => table.only?.[name]?.includes(platform) ?? true)
    database.exec(
      `CREATE TABLE "${table.name}" (${columns.map(([name, type]) => `"${name}" ${type.replace('UNSIGNED_BIGINT', 'BIGINT')}`).join(', ')})`
    )
  }
  return database
}

/** Fills a table. A column without a value is an empty text, as osquery prints it. */
export function insertRows(
  database: ReturnType<typeof schemaDatabase>,
  table: string,
  rows: readonly Readonly<Record<string, string | number>>[]
): void {
  const columns = database
    .all(`SELECT name FROM pragma_table_info('${table}')`)
    .map(({ name }) => String(name))
  const statement = database.prepare(`INSERT INTO "${table}" VALUES (${columns.map(() => '?').join(', ')})`)
  for (const row of rows) statement.run(columns.map(column => row[column] ?? ''))
  statement.finalize()
}
