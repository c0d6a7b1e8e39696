import type { Random } from '../../../simulator/fleet/random.ts'
import type { HostFacts } from '../../../src/snapshot/snapshot.ts'
import { add, cronJob, file, outbound, port, program, type Rows, unit } from './rows.ts'

/** How noisy a fleet is; every number is a probability for each host unless it says otherwise. */
export interface Noise {
  /** Mean number of optional rows a host has from the pool that the fleet shares by a power law. */
  readonly shared: number
  /** Somebody is logged in. */
  readonly people: number
  /** Just booted: some programs have not started yet. */
  readonly booting: number
  /** A package run or another nightly job is in progress. */
  readonly upgrading: number
  /** Upgraded since the last restart: programs run from replaced files. */
  readonly patched: number
  /** A nightly upgrade has already brought a later version of the SSH programs to this host. */
  readonly ahead: number
  /** One query failed, or was cut. */
  readonly unobserved: number
  /** The host never answered. */
  readonly silent: number
  /** Runs a random set of containers. */
  readonly containers: number
}

export const USUAL: Noise = {
  shared: 3,
  people: 0.04,
  booting: 0.005,
  upgrading: 0.04,
  patched: 0.15,
  ahead: 0,
  unobserved: 0.02,
  silent: 0.01,
  containers: 0
}
export const QUIET: Noise = {
  ...USUAL,
  shared: 0.5,
  people: 0,
  booting: 0,
  upgrading: 0,
  unobserved: 0,
  silent: 0
}

/** One optional row: `popularity` is the share of hosts that have it. */
export interface Optional {
  readonly query: string
  readonly row: Readonly<Record<string, string>>
  readonly popularity: number
}

/**
 * A pool of optional rows whose popularity falls by a power law (exponent 1.1), scaled to `mean` rows a host. None
 * of them could be an incident of one row: a kernel module is optional only where many hosts have it.
 */
export function optionalPool(random: Random, mean: number, hosts: number): Optional[] {
  const size = Math.round(20 + 12 * Math.log2(hosts))
  const weights = Array.from({ length: size }, (_, at) => (at + 1) ** -1.1)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight, at) => {
    const popularity = Math.min(0.6, (mean * weight) / total)
    return { popularity, ...optionalRow(random, at, popularity) }
  })
}

function optionalRow(random: Random, at: number, popularity: number): Pick<Optional, 'query' | 'row'> {
  const word = `${random.pick(['lib', 'python3-', 'perl-', 'golang-', 'fonts-', ''])}${random.pick(WORDS)}${at}`
  const draw = random.next()
  if (draw < 0.1) return { query: 'systemd_units', row: unit(`${word}.service`) }
  if (draw < 0.15)
    return { query: 'crontab', row: cronJob(`/etc/cron.d/${word}`, `root /usr/lib/${word}/run`) }
  if (draw < 0.21)
    return {
      query: 'name_resolution',
      row: { kind: 'hosts', address: `10.1.${at}.9`, value: `${word}.internal` }
    }
  if (draw < 0.27)
    return {
      query: 'hidden_files',
      row: { path: `/tmp/.${word}-lock`, type: 'regular', mode: '0600', uid: '0' }
    }
  if (draw < 0.32 && popularity >= 0.1)
    return {
      query: 'kernel_modules',
      row: { name: `snd_${word.replace(/-/g, '_')}`, size: '16384', used_by: '-', status: 'Live' }
    }
  return { query: 'packages', row: { name: word, kind: 'deb' } }
}
const WORDS = 'alpha tern quill moss ridge fern opal flint drift heron sable cedar maple umber cobalt'.split(
  ' '
)
const PEOPLE = 'alice bruno chen dalia emeka farah'.split(' ')

/** Adds what a host keeps: its names, addresses, keys, splayed jobs, optional rows. */
export function addPersistent(rows: Rows, random: Random, facts: HostFacts, pool: readonly Optional[]): void {
  const { hostname, fqdn, addresses } = facts
  add(rows, 'name_resolution', {
    kind: 'hosts',
    address: addresses[0] ?? '',
    value: `${fqdn ?? ''} ${hostname ?? ''}`
  })
  const splay = random.between(0, 3599)
  add(rows, 'crontab', {
    ...cronJob('/etc/cron.d/inventory', `root sleep ${splay}; /usr/local/bin/report-inventory`),
    minute: String(random.between(0, 59))
  })
  add(rows, 'boot_scripts', file('/etc/cron.hourly/inventory-splay', `sleep ${splay}`))
  add(rows, 'system_hooks', file('/etc/udev/rules.d/75-cloud-ifupdown.rules', facts.macs[0] ?? ''))
  add(rows, 'systemd_units', unit(`dev-by-uuid-${random.hex(8)}-${random.hex(4)}.service`, '', 'generated'))
  add(
    rows,
    'systemd_units',
    unit(`snap-core22-${random.between(900, 912)}.service`, '/etc/systemd/system/snap.service')
  )
  for (const { query, row, popularity } of pool) if (random.chance(popularity)) add(rows, query, row)
}

/** Adds what depends on the moment of the query: ephemeral ports, temporary names, people, timers, boots. */
export function addTransient(rows: Rows, random: Random, noise: Noise): void {
  add(
    rows,
    'systemd_units',
    unit(
      `run-r${random.hex(32)}.service`,
      `/run/systemd/transient/run-r${random.hex(32)}.service`,
      'transient'
    )
  )
  if (random.chance(0.5))
    add(rows, 'listening_ports', port('ephemeral', '/usr/bin/amazon-ssm-agent', 'loopback'))
  if (random.chance(0.6))
    add(rows, 'outbound', outbound('/usr/sbin/chronyd', 123, `10.0.0.${random.between(2, 250)}`))
  if (random.chance(0.25))
    add(rows, 'hidden_files', { path: '/tmp/.X11-unix', type: 'directory', mode: '1777', uid: '0' })
  if (random.chance(0.3))
    add(rows, 'hidden_files', {
      path: `/tmp/.tmp${random.letters(6)}`,
      type: 'regular',
      mode: '0600',
      uid: '0'
    })
  if (random.chance(noise.people)) logIn(rows, random)
  if (random.chance(noise.upgrading)) upgrade(rows, random)
  if (random.chance(noise.patched)) {
    for (const path of ['/usr/sbin/sshd', '/usr/sbin/cron', '/usr/lib/systemd/systemd-logind'])
      if (random.chance(0.7))
        add(rows, 'replaced_programs', { path, username: 'root', name: path.split('/').pop() ?? '' })
  }
  if (random.chance(noise.booting)) boot(rows, random)
  if (random.chance(noise.containers * 3)) runContainers(rows, random)
}

/** Part of every session; other programs in one are rows of a query of their own. */
const SESSION_TOOLS = new Set([
  '/usr/bin/bash',
  '/usr/sbin/sshd',
  '/usr/lib/systemd/systemd',
  '/usr/bin/sudo',
  '/usr/bin/tmux'
])

function logIn(rows: Rows, random: Random): void {
  const person = random.chance(0.5) ? 'admin' : random.chance(0.4) ? 'ssm-user' : random.pick(PEOPLE)
  const tools = [
    '/usr/bin/bash',
    '/usr/sbin/sshd',
    '/usr/lib/systemd/systemd',
    '/usr/bin/sudo',
    '/usr/bin/less',
    '/usr/bin/vim',
    '/usr/bin/journalctl',
    '/usr/bin/top',
    '/usr/bin/tmux'
  ]
  for (const path of tools)
    if (random.chance(0.6))
      add(rows, SESSION_TOOLS.has(path) ? 'sessions' : 'session_programs', {
        [SESSION_TOOLS.has(path) ? 'tool' : 'path']: path,
        username: person,
        name: '',
        cmdline: `${path} -l`,
        parent_path: '/usr/sbin/sshd'
      })
  add(rows, 'sessions', {
    tool: '/usr/bin/bash',
    username: person,
    name: 'bash',
    cmdline: '-bash',
    parent_path: '/usr/sbin/sshd'
  })
  if (random.chance(0.4))
    add(
      rows,
      'outbound',
      outbound(
        random.pick(['/usr/bin/ssh', '/usr/bin/curl', '/usr/bin/git']),
        random.pick([22, 443]),
        '10.0.9.1'
      )
    )
  if (random.chance(0.3))
    add(rows, 'hidden_files', {
      path: `/tmp/.${random.letters(6)}.swp`,
      type: 'regular',
      mode: '0600',
      uid: '1000'
    })
  if (random.chance(0.3)) add(rows, 'programs', program('/usr/bin/ssh-agent', person))
}

function upgrade(rows: Rows, random: Random): void {
  for (const path of [
    '/usr/bin/dpkg',
    '/usr/bin/apt-get',
    '/usr/bin/unattended-upgrade',
    '/usr/lib/apt/methods/http'
  ])
    if (random.chance(0.5)) add(rows, 'package_runs', packageTool(path))
  if (random.chance(0.3)) add(rows, 'programs', program('/usr/bin/man'))
  if (random.chance(0.5)) add(rows, 'outbound', outbound('/usr/lib/apt/methods/http', 80, '10.0.0.2'))
}

const packageTool = (path: string) => ({
  tool: path,
  username: path.endsWith('http') ? '_apt' : 'root',
  cmdline: path,
  parent_path: '/usr/lib/systemd/systemd'
})

/** The host answers before the last programs of a boot have started, while cloud-init is still installing packages. */
function boot(rows: Rows, random: Random): void {
  const late = new Set(['/usr/sbin/acpid', '/usr/bin/networkd-dispatcher', '/usr/sbin/irqbalance'])
  rows.programs = (rows.programs ?? []).filter(row => !late.has(row.path ?? '') || random.chance(0.7))
  add(rows, 'programs', program('/usr/bin/python3.11'))
  if (random.chance(0.5))
    add(rows, 'package_runs', packageTool('/usr/bin/dpkg'), packageTool('/usr/bin/apt-get'))
}

function runContainers(rows: Rows, random: Random): void {
  for (let count = random.between(3, 8); count > 0; count--) {
    const image = random.pick(CONTAINERS)
    add(rows, 'programs', program(`/app/bin/${image}`, String(10000 + image.length)))
    add(rows, 'outbound', outbound(`/app/bin/${image}`, random.pick([443, 5432, 6379]), '10.0.3.9'))
    if (random.chance(0.5)) add(rows, 'listening_ports', port(8000 + image.length * 11, `/app/bin/${image}`))
    add(rows, 'systemd_units', unit(`docker-${random.hex(64)}.service`, '', 'transient'))
  }
}
const CONTAINERS =
  `billing cart catalog checkout feed geo images ledgerd mailer notify offers payments pricing
  quotes ratings refunds reports rules search-api sessions-api shipping stock tax tokens tracker uploads users-api`.split(
    /\s+/
  )
