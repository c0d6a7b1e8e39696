import { addRow, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'

/** The host's own name, ids and addresses, and its operating system. */
export function addIdentity(host: SimulatedHost, random: Random): void {
  addRow(host, 'system_info', {
    hostname: host.name,
    uuid: `ec2${random.hex(5)}-${random.hex(4)}`,
    cpu_type: 'x86_64',
    computer_name: host.name
  })
  addRow(host, 'os_version', {
    name: 'Debian GNU/Linux',
    version: '12 (bookworm)',
    major: 12,
    arch: 'x86_64',
    platform: 'debian',
    codename: 'bookworm'
  })
  addRow(host, 'osquery_info', { version: '5.23.1', pid: random.between(2000, 60000), uuid: random.hex(32) })
  addRow(host, 'interface_addresses', { interface: 'lo', address: '127.0.0.1', mask: '255.0.0.0' })
  addRow(host, 'interface_addresses', { interface: 'lo', address: '::1' })
  addRow(host, 'interface_addresses', { interface: 'ens5', address: host.address, mask: '255.255.255.0' })
  addRow(host, 'interface_addresses', {
    interface: 'ens5',
    address: `fe80::${random.hex(4)}:${random.hex(4)}%ens5`
  })
  const mac = Array.from({ length: 5 }, () => random.hex(2)).join(':')
  addRow(host, 'interface_details', {
    interface: 'ens5',
    mac: `0a:${mac}`,
    mtu: 9001,
    ipackets: random.between(1e6, 1e9)
  })
  addRow(host, 'interface_details', { interface: 'lo', mac: '00:00:00:00:00:00' })
}
