import type { FleetScenario } from '../fleet/ground-truth.ts'
import { type Campaign, type Group, operate, type Plan } from './fleet.ts'

const group = (role: string, share: Group['share'], services = 2, traits: Partial<Group> = {}): Group => ({
  role,
  share,
  services,
  ...traits
})
const hosts = (count: number) => ({ hosts: count })
/** So many attacks of different kinds, each on one host. */
const various = (count: number): Campaign[] =>
  Array.from({ length: count }, () => ({ attack: 'any', hosts: 1 }))

const WEB = [group('web', 1)]
const THREE_TIERS = [group('web', 6), group('app', 5, 3), group('db', 2), group('balancer', hosts(2))]
const REPLICAS = [
  group('replica', 24),
  group('primary', 10, 1, { like: 'replica' }),
  group('pooler', hosts(3), 1),
  group('backup', hosts(1), 3)
]
const PROXIES = [group('app', 37, 3), group('proxy', hosts(3), 2, { like: 'app' })]
const AUTOSCALED = [group('api', 7, 2, { builds: [5, 3, 1] }), group('worker', 3, 2, { builds: [2, 1] })]
const CANARY = [group('web', 1, 2, { versions: [9, 1] })]
const BLUE_GREEN = [group('web', 7, 2, { versions: [1, 1] }), group('db', 3)]
const RUNNERS = [group('runner', 36, 2, { containers: 2 }), group('cache', hosts(4))]
const NODES = [group('node', 8, 3, { containers: 5 }), group('ingress', 2)]
const BROKERS = [group('broker', 6, 2, { numbered: true }), group('client', 4)]
const TWO_SYSTEMS = [group('web', 5), group('legacy', 3, 2, { foreign: true, like: 'web' })]
const WORKSTATIONS = [group('web', 5), group('workstation', hosts(6), 1, { personal: true })]
const MANY_ROLES = [
  ...['web', 'api', 'search', 'ledger', 'queue', 'mail'].map((role, at) =>
    group(role, 6 - at / 2, 1 + (at % 3))
  ),
  group('bastion', hosts(1), 3),
  group('monitor', hosts(2), 4)
]
const ROLLOUTS = [
  group('api', 5, 2, { versions: [3, 2, 1], builds: [2, 1] }),
  group('batch', 3, 2, { versions: [1, 1], builds: [1, 1] })
]

const PLANS: readonly Plan[] = [
  // Healthy.
  {
    name: 'clean-web-36',
    hosts: 36,
    groups: WEB,
    oddities: 0,
    campaigns: [],
    figures: ['homogeneous'],
    short: true
  },
  { name: 'clean-web-12', hosts: 12, groups: WEB, oddities: 1, campaigns: [], short: true },
  { name: 'clean-tiers-80', hosts: 80, groups: THREE_TIERS, oddities: 3, campaigns: [], short: true },
  { name: 'clean-replicas-40', hosts: 40, groups: REPLICAS, oddities: 2, campaigns: [], short: true },
  { name: 'clean-proxies-40', hosts: 40, groups: PROXIES, oddities: 2, campaigns: [] },
  { name: 'clean-autoscaled-100', hosts: 100, groups: AUTOSCALED, oddities: 3, campaigns: [] },
  { name: 'clean-canary-50', hosts: 50, groups: CANARY, oddities: 2, campaigns: [] },
  { name: 'clean-runners-40', hosts: 40, groups: RUNNERS, oddities: 2, campaigns: [] },
  { name: 'clean-nodes-60', hosts: 60, groups: NODES, oddities: 3, campaigns: [], short: true },
  { name: 'clean-brokers-24', hosts: 24, groups: BROKERS, oddities: 1, campaigns: [] },
  { name: 'clean-systems-90', hosts: 90, groups: TWO_SYSTEMS, oddities: 3, campaigns: [] },
  { name: 'clean-workstations-40', hosts: 40, groups: WORKSTATIONS, oddities: 2, campaigns: [] },
  { name: 'clean-roles-200', hosts: 200, groups: MANY_ROLES, oddities: 5, campaigns: [] },
  { name: 'clean-rollouts-120', hosts: 120, groups: ROLLOUTS, oddities: 3, campaigns: [] },
  // Attacked.
  { name: 'web-6', hosts: 6, groups: WEB, oddities: 0, campaigns: various(1) },
  { name: 'web-12', hosts: 12, groups: WEB, oddities: 1, campaigns: various(1), short: true },
  { name: 'web-36', hosts: 36, groups: WEB, oddities: 1, campaigns: various(4), short: true },
  { name: 'independent-12', hosts: 12, groups: WEB, oddities: 0, campaigns: various(11) },
  { name: 'independent-60', hosts: 60, groups: WEB, oddities: 2, campaigns: various(20), short: true },
  { name: 'tiers-80', hosts: 80, groups: THREE_TIERS, oddities: 3, campaigns: various(4), short: true },
  { name: 'replicas-40', hosts: 40, groups: REPLICAS, oddities: 2, campaigns: various(3) },
  { name: 'proxies-40', hosts: 40, groups: PROXIES, oddities: 2, campaigns: various(3), short: true },
  { name: 'autoscaled-100', hosts: 100, groups: AUTOSCALED, oddities: 3, campaigns: various(4) },
  { name: 'canary-50', hosts: 50, groups: CANARY, oddities: 2, campaigns: various(3) },
  { name: 'blue-green-50', hosts: 50, groups: BLUE_GREEN, oddities: 2, campaigns: various(3), short: true },
  { name: 'runners-40', hosts: 40, groups: RUNNERS, oddities: 2, campaigns: various(3) },
  { name: 'nodes-60', hosts: 60, groups: NODES, oddities: 3, campaigns: various(3) },
  { name: 'brokers-24', hosts: 24, groups: BROKERS, oddities: 1, campaigns: various(2) },
  { name: 'systems-90', hosts: 90, groups: TWO_SYSTEMS, oddities: 3, campaigns: various(4) },
  { name: 'workstations-40', hosts: 40, groups: WORKSTATIONS, oddities: 2, campaigns: various(3) },
  { name: 'roles-200', hosts: 200, groups: MANY_ROLES, oddities: 5, campaigns: various(6) },
  { name: 'rollouts-120', hosts: 120, groups: ROLLOUTS, oddities: 3, campaigns: various(4) },
  {
    name: 'campaign-100',
    hosts: 100,
    groups: WEB,
    oddities: 2,
    campaigns: [
      { attack: 'any', hosts: 5 },
      { attack: 'any', hosts: 3 },
      { attack: 'cronDownload', hosts: 5 }
    ],
    short: true
  },
  {
    name: 'campaign-tiers-80',
    hosts: 80,
    groups: THREE_TIERS,
    oddities: 3,
    campaigns: [
      { attack: 'any', hosts: 2 },
      { attack: 'any', hosts: 6 }
    ]
  },
  {
    name: 'polymorphic-60',
    hosts: 60,
    groups: WEB,
    oddities: 1,
    campaigns: [
      { attack: 'kernelModule', hosts: 9, polymorphic: true },
      { attack: 'setuidShell', hosts: 6, polymorphic: true },
      { attack: 'rootKey', hosts: 4, polymorphic: true }
    ],
    short: true
  },
  {
    name: 'most-compromised-60',
    hosts: 60,
    groups: WEB,
    oddities: 1,
    campaigns: [{ attack: 'unitImplant', hosts: 0.6 }],
    figures: ['baseline'],
    baseline: true
  }
]

/** Fleets that are operated rather than drawn: the second, independent generator. */
export const OPERATED_SCENARIOS: readonly FleetScenario[] = PLANS.map(plan => ({
  name: `operated-${plan.name}`,
  hosts: plan.hosts,
  short: plan.short ?? false,
  make: seed => operate(plan, seed)
}))
