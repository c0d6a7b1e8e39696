import { HELD_OUT_ROLES } from '../held-out/roles.ts'
import { account, add, cronJob, file, outbound, port, program, type Rows, unit } from './rows.ts'
import { type Service, service } from './service.ts'

/** What runs on the hosts of each role. */
const ROLES: Readonly<Record<string, readonly Service[]>> = {
  web: [
    service('nginx', 'package', 'www-data', { ports: [80, 443], talksTo: [8080], packages: 6 }),
    service('storefront', 'release', 'shop', { ports: [8080], talksTo: [5432, 6379], packages: 9 })
  ],
  api: [
    service('envoy', 'package', 'envoy', { ports: [9901, 10000], talksTo: [8443], packages: 3 }),
    service('orders-api', 'release', 'orders', { ports: [8443, 8444], talksTo: [5432, 5672], packages: 14 })
  ],
  worker: [
    service('celeryd', 'release', 'celery', { ports: [], talksTo: [5672, 6379, 443], packages: 11 }),
    service('exim4', 'package', 'exim', { ports: [25], talksTo: [25], packages: 5 })
  ],
  database: [
    service('postgresql', 'package', 'postgres', { ports: [5432], talksTo: [], packages: 12 }),
    service('pgbouncer', 'package', 'postgres', { ports: [6432], talksTo: [5432], packages: 3 }),
    service('wal-push', 'release', 'postgres', { ports: [], talksTo: [443], packages: 6 })
  ],
  cache: [
    service('redis-server', 'package', 'redis', { ports: [6379], talksTo: [6379], packages: 4 }),
    service('sentinel', 'package', 'redis', { ports: [26379], talksTo: [], packages: 2 })
  ],
  queue: [
    service('rabbitmq-server', 'package', 'rabbitmq', {
      ports: [5672, 15672, 25672],
      talksTo: [25672],
      packages: 21
    })
  ],
  node: [
    service('dockerd', 'package', 'root', { ports: [], talksTo: [443], packages: 7 }),
    service('kubelet', 'package', 'root', { ports: [10250, 10248], talksTo: [6443], packages: 6 }),
    service('containerd', 'package', 'root', { ports: [], talksTo: [443], packages: 2 })
  ],
  bastion: [
    service('teleport', 'package', 'root', { ports: [3022, 3023, 3025], talksTo: [443], packages: 9 }),
    service('openvpn', 'package', 'nobody', { ports: [1194], talksTo: [], packages: 4 }),
    service('fail2ban', 'package', 'root', { ports: [], talksTo: [], packages: 7 })
  ],
  monitor: [
    service('prometheus', 'package', 'prometheus', { ports: [9090], talksTo: [9100, 9187], packages: 5 }),
    service('grafana', 'package', 'grafana', { ports: [3000], talksTo: [443, 9090], packages: 8 }),
    service('alertmanager', 'package', 'prometheus', { ports: [9093, 9094], talksTo: [443], packages: 3 })
  ]
}

/** Adds the rows of a role in a version (0, 1, …): a release changes its path, its unit, its library, some of its jobs. */
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
      add(rows, 'crontab', cronJob(`/etc/cron.d/${name}`, `${user} ${home}/bin/rotate --keep 7`))
    } else {
      add(rows, 'boot_scripts', file(`/etc/init.d/${name}`, name))
      add(rows, 'crontab', cronJob(`/etc/cron.d/${name}`, `root /usr/lib/${name}/cleanup`))
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

/** The rows of a role's services, for a host where they do not belong. */
export function roleRows(role: string): Rows {
  const rows: Rows = {}
  addRole(rows, role, 0)
  return rows
}
