import { afterAll, describe, expect, test } from '@jest/globals'
import { BUILTIN_PACKS, builtinPack } from '../../src/osquery/builtin-packs.ts'
import { modelHost } from '../support/model-host.ts'
import { type Call, osqueryPlanner, type Row, TABLE_FACTS } from '../support/osquery-planner.ts'
import { secondsOf } from '../support/query-cost.ts'
import { queryProblems } from '../support/query-problems.ts'
import { insertRows, schemaDatabase } from '../support/schema-database.ts'

const PLATFORM: Record<string, string> = {
  linux: 'linux',
  incident: 'linux',
  windows: 'windows',
  macos: 'macos'
}

describe.each(BUILTIN_PACKS)('on the tables of osquery, the pack %s', name => {
  const { queries } = builtinPack(name)!
  const problems = queryProblems(PLATFORM[name]!)
  afterAll(() => problems.close())

  test.each(queries.map(query => [query.name, query] as const))(
    '%s runs on every version, constrains what must be, loses no row, and lists no table once per row of another',
    (_name, { sql, version }) => expect(problems.of(sql, version)).toEqual([])
  )
})

describe('a query that osquery would answer wrongly is refused', () => {
  const problems = queryProblems('linux')
  afterAll(() => problems.close())

  test.each([
    [
      'capabilities by folder, which Linux does not read',
      "SELECT path FROM extended_attributes WHERE directory IN ('/usr/bin', '/usr/sbin')",
      /constrains extended_attributes by nothing that the table reads/
    ],
    ['digests of no path', 'SELECT sha256 FROM hash', /constraint failed/],
    [
      'files by a comparison of order, which osquery drops',
      "SELECT path FROM file WHERE path >= '/etc/' AND path < '/etd'",
      /constraint failed/
    ],
    [
      'files by a column that does not select',
      "SELECT path FROM file WHERE filename = 'x'",
      /constraint failed/
    ],
    [
      'a digest for each process, not for each program',
      'SELECT p.pid, h.sha256 FROM processes p JOIN hash h ON h.path = p.path',
      /reads one file again and again: hash/
    ],
    [
      'processes for each process, by a column that is no index',
      'SELECT p.pid FROM processes p WHERE EXISTS (SELECT 1 FROM processes c WHERE c.parent = p.pid)',
      /lists processes once per row/
    ],
    [
      'listeners for each connection',
      `SELECT s.pid FROM process_open_sockets s
       WHERE NOT EXISTS (SELECT 1 FROM listening_ports l WHERE l.pid = s.pid AND l.port = s.local_port)`,
      /lists listening_ports once per row/
    ],
    ['keys without an account', 'SELECT key FROM authorized_keys', /authorized_keys for the current user/],
    [
      'keys in an order that SQLite may turn',
      'SELECT u.username, k.key FROM authorized_keys k, users u WHERE k.uid = u.uid',
      /authorized_keys for the current user/
    ],
    [
      'attributes of two folders in one condition',
      "SELECT path FROM extended_attributes WHERE path LIKE '/opt/%' OR path LIKE '/srv/%'",
      /loses rows/
    ],
    [
      'a column of osquery 5.17',
      "SELECT symlink_target_path FROM file WHERE path LIKE '/etc/%'",
      /5\.8\.0: .*no such column/
    ],
    ['a table of another platform', 'SELECT name FROM services', /no such table/],
    ['what no host has', "SELECT pid FROM processes WHERE path = '' AND path != ''", /finds nothing/]
  ])('%s', (_what, sql, problem) => expect(problems.of(sql).join('\n')).toMatch(problem))
})

const fullCalls = (calls: readonly Call[], table: string) =>
  calls.filter(call => call.table === table && call.full).length

describe('the cost of the default pack', () => {
  const { queries } = builtinPack('linux')!

  test('is at most 20 seconds of CPU on a host with 300 processes', () => {
    const planner = osqueryPlanner(
      'linux',
      TABLE_FACTS.latest,
      modelHost({ processes: 300, connections: 200, osqueryPid: 60_000 })
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
      modelHost({ processes: 500, connections: 800, osqueryPid: 60_000 })
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

  test('hidden_parents sees a parent that answers to its number and is in no list', () => {
    const child = { pid: 9, parent: 8, path: '/usr/bin/sh' }
    const planner = osqueryPlanner('linux', TABLE_FACTS.latest, (table, { equals }) => {
      if (table !== 'processes') return []
      const asked = Number(equals.get('pid')?.[0])
      return asked === 8 ? [{ pid: 8, parent: 1, path: '/usr/bin/x' }] : [child]
    })
    const { sql } = builtinPack('linux')!.queries.find(({ name }) => name === 'hidden_parents')!
    expect(planner.run(sql).rows.map(({ parent }) => parent)).toEqual([8])
    planner.close()
  })

  test('hidden_processes has no thread, which answers to its number too', () => {
    const rows = rowsOf('hidden_processes', {
      osquery_info: [{ pid: 90 }],
      processes: [{ pid: 90 }, { pid: 40, name: 'java' }],
      file: [{ path: '/proc/40/task/41/' }]
    })
    expect(rows).toEqual([])
  })

  test.each(['pgroup', 'parent'])(
    'hidden_processes asks for what a listed process names as its %s, whatever its number',
    column => {
      const listed = [{ pid: 90_000 }, { pid: 41, name: 'sh', parent: 1, pgroup: 41, [column]: 30_000 }]
      const hidden = { pid: 30_000, parent: 1, pgroup: 30_000, name: 'upd', path: '/usr/bin/upd' }
      const planner = osqueryPlanner('linux', TABLE_FACTS.latest, (table, { equals }) => {
        if (table === 'osquery_info') return [{ pid: 90_000 }]
        if (table !== 'processes') return []
        const asked = equals.get('pid')
        if (asked === undefined) return listed
        return [...listed, hidden].filter(({ pid }) => asked.map(Number).includes(pid))
      })
      const { sql } = builtinPack('linux')!.queries.find(({ name }) => name === 'hidden_processes')!
      expect(planner.run(sql).rows.map(({ pid }) => pid)).toEqual([30_000])
      planner.close()
    }
  )

  test('proc_mounts has a folder over a process, whose device osquery does not tell', () => {
    const row = { type: 'directory', device: 0 }
    const file = [
      { ...row, path: '/proc/40/', mode: '0555', size: 0, inode: 1 },
      { ...row, path: '/proc/41/', mode: '0755', size: 40, inode: 2 },
      { ...row, path: '/proc/42/', mode: '0555', size: 0, inode: 3 },
      { ...row, path: '/proc/43/', mode: '0555', size: 0, inode: 3 }
    ]
    expect(rowsOf('proc_mounts', { file }).map(({ path }) => path)).toEqual(['/proc/41', '/proc/43'])
  })

  test('privileged_containers has one that shares the process namespace of the host, which is a number', () => {
    const rows = rowsOf('privileged_containers', {
      osquery_info: [{ pid: 90 }],
      process_namespaces: [{ pid: 90, pid_namespace: '4026531836' }],
      docker_containers: [
        { image: 'a', privileged: 0, pid_namespace: '4026531836' },
        { image: 'b', privileged: 0, pid_namespace: '4026532999' },
        { image: 'stopped', privileged: 0, pid_namespace: '' }
      ]
    })
    expect(rows.map(({ image }) => image)).toEqual(['a'])
  })

  describe('vendor_files', () => {
    const INSTALLED = 1_700_000_000
    const paths = (tables: Readonly<Record<string, readonly Row[]>>) =>
      rowsOf('vendor_files', tables).map(({ path }) => path)
    const file = (path: string, ctime: number) => ({ path, ctime, type: 'regular', symlink: 0 })
    const list = file('/var/lib/dpkg/info/procps.list', INSTALLED)

    test('has a file that changed while nothing was installed, and none that a package brought', () => {
      expect(
        paths({
          file: [
            list,
            file('/usr/bin/ps', INSTALLED - 30),
            file('/usr/bin/top', INSTALLED + 400),
            file('/usr/lib/systemd/system/cron.service', INSTALLED + 86_400)
          ]
        })
      ).toEqual(['/usr/lib/systemd/system/cron.service'])
    })

    test('knows when rpm installed what', () => {
      const rpm_packages = [{ name: 'procps-ng', install_time: INSTALLED }]
      expect(
        paths({
          rpm_packages,
          file: [file('/usr/bin/ps', INSTALLED + 900), file('/usr/bin/upd', INSTALLED + 86_400)]
        })
      ).toEqual(['/usr/bin/upd'])
    })

    test('has one row for an image that was copied file by file', () => {
      const copied = Array.from({ length: 400 }, (_, index) =>
        file(`/usr/bin/x${index}`, INSTALLED + 86_400 + (index % 60))
      )
      expect(paths({ file: [list, ...copied] })).toEqual(['/usr/'])
    })
  })

  test('credential_readers has a program that holds the memory of another open, and none that holds its own', () => {
    const rows = rowsOf('credential_readers', {
      processes: [7, 8, 9].map(pid => ({ pid, path: `/usr/bin/x${pid}`, uid: 0 })),
      process_open_files: [
        { pid: 7, path: '/proc/7/mem' },
        { pid: 8, path: '/proc/7/mem' },
        { pid: 9, path: '/root/.ssh/id_ed25519' },
        { pid: 9, path: '/root/.ssh/identity' },
        { pid: 9, path: '/usr/share/mem' }
      ]
    })
    expect(rows.map(({ path, open_file }) => [path, open_file])).toEqual([
      ['/usr/bin/x8', '/proc/PID/mem'],
      ['/usr/bin/x9', '/root/.ssh/id_ed25519']
    ])
  })

  describe('the packages of files', () => {
    const file = (path: string) => ({ path, type: 'regular', symlink: 0 })
    const HOST = {
      processes: ['/usr/bin/own', '/usr/bin/evil', '/opt/acme/agent', '/opt/ours/app', '/usr/bin/inside'].map(
        (path, pid) => ({ pid, path })
      ),
      file: [
        '/usr/bin/own',
        '/usr/bin/evil',
        '/opt/acme/agent',
        '/opt/ours/app',
        '/usr/lib/systemd/system/x.service',
        '/etc/cron.d/sysstat',
        '/etc/cron.d/ours'
      ].map(file)
    }
    const FILES = [
      { package: 'own', path: '/bin/own' },
      { package: 'acme', path: '/opt/acme/agent' },
      { package: 'sysstat', path: '/etc/cron.d/sysstat' }
    ]
    const EXPECTED = [
      ['/etc/cron.d/sysstat', 'sysstat'],
      ['/opt/acme/agent', 'acme'],
      ['/usr/bin/evil', 'none'],
      ['/usr/lib/systemd/system/x.service', 'none']
    ]
    const owners = (query: string, tables: Readonly<Record<string, readonly Row[]>>) =>
      rowsOf(query, tables)
        .map(row => [row.path, row.package])
        .sort()

    test.each([
      ['deb_owners', 'deb_package_files'],
      ['rpm_owners', 'rpm_package_files']
    ])(
      '%s lists what belongs to none in a package folder and to one elsewhere, and no program of a container',
      (query, table) => {
        expect(owners(query, { ...HOST, [table]: FILES })).toEqual(EXPECTED)
        expect(owners(query, HOST)).toEqual([])
      }
    )

    test('changed_package_files has a running program with another digest than its package, in any version', () => {
      const [package_, mode] = ['x', '0755']
      const [good, bad] = ['a'.repeat(64), 'b'.repeat(64)]
      const rows = rowsOf('changed_package_files', {
        ...HOST,
        hash: HOST.file.map(({ path }) => ({ path, sha256: good })),
        rpm_package_files: [
          { package: package_, mode, path: '/usr/bin/own', sha256: bad },
          { package: package_, mode, path: '/usr/bin/own', sha256: good.toUpperCase() },
          { package: package_, mode, path: '/usr/bin/evil', sha256: bad },
          { package: package_, mode, path: '/opt/acme/agent', sha256: '' },
          { package: package_, mode: '0644', path: '/etc/cron.d/sysstat', sha256: bad }
        ]
      })
      expect(rows.map(({ path, sha256, expected_sha256 }) => [path, sha256, expected_sha256])).toEqual([
        ['/usr/bin/evil', good, bad]
      ])
    })
  })

  test('unowned_connections has a connection without a process, and none that ended', () => {
    const row = {
      family: 2,
      protocol: 6,
      local_port: 40_000,
      remote_address: '203.0.113.9',
      remote_port: 443
    }
    const rows = rowsOf('unowned_connections', {
      process_open_sockets: [
        { ...row, pid: -1, socket: 5_000, state: 'ESTABLISHED' },
        { ...row, pid: -1, socket: 0, state: 'TIME_WAIT', remote_port: 80 },
        { ...row, pid: 9, socket: 5_001, state: 'ESTABLISHED', remote_port: 22 }
      ]
    })
    expect(rows.map(({ remote_port, peer }) => [remote_port, peer])).toEqual([[443, 'public']])
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
    expect(() => run('SELECT path FROM file')).toThrow(/SQLITE_CONSTRAINT/)
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
