import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  addFile,
  addListener,
  addRow,
  addUnit,
  type SimulatedHost,
  type TableRow
} from '../../simulator/fleet/host.ts'
import { seededRandom } from '../../simulator/fleet/random.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { connect, instance, NEW_PID, own, pidOf, run, VENDOR_UNITS } from '../support/host-changes.ts'
import { packFleet } from '../support/pack-fleet.ts'
import { insertRows, schemaDatabase } from '../support/schema-database.ts'

const JUDGED = builtinPack('linux')!.queries.filter(
  ({ weight, sql }) => weight !== 'context' && /\b(?:FROM|JOIN) processes\b/.test(sql)
)
const PID = 4_711

/** The processes of a healthy host, and the collector's. */
const HOST = [
  [1, 0, '/usr/lib/systemd/systemd', '/init.scope'],
  [10, 1, '/usr/sbin/sshd', '/system.slice/ssh.service'],
  [11, 10, '/usr/sbin/sshd', '/user.slice/user-1000.slice/session-3.scope'],
  [12, 11, '/usr/bin/bash', '/user.slice/user-1000.slice/session-3.scope'],
  [20, 1, '/usr/sbin/nginx', '/system.slice/nginx.service'],
  [30, 1, '/usr/bin/dpkg', '/system.slice/apt-daily-upgrade.service'],
  [40, 1, '/usr/bin/containerd-shim-runc-v2', '/system.slice/containerd.service'],
  [50, 1, '/usr/bin/amazon-ssm-agent', '/system.slice/amazon-ssm-agent.service'],
  [51, 50, '/usr/bin/ssm-session-worker', '/system.slice/amazon-ssm-agent.service'],
  [60, 50, '/usr/bin/dash', '/system.slice/amazon-ssm-agent.service'],
  [61, 60, '/usr/bin/timeout', '/system.slice/amazon-ssm-agent.service'],
  [62, 61, '/opt/osquery/bin/osqueryd', '/system.slice/amazon-ssm-agent.service']
].map(([pid, parent, path, cgroup_path]) => ({
  pid: pid!,
  parent: parent!,
  path: path!,
  cgroup_path: cgroup_path!,
  name: pid === 62 ? 'osqueryi' : String(path).split('/').at(-1)!,
  cmdline: path!,
  uid: 0,
  state: 'S',
  on_disk: 1,
  threads: 1
}))

describe('what an intruder can choose hides no process', () => {
  const anyProcess = fc.record({
    path: fc.constantFrom(
      ...'/usr/lib/apt/x /usr/bin/socat /usr/bin/bash /usr/bin/dash /usr/bin/python3.11 /usr/bin/dpkg'.split(
        ' '
      ),
      ...'/usr/sbin/sshd /usr/bin/login /usr/bin/ssm-session-worker /tmp/x /home/a/.x/y /opt/x/y /srv/x'.split(
        ' '
      ),
      ...'/usr/local/bin/x /memfd:x /memfd:runc_cloned:/proc/self/exe /snap/x/1/y /opt/osquery/bin/osqueryd'.split(
        ' '
      ),
      ...'/usr/lib/systemd/systemd /usr/libexec/packagekitd /var/lib/x/y /x /usr/bin/timeout'.split(' ')
    ),
    deleted: fc.constantFrom('', ' (deleted)'),
    name: fc.constantFrom('x', 'sh', 'osqueryi', 'osqueryd', 'runc', 'kworker/0:1', 'nginx'),
    cmdline: fc.constantFrom(
      '',
      'x',
      '/bin/sh /usr/lib/apt/apt.systemd.daily install',
      'python3 -s /usr/bin/dnf',
      '[kworker/0:1]'
    ),
    cgroup_path: fc.constantFrom(
      ...'/ /user.slice/user-0.slice /system.slice/apt-daily-x.service /docker/x /kubepods/x'.split(' '),
      ...'/system.slice/docker-x.service /system.slice/packagekit.service /lxc/x'.split(' ')
    ),
    parent: fc.constantFrom(...HOST.map(({ pid }) => pid).filter(pid => Number(pid) < 60), 999_999),
    uid: fc.constantFrom(0, 33, 1_000, 65_534),
    on_disk: fc.constantFrom(0, 1),
    pid_namespace: fc.constantFrom('', 'own', 'other'),
    state: fc.constantFrom('S', 'R')
  })

  test('every program that runs is in a query that accuses', () => {
    const database = schemaDatabase('linux')
    insertRows(database, 'osquery_info', [{ pid: 62, version: '5.23.1' }])
    insertRows(database, 'users', [
      { uid: 0, username: 'root' },
      { uid: 33, username: 'www-data' },
      { uid: 1_000, username: 'alice' }
    ])
    fc.assert(
      fc.property(anyProcess, ({ deleted, pid_namespace, path, ...process }) => {
        for (const table of ['processes', 'process_namespaces']) database.exec(`DELETE FROM ${table}`)
        insertRows(database, 'processes', [
          ...HOST,
          { ...process, pid: PID, path: path + deleted, threads: 1 }
        ])
        if (pid_namespace !== '')
          insertRows(database, 'process_namespaces', [
            { pid: 62, pid_namespace: 'own' },
            { pid: PID, pid_namespace }
          ])
        const seen = JUDGED.filter(({ sql }) => database.all(sql).some(({ pid }) => Number(pid) === PID))
        expect(seen.length).toBeGreaterThan(0)
      }),
      { numRuns: 400, seed: 1 }
    )
    database.close()
  })
})

/** Starts a program that talks to a public address. */
function implant(host: SimulatedHost, path: string, columns: TableRow = {}): void {
  connect(host, run(host, path, path, columns), '203.0.113.66')
}

const SHELTERS: readonly (readonly [string, (host: SimulatedHost) => void])[] = [
  [
    'a tool of the system in a unit that is named as one of apt',
    host => implant(host, '/usr/bin/gawk', { cgroup_path: '/system.slice/apt-daily-fix.service' })
  ],
  [
    'a tool of the system in a unit that is named as PackageKit',
    host => implant(host, '/usr/bin/gawk', { cgroup_path: '/system.slice/packagekit-x.service' })
  ],
  [
    'a child of dpkg',
    host =>
      implant(host, '/usr/bin/gawk', {
        parent: run(host, '/usr/bin/dpkg', 'dpkg', { pid: NEW_PID + 1 })
      })
  ],
  ['a program in the folder of apt', host => implant(host, '/usr/lib/apt/methods/upd')],
  [
    'a deleted program in a unit that is named as a container',
    host =>
      implant(host, '/usr/local/sbin/updd', { on_disk: 0, cgroup_path: '/system.slice/docker-upd.service' })
  ],
  [
    'a deleted program in a process namespace of its own',
    host => {
      const osquery = Number(host.tables.osquery_info?.[0]?.pid)
      addRow(host, 'process_namespaces', { pid: osquery, pid_namespace: '1' })
      addRow(host, 'process_namespaces', { pid: NEW_PID, pid_namespace: '2' })
      run(host, '/usr/local/sbin/updd', 'updd', { on_disk: 0 })
    }
  ],
  [
    'a program from memory with the name of a container that starts',
    host =>
      run(host, '/memfd:runc_cloned:/proc/self/exe', 'x', {
        on_disk: 0,
        parent: pidOf(host, '/usr/sbin/cron')
      })
  ],
  [
    'a program from memory that its container runtime started',
    host => {
      const parent = run(host, '/usr/bin/runc', 'runc', { pid: NEW_PID + 1 })
      implant(host, '/memfd:runc_cloned:/proc/self/exe', { on_disk: 0, parent })
    }
  ],
  [
    'a root shell that was moved into the slice of a person',
    host => implant(host, '/usr/bin/bash', { cgroup_path: '/user.slice/user-1000.slice/session-9.scope' })
  ],
  [
    'Python of the web account in the slice of a person',
    host => implant(host, '/usr/bin/python3.11', { uid: 33, cgroup_path: '/user.slice/user-33.slice' })
  ],
  [
    'Python of a person who is logged in',
    host => implant(host, '/usr/bin/python3.11', { uid: 1_000, cgroup_path: '/user.slice/user-1000.slice' })
  ],
  [
    'a port of Python in a unit of a person that lingers',
    host => {
      const cgroup_path = '/user.slice/user-1000.slice/user@1000.service/app.slice/share.service'
      const pid = run(host, '/usr/bin/python3.11', 'python3 -m http.server', { uid: 1_000, cgroup_path })
      addListener(host, seededRandom(1), pid, 6, '0.0.0.0', 8_000)
    }
  ],
  [
    'Python that a shell of cron started as the web account',
    host => {
      const parent = run(host, '/usr/bin/dash', 'sh -c python3 -', { uid: 33, pid: NEW_PID + 1 })
      implant(host, '/usr/bin/python3.11', { uid: 33, parent })
    }
  ],
  [
    'a job of cron, which Red Hat puts into the slice of its user',
    host => implant(host, '/usr/bin/gawk', { cgroup_path: '/user.slice/user-0.slice/session-c3.scope' })
  ],
  [
    'a unit in the folder of packages that never ends to start',
    host => {
      addRow(host, 'systemd_units', instance('upd.service', 'upd.service', { active_state: 'activating' }))
      implant(host, '/usr/lib/upd/upd', { cgroup_path: '/system.slice/upd.service' })
    }
  ],
  [
    'an active unit in the folder of packages that nothing enables',
    host => addUnit(host, 'upd.service', VENDOR_UNITS, 'active', 'static')
  ],
  [
    'a program that was replaced after it started',
    host => {
      implant(host, '/usr/local/sbin/updd', { on_disk: 0 })
      addFile(host, '/usr/local/sbin/updd', 'harmless', { mode: '0755' })
    }
  ],
  [
    'a program that was written into the list of a package',
    host => {
      addFile(host, '/opt/upd/upd', 'upd', { mode: '0755' })
      own(host, 'coreutils', '/opt/upd/upd')
      implant(host, '/opt/upd/upd')
    }
  ],
  [
    'a hook that was written into the list of a package',
    host => {
      addFile(host, '/etc/apt/apt.conf.d/99upd', 'upd')
      own(host, 'apt', '/etc/apt/apt.conf.d/99upd')
    }
  ],
  [
    'an accepting rule in a chain of fail2ban',
    host =>
      addRow(host, 'iptables', {
        filter_name: 'filter',
        chain: 'f2b-sshd',
        policy: '',
        target: 'ACCEPT',
        protocol: 6,
        src_ip: '203.0.113.66'
      })
  ]
]

describe('on one of 40 hosts, a name, path, parent or control group does not shelter', () => {
  const fleet = packFleet(40, 3)
  afterAll(() => fleet.close())

  const severitiesAfter = async (plant: (host: SimulatedHost) => void) => {
    const { findings } = await fleet.after(plant)
    const [victim] = fleet.idsOf()
    return findings.filter(({ hosts }) => hosts.includes(victim!)).map(({ severity }) => severity)
  }

  test.each(SHELTERS)('%s', async (_what, plant) => {
    const severities = await severitiesAfter(plant)
    expect(severities.some(severity => ['medium', 'high', 'critical'].includes(severity))).toBe(true)
  })

  test.each<readonly [string, (host: SimulatedHost) => void]>([
    [
      'a program whose first thread ended, so that its path is gone',
      host => run(host, '', '', { name: 'upd', state: 'Z', threads: 4 })
    ],
    [
      'a script of root that bears the path of a package',
      host =>
        connect(host, run(host, '/usr/bin/python3.11', 'python3 -s /usr/lib/upd/upd.py'), '203.0.113.66')
    ],
    [
      'a pin that is named as one of a snap that is not there',
      host => addRow(host, 'file', { path: '/sys/fs/bpf/snap/snap_upd_upd', type: 'regular', uid: 0 })
    ]
  ])('%s is listed at least', async (_what, plant) => {
    expect(await severitiesAfter(plant)).not.toEqual([])
  })
})
