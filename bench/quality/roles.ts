import { account, add, file, job, outbound, port, program, type Rows, unit } from './rows.ts'

/** One service of a role, as its package or its deploy lays it down. */
interface Service {
  readonly name: string
  /** `package`: from the distribution, one path for all versions; `release`: under /opt/NAME/releases/VERSION. */
  readonly from: 'package' | 'release'
  readonly ports: readonly number[]
  readonly user: string
  readonly talksTo: readonly number[]
  readonly packages: number
}

const service = (
  name: string,
  from: Service['from'],
  ports: readonly number[],
  user: string,
  talksTo: readonly number[],
  packages: number
): Service => ({ name, from, ports, user, talksTo, packages })

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
  ],
  // Held out: nothing above shares their names.
  search: [service('opensearch', 'release', [9200, 9300], 'opensearch', [9300], 13)],
  ledger: [
    service('kafka', 'release', [9092, 9093], 'kafka', [2181, 9092], 10),
    service('zookeeper', 'package', [2181, 2888], 'zookeeper', [2888], 4)
  ],
  mail: [
    service('postfix', 'package', [25, 587], 'postfix', [25], 8),
    service('dovecot', 'package', [143, 993], 'dovecot', [], 9)
  ],
  build: [
    service('gitlab-runner', 'release', [], 'runner', [443], 17),
    service('registry', 'package', [5000], 'registry', [443], 4)
  ]
}

/** Adds the rows of a role in a version (0, 1, …): a release moves its path, its unit, its library, some of its jobs. */
export function addRole(rows: Rows, role: string, version: number): void {
  for (const [at, one] of (ROLES[role] ?? []).entries()) {
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
