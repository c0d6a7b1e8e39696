import type { Random } from '../../../simulator/fleet/random.ts'
import { changed, type Draw, kit, mimicry, oneRow, stopped } from '../fleet/incidents.ts'
import { account, add, file, job, outbound, port, program, type Rows, unit } from '../fleet/rows.ts'
import type { Family, Planting } from '../fleet/scenario.ts'
import { cell, family, planted, single } from '../fleet/scenarios.ts'
import { intrusion } from './incidents.ts'
import { FOREIGN } from './pack.ts'

const FIVE = [cell('search', 4), cell('ledger', 3), cell('mail', 2), cell('build', 1)]
const CANARY = [cell('search', 17), cell('search', 3, 1), cell('ledger', 8)]
const RELEASES = [0, 1, 3, 6, 9]
const TWENTY = [
  ...['search', 'ledger', 'build'].flatMap(role => RELEASES.map(version => cell(role, 1, version))),
  ...RELEASES.map(version => cell('search', 1, version, 1))
]

/** Noise of forms that no development family has: a JVM's files and ports, renewals, keys of clusters, discs. */
function oddities(rows: Rows, random: Random): void {
  if (random.chance(0.4))
    add(rows, 'hidden_files', {
      path: `/tmp/.java_pid${random.between(400, 90000)}`,
      type: 'socket',
      mode: '0600',
      uid: '996'
    })
  if (random.chance(0.5))
    add(rows, 'listening_ports', port(random.between(20000, 30000), '/usr/lib/jvm/java-17/bin/java'))
  add(
    rows,
    'systemd_units',
    unit(
      `systemd-fsck-root@${random.hex(8)}.service`,
      '/usr/lib/systemd/system/systemd-fsck@.service',
      'static'
    )
  )
  add(
    rows,
    'systemd_units',
    unit(`acme-renew-${random.hex(12)}.timer`, '/etc/systemd/system/acme-renew@.timer')
  )
  add(rows, 'authorized_keys', {
    username: 'replica',
    algorithm: 'ssh-ed25519',
    key: `AAAAC3NzaC1lZDI1NTE5${random.letters(44)}`,
    options: 'restrict',
    comment: '',
    key_file: '/var/lib/replica/.ssh/authorized_keys'
  })
  add(rows, 'users', account('replica', '/usr/sbin/nologin', 940))
  add(rows, 'boot_scripts', file('/etc/profile.d/instance-env.sh', random.hex(16)))
  add(
    rows,
    'crontab',
    job('/etc/cron.d/certbot', `root certbot renew --quiet --cert-name ${random.hex(8)}.svc.example`)
  )
  for (let peers = random.between(0, 3); peers > 0; peers--)
    add(rows, 'name_resolution', {
      kind: 'hosts',
      address: `10.2.${random.between(0, 250)}.${random.between(2, 250)}`,
      value: `shard-${random.between(10, 900)}.internal`
    })
  if (random.chance(0.3))
    add(
      rows,
      'outbound',
      outbound('/usr/lib/jvm/java-17/bin/java', random.pick([443, 9092, 9300, 2181]), '10.2.0.9')
    )
  if (random.chance(0.2)) add(rows, 'programs', program('/usr/bin/rsync', 'replica'))
}

const amazon = (
  name: string,
  hosts: number,
  cells: Family['cells'],
  plantings: readonly Planting[] = [],
  rest: Partial<Family> = {}
) => family(`held-out-${name}`, hosts, cells, { distribution: 'amazon', oddities, plantings, ...rest })
const foreign = (name: string, hosts: number, plantings: readonly Planting[] = []) =>
  family(`held-out-foreign-${name}`, hosts, [cell('mail', 3), cell('ledger', 2)], {
    foreign: FOREIGN,
    plantings
  })
const one = (draw: Draw, count: number) => planted(draw, count, 1, [2, 7])

/** Families that nothing was tuned on: other services, another distribution, other noise, a pack that nobody described. */
export const HELD_OUT: readonly Family[] = [
  amazon('clean-150', 150, FIVE),
  amazon('clean-one-role-80', 80, [cell('search', 1)]),
  amazon('clean-canary-140', 140, CANARY),
  amazon('clean-20-versions-300', 300, TWENTY, [], { figures: ['manyCells'] }),
  amazon('clean-18', 18, [cell('mail', 1)]),
  amazon('intrusion-70', 70, [cell('search', 2), cell('ledger', 1)], [one(intrusion, 1)]),
  amazon('intrusion-150', 150, FIVE, [one(intrusion, 3)]),
  amazon('intrusion-500', 500, FIVE, [one(intrusion, 4), one(kit, 2)]),
  amazon('six-hosts-150', 150, FIVE, [planted(intrusion, 1, 6, [2, 5])]),
  amazon('stopped-150', 150, FIVE, [one(stopped, 2)]),
  amazon('changed-and-mimicry-150', 150, FIVE, [one(changed, 1), one(mimicry, 1)]),
  amazon('single-row-150', 150, FIVE, [single(3)]),
  amazon('canary-intrusion-140', 140, CANARY, [one(intrusion, 2)]),
  amazon('intrusion-16', 16, [cell('ledger', 1)], [one(intrusion, 1)]),
  amazon('most-compromised-90', 90, [cell('build', 1)], [planted(intrusion, 1, 0.6, [3, 6])], {
    baseline: true,
    figures: ['baseline']
  }),
  foreign('clean-120', 120),
  foreign('intrusion-120', 120, [one(intrusion, 1), one(kit, 1)]),
  foreign('stopped-120', 120, [one(stopped, 1)]),
  foreign('single-row-120', 120, [planted(oneRow, 2, 1, [1, 1])])
]
