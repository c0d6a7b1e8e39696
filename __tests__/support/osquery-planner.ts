import { readFileSync } from 'node:fs'
import initialize from '@sqlite.org/sqlite-wasm'

/** A column of an osquery table: its type, its options, and the versions that have it (all of 5.x by default). */
type ColumnFacts = readonly [type: string, options?: string, first?: string, last?: string]

interface TableFacts {
  readonly columns: Readonly<Record<string, ColumnFacts>>
  /** Columns that the spec marks as constraints, and that the table's source does not read. */
  readonly ignored?: readonly string[]
  /** Without a user id, the table has rows of the current user only. */
  readonly userBased?: true
}

interface Facts {
  readonly minimum: string
  readonly latest: string
  readonly platforms: Readonly<Record<string, Readonly<Record<string, TableFacts>>>>
}

/** What the specs and sources of osquery say about the tables that the packs ask. */
export const TABLE_FACTS: Facts = JSON.parse(
  readFileSync(new URL('../../simulator/osquery/table-facts.json', import.meta.url), 'utf8')
)

export type Value = string | number
export type Row = Readonly<Record<string, Value>>

/** The constraints of one call that the table reads, by column: values to equal, and patterns of LIKE. */
export interface Constraints {
  readonly equals: ReadonlyMap<string, readonly Value[]>
  readonly like: ReadonlyMap<string, readonly string[]>
}

/** A model of a host: the rows that a table generates for the constraints of one call. */
export type Generate = (table: string, constraints: Constraints) => readonly Row[]

/** One call of a table's generator. */
export interface Call {
  readonly table: string
  /** No constraint reached the table: it lists everything. */
  readonly full: boolean
  /** The constraints of the call, as one text. */
  readonly constraint: string
  readonly rows: readonly Row[]
}

const EQUALS = 2
const LIKE = 65
/** Comparisons by order, which osquery ignores for text (`sensibleComparison` in sql/virtual_table.cpp). */
const BY_ORDER = new Set([4, 8, 16, 32])
const MAX_COST = 1_000_000
const SQLITE_CONSTRAINT = 19

interface IndexInfo {
  readonly $nConstraint: number
  nthConstraint(index: number): { readonly $iColumn: number; readonly $op: number; readonly $usable: number }
  nthConstraintUsage(index: number): { $argvIndex: number }
  $idxNum: number
  $estimatedCost: number
  dispose(): void
}

interface Allocator {
  create(result: number): { readonly pointer: number }
  dispose(pointer: number): void
}

/** The part of SQLite's WebAssembly interface for virtual tables; the types of the package lack it. */
interface Sqlite {
  readonly capi: {
    sqlite3_declare_vtab(database: number, sql: string): number
    sqlite3_create_module(database: number, name: string, module: number, aux: number): number
    sqlite3_values_to_js(count: number, values: number): (Value | null)[]
    sqlite3_result_js(context: number, value: Value): void
  }
  readonly vtab: {
    readonly xVtab: Allocator
    readonly xCursor: Allocator
    readonly xIndexInfo: (pointer: number) => IndexInfo
    xRowid(result: number, rowid: number): void
    setupModule(options: object): { readonly pointer: number }
  }
  readonly oo1: {
    DB: new (
      name: string
    ) => {
      readonly pointer: number
      exec(sql: string): void
      selectObjects(sql: string): Row[]
      close(): void
    }
  }
}

// Errors are thrown; without this SQLite prints them too.
Object.assign(globalThis, { sqlite3ApiConfig: { warn: () => {} } })
const sqlite = (await initialize()) as unknown as Sqlite
const { capi, vtab } = sqlite

interface Plan {
  readonly constraints: readonly { readonly column: string; readonly op: number }[]
}

interface Cursor {
  rows: readonly Row[]
  at: number
}

/**
 * SQLite with osquery's tables as virtual tables. They choose constraints as osquery does (`xBestIndex` and `xFilter` in
 * sql/virtual_table.cpp, without the IN lists that newer versions pass at once), so that the plan of a query is the one
 * that a host would run; a call without a required column fails, as there.
 * @param version which osquery: later columns do not exist
 */
export function osqueryPlanner(platform: string, version: string, generate: Generate) {
  const database = new sqlite.oo1.DB(':memory:')
  const calls: Call[] = []
  for (const [name, facts] of Object.entries(TABLE_FACTS.platforms[platform] ?? {})) {
    const columns = Object.entries(facts.columns).filter(([, column]) => exists(column, version))
    if (columns.length > 0) addTable(name, facts, columns)
  }

  function addTable(name: string, facts: TableFacts, columns: readonly (readonly [string, ColumnFacts])[]) {
    const has = (column: string, ...options: string[]) =>
      options.some(option => facts.columns[column]?.[1]?.split(' ').includes(option))
    const required = columns.map(([column]) => column).filter(column => has(column, 'required'))
    const plans: Plan[] = []
    const cursors = new Map<number, Cursor>()
    const declaration = declarationOf(columns, has)
    const methods = {
      xConnect(db: number, _aux: number, _argc: number, _argv: number, table: number) {
        const code = capi.sqlite3_declare_vtab(db, `CREATE TABLE x${declaration}`)
        if (code === 0) vtab.xVtab.create(table)
        return code
      },
      xCreate: true,
      xDisconnect(table: number) {
        vtab.xVtab.dispose(table)
        return 0
      },
      xDestroy: true,
      xBestIndex(_table: number, pointer: number) {
        const info = vtab.xIndexInfo(pointer)
        const constraints: { column: string; op: number }[] = []
        let cost = MAX_COST
        for (let index = 0; index < info.$nConstraint; index++) {
          const { $iColumn, $op, $usable } = info.nthConstraint(index)
          const [column = '', [type = ''] = []] = columns[$iColumn] ?? []
          if ($usable === 0 || column === '' || (type === 'TEXT' && BY_ORDER.has($op))) continue
          if (!has(column, 'required', 'index', 'additional')) continue
          cost = 1
          constraints.push({ column, op: $op })
          info.nthConstraintUsage(index).$argvIndex = constraints.length
        }
        if (required.length > 0 && !constraints.some(({ column }) => required.includes(column)))
          cost = MAX_COST
        info.$idxNum = plans.push({ constraints }) - 1
        info.$estimatedCost = cost
        info.dispose()
        return 0
      },
      xOpen(_table: number, cursor: number) {
        const { pointer } = vtab.xCursor.create(cursor)
        cursors.set(pointer, { rows: [], at: 0 })
        return 0
      },
      xClose(cursor: number) {
        cursors.delete(cursor)
        vtab.xCursor.dispose(cursor)
        return 0
      },
      xFilter(pointer: number, plan: number, _text: number, count: number, values: number) {
        const constraints = plans[plan]?.constraints ?? []
        if (required.length > 0 && !constraints.some(({ column }) => required.includes(column)))
          return SQLITE_CONSTRAINT
        const given = count === 0 ? [] : capi.sqlite3_values_to_js(count, values)
        const equals = new Map<string, Value[]>()
        const like = new Map<string, string[]>()
        constraints.forEach(({ column, op }, index) => {
          const value = given[index]
          // As in osquery: neither NULL nor an empty text reaches the table.
          if (value === null || value === undefined || value === '') return
          if (facts.ignored?.includes(column)) return
          if (op === EQUALS) equals.set(column, [...(equals.get(column) ?? []), value])
          if (op === LIKE) like.set(column, [...(like.get(column) ?? []), String(value)])
        })
        const nothing = equals.size + like.size === 0
        const rows = required.length > 0 && nothing ? [] : generate(name, { equals, like })
        calls.push({ table: name, full: nothing, constraint: JSON.stringify([[...equals], [...like]]), rows })
        cursors.set(pointer, { rows, at: 0 })
        return 0
      },
      xNext(pointer: number) {
        const cursor = cursors.get(pointer)
        if (cursor !== undefined) cursor.at++
        return 0
      },
      xEof(pointer: number) {
        const cursor = cursors.get(pointer)
        return cursor === undefined || cursor.at >= cursor.rows.length ? 1 : 0
      },
      xColumn(pointer: number, context: number, index: number) {
        const cursor = cursors.get(pointer)
        capi.sqlite3_result_js(context, cursor?.rows[cursor.at]?.[columns[index]?.[0] ?? ''] ?? '')
        return 0
      },
      xRowid(pointer: number, result: number) {
        vtab.xRowid(result, cursors.get(pointer)?.at ?? 0)
        return 0
      }
    }
    const module = vtab.setupModule({ catchExceptions: true, methods })
    capi.sqlite3_create_module(database.pointer, name, module.pointer, 0)
    database.exec(`CREATE VIRTUAL TABLE temp."${name}" USING "${name}"`)
  }

  return {
    /** Runs a statement. @throws Error as osquery does: a column that does not exist, a required one without constraint */
    run(sql: string): { rows: Row[]; calls: readonly Call[] } {
      calls.length = 0
      const rows = database.selectObjects(sql)
      return { rows, calls: [...calls] }
    },
    close: () => database.close()
  }
}

/**
 * Columns and primary key as osquery declares them (`columnDefinition` in core/tables.cpp). Rows of a table without a
 * key are numbered from 0 in every call, so that an OR of several constraints takes rows of equal number for one row.
 */
function declarationOf(
  columns: readonly (readonly [string, ColumnFacts])[],
  has: (column: string, ...options: string[]) => boolean
): string {
  const names = columns.map(([column]) => column)
  const keys = names.filter(column => has(column, 'index', 'additional'))
  const key = names.some(column => has(column, 'index')) ? keys : keys.length > 0 ? names : []
  const definitions = columns.map(([column, [type]]) => `"${column}" ${type}`)
  if (key.length === 0) return `(${definitions.join(', ')})`
  return `(${definitions.join(', ')}, PRIMARY KEY (${key.map(column => `"${column}"`).join(', ')})) WITHOUT ROWID`
}

/** The oldest and the newest version, and those between that have a column more or less than the one before. */
export function versionsOf(platform: string): string[] {
  const { minimum, latest, platforms } = TABLE_FACTS
  const changes = Object.values(platforms[platform] ?? {}).flatMap(({ columns }) =>
    Object.values(columns).flatMap(([, , first = '', last = '']) => [first, last])
  )
  const between = changes.filter(
    version => version !== '' && compare(version, minimum) > 0 && compare(version, latest) < 0
  )
  return [...new Set([minimum, ...between.sort(compare), latest])]
}

function exists([, , first = '', last = '']: ColumnFacts, version: string): boolean {
  return (first === '' || compare(version, first) >= 0) && (last === '' || compare(version, last) <= 0)
}

/** Compares versions part by part. */
function compare(left: string, right: string): number {
  const [a, b] = [left.split('.'), right.split('.')]
  for (let index = 0; index < 3; index++) {
    const difference = Number(a[index] ?? 0) - Number(b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
