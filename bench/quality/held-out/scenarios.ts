import type { Random } from '../../../simulator/fleet/random.ts'
import type { FleetScenario } from '../fleet/ground-truth.ts'
import { changed, type DrawEdits, kit, mimicry, oneRow, stopped } from '../fleet/incidents.ts'
import { account, add, cronJob, file, outbound, port, program, type Rows, unit } from '../fleet/rows.ts'
import type { IncidentPlan, Scenario } from '../fleet/scenario.ts'
import { incident, runnable, scenario, single, stratum } from '../fleet/scenarios.ts'
import { intrusion } from './incidents.ts'
import { FOREIGN } from './pack.ts'

const FIVE = [stratum('search', 4), stratum('ledger', 3), stratum('mail', 2), stratum('build', 1)]
const CANARY = [stratum('search', 17), stratum('search', 3, 1), stratum('ledger', 8)]
const RELEASES = [0, 1, 3, 6, 9]
const TWENTY = [
  ...['search', 'ledger', 'build'].flatMap(role => RELEASES.map(version => stratum(role, 1, version))),
  ...RELEASES.map(version => stratum('search', 1, version, 1))
]

/** Noise of other kinds than elsewhere: a JVM's files and ports, renewals, keys of clusters, disks. */
function quirks(rows: Rows, random: Random): void {
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
    cronJob('/etc/cron.d/certbot', `root certbot renew --quiet --cert-name ${random.hex(8)}.svc.example`)
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
  strata: Scenario['strata'],
  incidents: readonly IncidentPlan[] = [],
  rest: Partial<Scenario> = {}
) => scenario(`held-out-${name}`, hosts, strata, { distribution: 'amazon', quirks, incidents, ...rest })
const foreign = (name: string, hosts: number, incidents: readonly IncidentPlan[] = []) =>
  scenario(`held-out-foreign-${name}`, hosts, [stratum('mail', 3), stratum('ledger', 2)], {
    foreign: FOREIGN,
    incidents
  })
const one = (draw: DrawEdits, count: number) => incident(draw, count, 1, [2, 7])

/** Scenarios that nothing was tuned on: other services, another distribution, other noise, a pack without descriptions. */
export const HELD_OUT_SCENARIOS: readonly FleetScenario[] = runnable([
  amazon('clean-150', 150, FIVE),
  amazon('clean-one-role-80', 80, [stratum('search', 1)]),
  amazon('clean-canary-140', 140, CANARY),
  amazon('clean-20-versions-300', 300, TWENTY, [], { figures: ['manyVersions'] }),
  amazon('clean-18', 18, [stratum('mail', 1)]),
  amazon('intrusion-70', 70, [stratum('search', 2), stratum('ledger', 1)], [one(intrusion, 1)]),
  amazon('intrusion-150', 150, FIVE, [one(intrusion, 3)]),
  amazon('intrusion-500', 500, FIVE, [one(intrusion, 4), one(kit, 2)]),
  amazon('six-hosts-150', 150, FIVE, [incident(intrusion, 1, 6, [2, 5])]),
  amazon('stopped-150', 150, FIVE, [one(stopped, 2)]),
  amazon('changed-and-mimicry-150', 150, FIVE, [one(changed, 1), one(mimicry, 1)]),
  amazon('single-row-150', 150, FIVE, [single(3)]),
  amazon('canary-intrusion-140', 140, CANARY, [one(intrusion, 2)]),
  amazon('intrusion-16', 16, [stratum('ledger', 1)], [one(intrusion, 1)]),
  amazon('most-compromised-90', 90, [stratum('build', 1)], [incident(intrusion, 1, 0.6, [3, 6])], {
    baseline: true,
    figures: ['baseline']
  }),
  foreign('clean-120', 120),
  foreign('intrusion-120', 120, [one(intrusion, 1), one(kit, 1)]),
  foreign('stopped-120', 120, [one(stopped, 1)]),
  foreign('single-row-120', 120, [incident(oneRow, 2, 1, [1, 1])])
])
