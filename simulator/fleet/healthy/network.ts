import { addRow, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'

/** Name resolution, firewall, package sources and connections. Call it last: connections belong to processes. */
export function addNetwork(host: SimulatedHost, random: Random): void {
  addRow(host, 'etc_hosts', { address: '127.0.0.1', hostnames: 'localhost' })
  addRow(host, 'etc_hosts', {
    address: '127.0.1.1',
    hostnames: `${host.name}.eu-west-1.compute.internal ${host.name}`
  })
  addRow(host, 'etc_hosts', { address: '::1', hostnames: 'ip6-localhost ip6-loopback' })
  addRow(host, 'dns_resolvers', { id: 0, type: 'nameserver', address: '127.0.0.53', options: '' })
  addRow(host, 'iptables', {
    filter_name: 'filter',
    chain: 'INPUT',
    policy: 'ACCEPT',
    target: '',
    protocol: 0,
    packets: random.between(1e5, 1e8)
  })
  addRow(host, 'iptables', {
    filter_name: 'filter',
    chain: 'FORWARD',
    policy: 'DROP',
    target: '',
    protocol: 0,
    packets: 0
  })
  addRow(host, 'apt_sources', {
    name: 'bookworm',
    base_uri: 'http://deb.debian.org/debian',
    release: 'bookworm'
  })
  addRow(host, 'apt_sources', {
    name: 'security',
    base_uri: 'http://deb.debian.org/debian-security',
    release: 'bookworm-security'
  })
  const pidOf = (path: string) =>
    Number(host.tables.processes?.find(process => process.path === path)?.pid ?? 0)
  const connect = (path: string, remote_address: string, remote_port: number) =>
    addRow(host, 'process_open_sockets', {
      pid: pidOf(path),
      family: 2,
      protocol: 6,
      local_address: host.address,
      local_port: random.between(33_000, 60_000),
      remote_address,
      remote_port,
      state: 'ESTABLISHED',
      fd: random.between(4, 200),
      socket: random.between(1e4, 9e5)
    })
  connect('/opt/checkout/jre/bin/java', `10.20.40.${random.between(2, 250)}`, 5432)
  connect('/opt/checkout/jre/bin/java', `10.20.41.${random.between(2, 250)}`, 6379)
  connect(
    '/usr/bin/amazon-ssm-agent',
    `52.${random.between(90, 99)}.${random.between(1, 250)}.${random.between(1, 250)}`,
    443
  )
  if (random.chance(0.2))
    connect('/opt/checkout/jre/bin/java', `151.101.${random.between(1, 250)}.${random.between(1, 250)}`, 443)
}
