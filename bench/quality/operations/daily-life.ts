import type { Random } from '../../../simulator/fleet/random.ts'
import { sample } from '../fleet/incidents.ts'
import { install, inventService } from './services.ts'
import { addAccount, addCron, addUnit, basename, type HostState, run, tcp, write } from './state.ts'

/** How lively a fleet is; every number is a probability for each host. Drawn for each fleet. */
export interface Liveliness {
  readonly loggedIn: number
  readonly packageRun: number
  readonly restartPending: number
  readonly booting: number
  /** A module that a tool loaded on demand. */
  readonly onDemandModule: number
  readonly strayFile: number
  /** A job of the service is not running at the moment. */
  readonly idle: number
}

export function drawLiveliness(random: Random): Liveliness {
  const upTo = (most: number) => (random.chance(0.3) ? 0 : random.next() * most)
  return {
    loggedIn: upTo(0.08),
    packageRun: upTo(0.08),
    restartPending: upTo(0.4),
    booting: upTo(0.03),
    onDemandModule: upTo(0.03),
    strayFile: upTo(0.4),
    idle: upTo(0.05)
  }
}

const PEOPLE = 'amara bjorn carla dmitri elif faisal greta hugo'.split(' ')
const TOOLS = 'vim htop less journalctl strace git ssh tail python3.12 psql kubectl'.split(' ')
const ON_DEMAND = [
  ['tcp_diag', 'inet_diag'],
  ['nft_compat'],
  ['tls'],
  ['udf', 'crc_itu_t'],
  ['loop'],
  ['tun'],
  ['dm_crypt']
]

/** What differs from host to host and lasts: splayed jobs, seeds, numbered names. */
export function personalize(host: HostState, random: Random, index: number): void {
  const splay = random.between(0, 3599)
  addCron(host, '/etc/cron.d/inventory', `root sleep ${splay} && /usr/local/bin/inventory --push`)
  write(host, '/etc/cron.hourly/inventory', `sleep ${splay}`)
  write(host, '/etc/udev/rules.d/75-persistent.rules', host.facts.macs[0] ?? '')
  if (random.chance(0.5)) write(host, '/etc/environment', `HOST=${host.facts.hostname}`)
  host.names.push({ kind: 'search', address: `zone-${index % 3}.internal`, value: '' })
}

/** What depends on the moment of the query. */
export function happen(host: HostState, random: Random, lively: Liveliness, login: string): void {
  if (random.chance(lively.loggedIn)) logIn(host, random, random.chance(0.5) ? login : random.pick(PEOPLE))
  if (random.chance(lively.packageRun)) runPackageTimer(host, random)
  if (random.chance(lively.restartPending)) {
    const updated = new Set(sample(random, host.processes, random.between(1, 4)))
    host.processes = host.processes.map(process =>
      updated.has(process) && /^\/usr\/(s?bin|lib)\//.test(process.path)
        ? { ...process, onDisk: false }
        : process
    )
  }
  if (random.chance(lively.booting)) boot(host, random)
  if (random.chance(lively.onDemandModule)) for (const name of random.pick(ON_DEMAND)) host.modules.add(name)
  if (random.chance(lively.strayFile))
    write(host, `/tmp/.${random.pick(['vim-', 'tmp', 'java_pid', 'pip-', 'ansible_'])}${random.hex(6)}`, '', {
      type: random.pick(['regular', 'directory', 'socket'] as const),
      mode: '0600'
    })
  if (random.chance(lively.idle)) stopJob(host, random)
  if (random.chance(0.3))
    host.processes = host.processes.map(process =>
      process.path.endsWith('/amazon-ssm-agent')
        ? { ...process, listens: [tcp('ephemeral', 'loopback')] }
        : process
    )
}

/** A service of the host's own work is not running at the moment, as between two jobs. */
function stopJob(host: HostState, random: Random): void {
  const jobs = host.processes.filter(({ user, cgroup }) => user !== 'root' && !cgroup.includes('dbus'))
  const stopped = jobs.length > 0 ? random.pick(jobs) : null
  host.processes = host.processes.filter(process => process !== stopped)
}

function logIn(host: HostState, random: Random, person: string): void {
  const cgroup = '/user.slice/user-1000.slice/session-4.scope'
  run(host, '/usr/sbin/sshd', { user: person, parent: '/usr/sbin/sshd', cgroup })
  run(host, '/usr/lib/systemd/systemd', { user: person, cgroup })
  run(host, '/usr/bin/bash', { user: person, parent: '/usr/sbin/sshd', cgroup })
  for (const tool of sample(random, TOOLS, random.between(0, 3)))
    run(host, `/usr/bin/${tool}`, {
      user: random.chance(0.3) ? 'root' : person,
      parent: '/usr/bin/bash',
      cgroup,
      connections: tool === 'ssh' || tool === 'git' ? [{ address: '10.9.9.9', port: 22 }] : []
    })
  if (random.chance(0.3)) write(host, `/tmp/.${person}-history`, person, { mode: '0600' })
  if (random.chance(0.15))
    run(host, `/home/${person}/bin/notes`, { user: person, parent: '/usr/bin/bash', cgroup })
  if (random.chance(0.1)) host.modules.add('tcp_diag')
}

function runPackageTimer(host: HostState, random: Random): void {
  const apt = host.facts.os === 'ubuntu'
  const cgroup = apt ? '/system.slice/apt-daily-upgrade.service' : '/system.slice/dnf-automatic.service'
  const runner = apt ? '/usr/bin/unattended-upgrade' : '/usr/bin/dnf'
  run(host, runner, { cgroup })
  run(host, apt ? '/usr/bin/dpkg' : '/usr/bin/rpm', { cgroup, parent: runner })
  if (random.chance(0.5))
    run(host, apt ? '/usr/lib/apt/methods/http' : '/usr/bin/python3.9', {
      cgroup,
      user: apt ? '_apt' : 'root',
      connections: [{ address: '10.9.1.1', port: 80 }]
    })
}

/** The management agent answers before the host's own services have started. */
function boot(host: HostState, random: Random): void {
  host.booting = true
  host.processes = host.processes.filter(({ user }) => user === 'root' || random.chance(0.6))
  run(host, '/usr/bin/python3.12', { cmdline: 'cloud-init modules --mode=final' })
  if (random.chance(0.2)) addUnit(host, 'cloud-init-hotplugd.service', { state: 'static' })
}

/** A healthy oddity of a fleet: a change that somebody made on purpose. Whoever accuses its hosts is wrong. */
export type Oddity = (hosts: readonly HostState[], random: Random) => void

const few = (hosts: readonly HostState[], random: Random, most: number) =>
  sample(random, hosts, random.between(1, most))
const share = (hosts: readonly HostState[], random: Random) =>
  sample(random, hosts, Math.max(2, Math.round(hosts.length * (0.1 + 0.3 * random.next()))))

export const ODDITIES: Readonly<Record<string, Oddity>> = {
  debugTool(hosts, random) {
    const tool = random.pick(['tcpdump', 'strace', 'perf', 'iotop', 'nmap'])
    for (const host of few(hosts, random, 2)) {
      host.packages.set(tool, '1.0')
      if (random.chance(0.3))
        run(host, `/usr/bin/${tool}`, { parent: '/usr/bin/bash', cgroup: '/user.slice/u' })
    }
  },
  feature(hosts, random) {
    const service = {
      ...inventService(random),
      name: `${random.pick(['mesh', 'flags', 'cachex'])}-${random.letters(3).toLowerCase()}`
    }
    for (const host of share(hosts, random)) install(host, service)
  },
  newColleague(hosts, random) {
    const person = random.pick(PEOPLE)
    for (const host of random.chance(0.5) ? share(hosts, random) : few(hosts, random, 3))
      addAccount(host, person, {
        uid: 1005,
        shell: '/bin/bash',
        keys: [{ text: `AAAAC3Nza${person}`, options: '', comment: `${person}@laptop` }]
      })
  },
  tunedLimits(hosts, random) {
    const path = random.pick([
      '/etc/security/limits.conf',
      '/etc/profile.d/cloud.sh',
      '/etc/modprobe.d/blacklist.conf'
    ])
    for (const host of few(hosts, random, 3)) write(host, path, 'tuned')
  },
  patchWave(hosts, random) {
    const names = sample(random, ['openssh-server', 'sudo', 'curl', 'procps', 'libpam-modules', 'systemd'], 2)
    for (const host of share(hosts, random)) for (const name of names) upgrade(host, name)
  },
  containers(hosts, random) {
    const images = Array.from({ length: 8 }, () => ({
      ...inventService(random),
      origin: 'container' as const
    }))
    for (const host of share(hosts, random))
      for (const image of sample(random, images, 3)) install(host, image)
  },
  retiredService(hosts, random) {
    for (const host of few(hosts, random, 2)) {
      const units = [...host.units.values()].filter(({ fragment }) => fragment.startsWith('/etc/'))
      if (units.length > 0) {
        const { id } = random.pick(units)
        host.units.delete(id)
        host.files.delete(`/etc/systemd/system/${id}`)
        host.processes = host.processes.filter(({ path }) => basename(path) !== id.replace('.service', ''))
      }
    }
  },
  mountedVolume(hosts, random) {
    for (const host of few(hosts, random, 3))
      for (const module of ['xfs', 'dm_mod', 'nfsv4', 'sunrpc']) host.modules.add(module)
  },
  personalJob(hosts, random) {
    for (const host of few(hosts, random, 2))
      addCron(
        host,
        '/var/spool/cron/crontabs/root',
        `/usr/bin/find /var/log/app -mtime +${random.between(3, 30)} -delete`
      )
  },
  staleHostsEntry(hosts, random) {
    for (const host of few(hosts, random, 2))
      host.names.push({
        kind: 'hosts',
        address: `10.9.4.${random.between(2, 250)}`,
        value: 'legacy-db.internal'
      })
  }
}

/** Brings a later version of a package, with the content that belongs to it. */
function upgrade(host: HostState, name: string): void {
  const version = `${host.packages.get(name) ?? '1.0'}+u1`
  host.packages.set(name, version)
  for (const [path, binary] of host.binaries)
    if (binary.package === name) host.binaries.set(path, { ...binary, content: `${path} ${version}` })
}
