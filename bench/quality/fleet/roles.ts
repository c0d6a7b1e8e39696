import { HELD_OUT_ROLES } from '../held-out/roles.ts'
import { account, add, file, job, outbound, port, program, type Rows, unit } from './rows.ts'
import { type Service, service } from './service.ts'

/** What runs on the hosts of each role. */
export const ROLES: Readonly<Record<string, readonly Service[]>> = {
  web: [
    service('nginx', 'package', [80, 443], 'www-data', [8080], 6),
    service('storefront', 'release', [8080], 'shop', [5432, 6379], 9)
  ],
  api: [
    service('envoy', 'package', [9901, 10000], 'envoy', [8443], 3),
    service('orders-api', 'release', [8443, 8444], 'orders', [5432, 5672], 14)
  ],
  worker: [
    service('celeryd', 'release', [], 'celery', [5672, 6379, 443], 11),
    service('exim4', 'package', [25], 'exim', [25], 5)
  ],
  database: [
    service('postgresql', 'package', [5432], 'postgres', [], 12),
    service('pgbouncer', 'package', [6432], 'postgres', [5432], 3),
    service('wal-push', 'release', [], 'postgres', [443], 6)
  ],
  cache: [
    service('redis-server', 'package', [6379], 'redis', [6379], 4),
    service('sentinel', 'package', [26379], 'redis', [], 2)
  ],
  queue: [service('rabbitmq-server', 'package', [5672, 15672, 25672], 'rabbitmq', [25672], 21)],
  node: [
    service('dockerd', 'package', [], 'root', [443], 7),
    service('kubelet', 'package', [10250, 10248], 'root', [6443], 6),
    service('containerd', 'package', [], 'root', [443], 2)
  ],
  bastion: [
    service('teleport', 'package', [3022, 3023, 3025], 'root', [443], 9),
    service('openvpn', 'package', [1194], 'nobody', [], 4),
    service('fail2ban', 'package', [], 'root', [], 7)
  ],
  monitor: [
    service('prometheus', 'package', [9090], 'prometheus', [9100, 9187], 5),
    service('grafana', 'package', [3000], 'grafana', [443, 9090], 8),
    service('alertmanager', 'package', [9093, 9094], 'prometheus', [443], 3)
  ]
}

/** Adds the rows of a role in a version (0, 1, …): a release moves its path, its unit, its library, some of its jobs. */
export function addRole(rows: Rows, role: string, version: number): void {
  const services = ROLES[role] ?? HELD_OUT_ROLES[role]
  if (services === undefined) throw new Error(`no role is named ${role}`)
  if (version > 0 && !services.some(({ from }) => from === 'release'))
    throw new Error(`the versions of ${role} would not differ: none of its services is a release`)
  for (const [at, one] of services.entries()) {
    const { name, from, ports, user, talksTo, packages } = one
    const tag = `${4 + (version >> 2)}.${version}.${at}`
    const released = from === 'release'
    const home = released ? `/opt/${name}/releases/${tag}` : '/usr/sbin'
    const path = `${home}${released ? '/bin' : ''}/${name}`
    const fragment = released
      ? `/etc/systemd/system/${name}.service`
      : `/usr/lib/systemd/system/${name}.service`
    add(rows, 'programs', program(path, user))
    add(
      rows,
      'programs',
      program(released ? `${home}/bin/${name}-supervisor` : `/usr/lib/${name}/helper`, user)
    )
    add(rows, 'systemd_units', unit(`${name}.service`, fragment))
    add(
      rows,
      'systemd_units',
      unit(`${name}-healthcheck.timer`, fragment.replace('.service', '-healthcheck.timer'))
    )
    for (const number of ports)
      add(rows, 'listening_ports', port(number, path, number > 9000 ? 'loopback' : '*'))
    for (const number of talksTo) add(rows, 'outbound', outbound(path, number, '10.0.3.7'))
    if (released) {
      add(rows, 'boot_scripts', file(fragment, `${name} ${tag}`))
      add(rows, 'boot_scripts', file(`/etc/profile.d/${name}.sh`, `${name} ${version >> 1}`))
      add(rows, 'crontab', job(`/etc/cron.d/${name}`, `${user} ${home}/bin/rotate --keep 7`))
    } else {
      add(rows, 'boot_scripts', file(`/etc/init.d/${name}`, name))
      add(rows, 'crontab', job(`/etc/cron.d/${name}`, `root /usr/lib/${name}/cleanup`))
    }
    if (user !== 'root' && !(rows.users ?? []).some(row => row.username === user)) {
      add(rows, 'users', account(user, '/usr/sbin/nologin', 200 + name.length * 7 + at))
      add(rows, 'passwords', { username: user, password_status: 'locked', hash_alg: '' })
    }
    for (let part = 0; part < packages; part++) {
      const generation = part % 3 === 2 && released ? version : 0
      add(rows, 'packages', {
        name: `${name}-part${part}${generation > 0 ? `-v${generation}` : ''}`,
        kind: 'deb'
      })
    }
    if (released && version > 0)
      add(
        rows,
        'systemd_units',
        unit(`${name}-flags${version}.service`, `/etc/systemd/system/${name}-flags${version}.service`)
      )
  }
}

/** The rows of a whole service, as somebody would install it where it does not belong. */
export function roleRows(role: string): Rows {
  const rows: Rows = {}
  addRole(rows, role, 0)
  return rows
}
