import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { BUILTIN_PACKS, builtinPack } from '../../src/osquery/builtin-packs.ts'
import { modelHost } from '../support/model-host.ts'
import { type Call, osqueryPlanner, type Row, TABLE_FACTS } from '../support/osquery-planner.ts'
import { secondsOf } from '../support/query-cost.ts'
import { insertRows, schemaDatabase } from '../support/schema-database.ts'

const PLATFORM: Record<string, string> = {
  linux: 'linux',
  incident: 'linux',
  windows: 'windows',
  macos: 'macos'
}

/** How often the SQL names a table: as often it may be listed, and never once per row of another. */
const mentions = (sql: string, table: string) =>
  [...sql.matchAll(new RegExp(`\\b(?:FROM|JOIN) ${table}\\b`, 'g'))].length

const fullCalls = (calls: readonly Call[], table: string) =>
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

const textsOf = (rows: readonly object[]) =>
  rows.map(row => JSON.stringify(Object.values(row).map(value => String(value ?? '')))).sort()

describe.each(BUILTIN_PACKS)('on the tables of osquery, the pack %s', name => {
  const platform = PLATFORM[name]!
  const { queries } = builtinPack(name)!
  const host = modelHost({ processes: 120, connections: 200 })
  const versions = [TABLE_FACTS.minimum, '5.12.2', TABLE_FACTS.latest]
  const planners = versions.map(version => [version, osqueryPlanner(platform, version, host)] as const)
  afterAll(() => {
    for (const [, planner] of planners) planner.close()
  })

  test.each(queries.map(query => [query.name, query] as const))(
    '%s names no later column, constrains what must be, loses no row, and lists no table once per row of another',
    (_name, { sql }) => {
      for (const [version, planner] of planners) {
        const { rows, calls } = planner.run(sql)
        expect(textsOf(rows)).toEqual(textsOf(plainly(platform, calls, sql)))
        for (const table of new Set(calls.map(call => call.table)))
          expect({ version, table, full: fullCalls(calls, table) <= mentions(sql, table) }).toEqual({
            version,
            table,
            full: true
          })
      }
    }
  )
})

describe('the cost of the default pack', () => {
  const { queries } = builtinPack('linux')!

  test('is at most 20 seconds of CPU on a host with 300 processes', () => {
    const planner = osqueryPlanner(
      'linux',
      TABLE_FACTS.latest,
      modelHost({ processes: 300, connections: 200 })
    )
    const seconds = queries.map(({ name, sql }) => [name, secondsOf(planner.run(sql).calls)] as const)
    planner.close()
    const total = seconds.reduce((sum, [, cost]) => sum + cost, 0)
    expect(total).toBeLessThan(20)
  })

  test('is at most five seconds for any query on a host with 500 processes and 800 connections', () => {
    const planner = osqueryPlanner(
      'linux',
      TABLE_FACTS.latest,
      modelHost({ processes: 500, connections: 800 })
    )
    const slow = queries.filter(({ sql }) => secondsOf(planner.run(sql).calls) > 5).map(({ name }) => name)
    planner.close()
    expect(slow).toEqual([])
  })

  test('grows with the number of connections, not with its square', () => {
    const calls = (connections: number) => {
      const planner = osqueryPlanner('linux', TABLE_FACTS.latest, modelHost({ processes: 100, connections }))
      const { sql } = queries.find(({ name }) => name === 'outbound')!
      const result = planner.run(sql).calls
      planner.close()
      return result
    }
    for (const connections of [10, 400]) {
      expect(fullCalls(calls(connections), 'listening_ports')).toBe(1)
      expect(fullCalls(calls(connections), 'process_open_sockets')).toBe(1)
    }
  })
})

describe('on a host whose files can be listed', () => {
  const tablesOf = (name: string) => {
    const planner = osqueryPlanner('linux', TABLE_FACTS.latest, modelHost())
    const { calls } = planner.run(builtinPack('linux')!.queries.find(query => query.name === name)!.sql)
    planner.close()
    return new Set(calls.map(({ table }) => table))
  }

  test('setuid_files does not walk /tmp, where a folder that vanishes would end it', () => {
    expect(tablesOf('setuid_files')).not.toContain('suid_bin')
  })

  test('proc_mounts does not ask every file system for its state, where a dead NFS server would hold it', () => {
    expect(tablesOf('proc_mounts')).not.toContain('mounts')
  })
})

describe('rows of the default pack', () => {
  const rowsOf = (name: string, tables: Readonly<Record<string, readonly Row[]>>) => {
    const database = schemaDatabase('linux')
    for (const [table, rows] of Object.entries(tables)) insertRows(database, table, rows)
    const rows = database.all(builtinPack('linux')!.queries.find(query => query.name === name)!.sql)
    database.close()
    return rows
  }

  test('hidden_files has neither `.` nor `..`, which osquery lists as hidden', () => {
    const file = ['/tmp/./', '/tmp/../', '/tmp/.x'].map(path => ({ path, type: 'directory' }))
    expect(rowsOf('hidden_files', { file }).map(({ path }) => path)).toEqual(['/tmp/.x'])
  })

  test('core_programs has one row for a file that two packages claim, with the version of its owner', () => {
    const rows = rowsOf('core_programs', {
      file: [{ path: '/usr/bin/passwd' }, { path: '/usr/bin/curl' }],
      hash: [
        { path: '/usr/bin/passwd', sha256: 'p' },
        { path: '/usr/bin/curl', sha256: 'c' }
      ],
      rpm_packages: [
        { name: 'passwd', version: '0.80', release: '4' },
        { name: 'shadow-utils', version: '4.9', release: '1' },
        { name: 'curl-minimal', version: '8.5', release: '2' }
      ]
    })
    expect(rows.map(({ path, version }) => [path, version]).sort()).toEqual([
      ['/usr/bin/curl', '8.5-2'],
      ['/usr/bin/passwd', '0.80-4']
    ])
  })

  test('programs keeps a process whose parent is not listed', () => {
    const processes = [{ pid: 9, parent: 8, path: '/usr/sbin/x', uid: 0, on_disk: 1, cgroup_path: '' }]
    expect(rowsOf('programs', { processes }).map(({ path }) => path)).toEqual(['/usr/sbin/x'])
  })

  test.each([
    ['10.1.2.3', 'private'],
    ['172.31.0.9', 'private'],
    ['172.32.0.9', 'public'],
    ['100.64.0.1', 'private'],
    ['100.128.0.1', 'public'],
    ['::ffff:192.168.0.1', 'private'],
    ['::ffff:203.0.113.9', 'public'],
    ['fd00::1', 'private'],
    ['fe80::1', 'private'],
    ['2001:db8::1', 'public']
  ])('outbound calls %s %s', (remote_address, peer) => {
    const rows = rowsOf('outbound', {
      processes: [{ pid: 9, path: '/usr/bin/x' }],
      process_open_sockets: [
        { pid: 9, family: 2, protocol: 6, local_port: 40_000, remote_port: 443, remote_address }
      ]
    })
    expect(rows.map(row => row.peer)).toEqual([peer])
  })

  test('no text is longer than 4,096 characters, however long the arguments of a process are', () => {
    const cmdline = 'x'.repeat(100_000)
    const processes = [{ pid: 9, parent: 1, path: '/tmp/x', name: 'x', cmdline, uid: 0, on_disk: 1 }]
    for (const name of ['temporary_programs', 'programs', 'network_commands'])
      for (const row of rowsOf(name, { processes }))
        for (const value of Object.values(row)) expect(String(value).length).toBeLessThanOrEqual(4_096)
  })
})

describe('the model of the planner', () => {
  const run = (sql: string, version = TABLE_FACTS.latest) => {
    const planner = osqueryPlanner('linux', version, modelHost())
    try {
      return planner.run(sql)
    } finally {
      planner.close()
    }
  }

  test('refuses a table without its required column', () => {
    jest.spyOn(console, 'warn').mockImplementation(() => {})
    expect(() => run('SELECT path FROM file')).toThrow(/SQLITE_CONSTRAINT/)
    jest.restoreAllMocks()
  })

  test('gives no rows for a folder of extended attributes, as osquery on Linux', () => {
    expect(run("SELECT path FROM extended_attributes WHERE directory = '/usr/bin'").rows).toEqual([])
    expect(run("SELECT path FROM extended_attributes WHERE path LIKE '/usr/bin/%'").rows).not.toEqual([])
  })

  test('takes rows of two folders for one row where a table has no key, as SQLite does with osquery', () => {
    const both = "SELECT path FROM extended_attributes WHERE path LIKE '/opt/%' OR path LIKE '/srv/%'"
    const one = "SELECT path FROM extended_attributes WHERE path LIKE '/opt/%'"
    expect(run(both).rows).toHaveLength(run(one).rows.length)
    expect(run(both.replace('extended_attributes', 'file')).rows).toHaveLength(2 * run(one).rows.length)
  })

  test('refuses a column that the version does not have', () => {
    expect(() => run('SELECT unit_file_state FROM systemd_units', '5.7.0')).toThrow(/no such column/)
  })

  test('counts a table that is listed once per row', () => {
    const { calls } = run(
      'SELECT 1 FROM processes p WHERE NOT EXISTS (SELECT 1 FROM listening_ports l WHERE l.pid = p.pid)'
    )
    expect(fullCalls(calls, 'listening_ports')).toBe(300)
  })
})
