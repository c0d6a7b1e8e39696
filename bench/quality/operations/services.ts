import type { Random } from '../../../simulator/fleet/random.ts'
import { addAccount, addCron, addUnit, type Connection, type HostState, run, tcp, write } from './state.ts'

/** How a service comes to a host. */
type Origin = 'package' | 'vendor' | 'release' | 'local' | 'container'

/** A service as its operators know it. */
export interface Service {
  readonly name: string
  readonly origin: Origin
  readonly user: string
  readonly ports: readonly number[]
  readonly loopbackPorts: readonly number[]
  readonly peers: readonly number[]
  readonly libraries: number
  readonly extras: readonly Extra[]
}

const BINARIES =
  'nginx haproxy envoy node java gunicorn php-fpm8.3 postgres mysqld redis-server memcached mongod beam.smp puma'.split(
    ' '
  )
const STEMS =
  'atlas brine cinder dune ember flint glade haze iris juno kelp lumen mica nova onyx pike quill rune slate topaz'.split(
    ' '
  )
const TAILS = ['', 'd', '-api', '-worker', '-agent', '-proxy', '-sync', '-gateway', '-store', '_exporter']
/** Optional parts that packages bring, with how often they do. */
const EXTRAS = {
  setuid: 0.04,
  module: 0.06,
  cron: 0.25,
  sudo: 0.1,
  sysctl: 0.05,
  profile: 0.15,
  helper: 0.25,
  timer: 0.2
}
type Extra = keyof typeof EXTRAS
const ORIGINS: readonly Origin[] = [
  'package',
  'package',
  'vendor',
  'release',
  'release',
  'local',
  'container'
]

/** A service that no other fleet has by this name. */
export function inventService(random: Random): Service {
  const known = random.chance(0.4)
  const name = known ? random.pick(BINARIES) : `${random.pick(STEMS)}${random.pick(TAILS)}`
  const origin = known ? 'package' : random.pick(ORIGINS)
  return {
    name,
    origin,
    user: origin === 'local' && random.chance(0.6) ? 'root' : name.replace(/[^a-z]/g, '').slice(0, 8),
    ports: random.chance(0.7) ? [random.between(1024, 9999)] : [],
    loopbackPorts: random.chance(0.4) ? [random.between(1024, 9999)] : [],
    peers: random.chance(0.6) ? [random.pick([443, 5432, 6379, 9092, 3306, 8443])] : [],
    libraries: random.between(0, 8),
    extras: (Object.keys(EXTRAS) as Extra[]).filter(extra => random.chance(EXTRAS[extra]))
  }
}

/** Where the program of a service is in a version. */
function programOf({ name, origin }: Service, version: number): string {
  if (origin === 'package') return `/usr/sbin/${name}`
  if (origin === 'vendor') return `/opt/${name}/bin/${name}`
  if (origin === 'local') return `/usr/local/bin/${name}`
  return `/srv/${name}/releases/${2 + version}.${version * 3}.0/bin/${name}`
}

const connections = (peers: readonly number[]): Connection[] =>
  peers.map(port => ({ address: `10.9.0.${port % 250}`, port }))

/** Installs and starts a service. Release folders, images and flags follow the version. */
export function install(host: HostState, service: Service, version = 0): void {
  const { name, origin, user, ports, loopbackPorts, peers, libraries, extras } = service
  if (origin === 'container') {
    startContainer(host, service)
    return
  }
  const path = programOf(service, version)
  const fragment = `${origin === 'package' ? '/usr/lib/systemd/system' : '/etc/systemd/system'}/${name}.service`
  if (user !== 'root') addAccount(host, user)
  if (origin === 'package' || origin === 'vendor') {
    host.packages.set(name, `${1 + version}.0`)
    for (let part = 0; part < libraries; part++) host.packages.set(`lib${name}${part}`, '1.0')
  }
  run(host, path, {
    user,
    cmdline: `${path} --config /etc/${name}.conf`,
    cgroup: `/system.slice/${name}.service`,
    listens: [...ports.map(port => tcp(port)), ...loopbackPorts.map(port => tcp(port, 'loopback'))],
    connections: connections(peers)
  })
  addUnit(host, `${name}.service`, {
    fragment,
    user: user === 'root' ? '' : user,
    content: `${name} ${origin === 'release' ? version : ''}`
  })
  for (const extra of extras) addExtra(host, service, extra, version)
  if (version > 0 && (origin === 'release' || origin === 'vendor')) {
    write(host, `/etc/profile.d/${name}-flags.sh`, `${version}`)
    addUnit(host, `${name}-migrate${version}.service`, {
      fragment: `/etc/systemd/system/${name}-migrate${version}.service`,
      active: false
    })
  }
}

/** A container leaves nothing on its host but processes of an account that the host does not know. */
function startContainer(host: HostState, { name, user, ports, peers }: Service): void {
  run(host, `/app/${name}`, {
    user: user === 'root' ? 'root' : '',
    parent: '/usr/bin/containerd-shim-runc-v2',
    cgroup: `/docker/${name}`,
    listens: ports.slice(0, 1).map(port => tcp(port)),
    connections: connections(peers)
  })
}

function addExtra(host: HostState, service: Service, extra: Extra, version: number): void {
  const { name, user } = service
  switch (extra) {
    case 'setuid':
      host.setuid.add(`/usr/lib/${name}/${name}-helper`)
      break
    case 'module':
      host.modules.add(`${name.replace(/\W/g, '_').slice(0, 10)}_mod`)
      break
    case 'cron':
      addCron(host, `/etc/cron.d/${name}`, `${user} ${programOf(service, version)} --rotate`)
      break
    case 'sudo':
      host.sudoers.push({
        header: user,
        rule: `ALL=(root) NOPASSWD: /usr/bin/systemctl reload ${name}`,
        source: `/etc/sudoers.d/${name}`
      })
      break
    case 'sysctl':
      host.sysctls.set('net.ipv4.ip_forward', '1')
      break
    case 'profile':
      write(host, `/etc/profile.d/${name}.sh`, name)
      break
    case 'helper':
      run(host, `${programOf(service, version)}-worker`, { user })
      break
    case 'timer':
      addUnit(host, `${name}-cleanup.timer`, { fragment: `/etc/systemd/system/${name}-cleanup.timer` })
  }
}

/** Agents that every host of a fleet runs. Their units are the protections that a host can lose. */
export function installAgents(host: HostState, agents: readonly string[]): void {
  for (const agent of agents) {
    host.packages.set(agent, '1.0')
    addUnit(host, `${agent}.service`)
    run(host, AGENT_PROGRAMS[agent] ?? `/opt/${agent}/bin/${agent}`, { connections: connections([443]) })
  }
}

const AGENT_PROGRAMS: Readonly<Record<string, string>> = {
  auditd: '/usr/sbin/auditd',
  rsyslog: '/usr/sbin/rsyslogd',
  chrony: '/usr/sbin/chronyd',
  'amazon-ssm-agent': '/usr/bin/amazon-ssm-agent',
  osqueryd: '/opt/osquery/bin/osqueryd'
}
export const KNOWN_AGENTS: readonly string[] = Object.keys(AGENT_PROGRAMS)
/** Protections that no list names. */
export const OTHER_AGENTS = ['hawkeye-sensor', 'nodewatch', 'sentryd', 'hostguard', 'logship'] as const
