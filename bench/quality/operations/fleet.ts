import { type Random, seededRandom } from '../../../simulator/fleet/random.ts'
import { builtinPack } from '../../../src/osquery/builtin-packs.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { HostRecord, QueryResult, Row } from '../../../src/snapshot/snapshot.ts'
import { baselineOf } from '../fleet/baseline.ts'
import type { Incident, IncidentRow, LabeledFleet, SpecialFigure } from '../fleet/ground-truth.ts'
import { sample } from '../fleet/incidents.ts'
import { type Rows, sha256 } from '../fleet/rows.ts'
import { ATTACKS, drawChoice } from './attacks.ts'
import { drawLiveliness, happen, type Liveliness, ODDITIES, personalize } from './daily-life.ts'
import { bootHost, DISTRIBUTIONS, type Distribution, identify } from './operating-system.ts'
import {
  install,
  installAgents,
  inventService,
  KNOWN_AGENTS,
  OTHER_AGENTS,
  type Service
} from './services.ts'
import { cloneState, type HostState } from './state.ts'
import { tablesOf } from './tables.ts'

const LINUX: readonly Query[] = builtinPack('linux')?.queries ?? []

/** A group of hosts that do the same work. */
export interface Group {
  readonly role: string
  /** Share of the fleet, relative to the other groups; or a number of hosts. */
  readonly share: number | { readonly hosts: number }
  /** How many services of its own the role has. */
  readonly services: number
  /** The role whose services it has too, as a replica has its primary's. */
  readonly like?: string
  /** Versions of the role's own services that are out at the same time, with their shares. */
  readonly versions?: readonly number[]
  /** Builds of the image that are out at the same time, with their shares. */
  readonly builds?: readonly number[]
  /** A different distribution than the fleet's. */
  readonly foreign?: boolean
  /** Runs this many containers out of the fleet's pool, drawn for each host. */
  readonly containers?: number
  /** A person's own machine: tools and accounts of that person. */
  readonly personal?: boolean
  /** Each host has a number, and its services have it in unit names and ports. */
  readonly numbered?: boolean
}

/** An attack on a fleet. */
export interface Campaign {
  /** `any`: drawn from all attacks. */
  readonly attack: string
  /** Number of hosts; below 1 a share of the fleet. */
  readonly hosts: number
  /** Every host gets other names and addresses. */
  readonly polymorphic?: boolean
}

export interface Plan {
  readonly name: string
  readonly hosts: number
  readonly groups: readonly Group[]
  /** How many healthy oddities the fleet shows. */
  readonly oddities: number
  readonly campaigns: readonly Campaign[]
  readonly figures?: readonly SpecialFigure[]
  /** Compared with a baseline of the same hosts on the day before. */
  readonly baseline?: boolean
  readonly short?: boolean
}

interface Member {
  readonly id: string
  readonly role: string
  /** The role that a handful of hosts with something more may as well be counted in. */
  readonly widerRole: string
  readonly version: number
  readonly build: number
  readonly state: HostState
}

/** Operates a fleet: boots its hosts, installs what they need, lets healthy things happen, then attacks it. */
export function operate(plan: Plan, seed: number): LabeledFleet {
  const random = seededRandom(Number.parseInt(sha256(`operations ${plan.name} ${seed}`).slice(0, 8), 16))
  const distribution = random.pick(DISTRIBUTIONS)
  const lively = drawLiveliness(random)
  const members = bootFleet(plan, distribution, random)
  const names = sample(random, Object.keys(ODDITIES), plan.oddities)
  for (const name of names)
    ODDITIES[name]?.(
      members.map(({ state }) => state),
      random
    )
  const yesterday = plan.baseline ? members.map(member => today(member, random, lively, distribution)) : []
  const present = members.map(member => today(member, random, lively, distribution))
  const tables = new Map(present.map(({ id, state }) => [id, tablesOf(state)]))
  const incidents: Incident[] = []
  for (const campaign of plan.campaigns) incidents.push(attack(campaign, present, tables, incidents, random))
  const label = (of: (member: Member) => string) => new Map(present.map(member => [member.id, of(member)]))
  return {
    scenario: plan.name,
    seed,
    figures: plan.figures ?? [],
    queries: LINUX,
    hosts: present.map(({ id, state }) => recordOf(id, state, tables.get(id) ?? {}, random)),
    baseline: plan.baseline
      ? baselineOf(
          LINUX,
          yesterday.map(({ id, state }) => recordOf(id, state, tablesOf(state), random))
        )
      : null,
    strata: label(({ role, version, build }) => `${role} v${version} b${build}`),
    alternativeStrata: [
      label(({ role }) => role),
      label(({ widerRole }) => widerRole),
      label(({ role, version }) => `${role} v${version}`),
      label(({ role, build }) => `${role} b${build}`)
    ],
    incidents
  }
}

function bootFleet(plan: Plan, distribution: Distribution, random: Random): Member[] {
  const agents = [...sample(random, KNOWN_AGENTS, 3), 'rsyslog', 'auditd', random.pick(OTHER_AGENTS)]
  const servicesOf = new Map(
    plan.groups.map(({ role, services }) => [
      role,
      Array.from({ length: services }, () => inventService(random))
    ])
  )
  const pool = Array.from({ length: 16 }, () => ({ ...inventService(random), origin: 'container' as const }))
  const prefix = random.chance(0.5) ? random.pick(['acme', 'prod', 'eu1']) : null
  const members: Member[] = []
  for (const group of assignGroups(plan, random)) {
    const index = members.length
    const build = pickShare(group.builds ?? [1], random)
    const version = pickShare(group.versions ?? [1], random)
    const base = bootHost(group.foreign ? other(distribution) : distribution, build)
    const state = identify(base, random, prefix === null ? null : `${prefix}-${group.role}-${index}`)
    installAgents(state, [...new Set(agents)])
    for (const service of servicesOf.get(group.like ?? '') ?? []) install(state, service)
    for (const service of servicesOf.get(group.role) ?? [])
      install(state, group.numbered ? numbered(service, index) : service, version)
    for (const service of sample(random, pool, group.containers ?? 0)) install(state, service)
    if (group.personal)
      for (let extra = random.between(2, 6); extra > 0; extra--) install(state, inventService(random))
    personalize(state, random, index)
    members.push({
      id: `i-${random.hex(17)}`,
      role: group.role,
      widerRole: typeof group.share === 'number' ? group.role : (group.like ?? group.role),
      version,
      build,
      state
    })
  }
  return members
}

const other = (distribution: Distribution): Distribution =>
  DISTRIBUTIONS.find(({ id }) => id !== distribution.id) ?? distribution

const numbered = (service: Service, index: number): Service => ({
  ...service,
  ports: service.ports.map(port => port + index),
  loopbackPorts: [7000 + index, 9000 + index]
})

/** The group of each host, in random order. */
function assignGroups({ groups, hosts }: Plan, random: Random): Group[] {
  const assigned = groups.flatMap(group =>
    typeof group.share === 'number' ? [] : Array<Group>(group.share.hosts).fill(group)
  )
  const shared = groups.flatMap(group =>
    typeof group.share === 'number' ? [{ group, share: group.share }] : []
  )
  while (assigned.length < hosts) {
    const drawn =
      shared[
        pickShare(
          shared.map(({ share }) => share),
          random
        )
      ]
    if (drawn === undefined) break
    assigned.push(drawn.group)
  }
  return sample(random, assigned, assigned.length)
}

/** An index, drawn by the shares. */
function pickShare(shares: readonly number[], random: Random): number {
  let ticket = random.next() * shares.reduce((sum, share) => sum + share, 0)
  for (const [index, share] of shares.entries()) {
    ticket -= share
    if (ticket < 0) return index
  }
  return 0
}

/** The host as it is found on a day. */
function today(member: Member, random: Random, lively: Liveliness, { login }: Distribution): Member {
  const state = cloneState(member.state)
  happen(state, random, lively, login)
  return { ...member, state }
}

/**
 * Attacks hosts that were not attacked before, of one role where there are enough of them, and notes as truth the rows
 * in which their tables differ from before.
 */
function attack(
  { attack: wanted, hosts, polymorphic }: Campaign,
  members: readonly Member[],
  tables: Map<string, Rows>,
  before: readonly Incident[],
  random: Random
): Incident {
  const attacked = new Set(before.flatMap(incident => incident.hosts))
  const free = members.filter(({ id }) => !attacked.has(id))
  const count = hosts < 1 ? Math.max(1, Math.round(hosts * members.length)) : hosts
  const role = random.pick(free).role
  const alike = free.filter(member => member.role === role)
  const targets = sample(random, alike.length >= count ? alike : free, count)
  const used = new Set(before.map(({ name }) => name))
  const names = Object.keys(ATTACKS)
  for (const name of wanted === 'any'
    ? sample(
        random,
        names.filter(name => !used.has(name)),
        20
      )
    : [wanted]) {
    const choice = drawChoice(random)
    const changed = targets.flatMap(({ id, state }) => {
      const after = cloneState(state)
      if (ATTACKS[name]?.(after, polymorphic ? drawChoice(random) : choice) === false) return []
      const rows = tablesOf(after)
      return [{ id, rows, edits: difference(tables.get(id) ?? {}, rows) }]
    })
    if (changed.length < targets.length || changed.some(({ edits }) => edits.length === 0)) continue
    for (const { id, rows } of changed) tables.set(id, rows)
    return {
      kind: 'incident',
      name,
      hosts: changed.map(({ id }) => id).sort(),
      rows: distinct(changed.flatMap(({ edits }) => edits))
    }
  }
  throw new Error(`no host of the fleet can be attacked by ${wanted}`)
}

const distinct = (rows: readonly IncidentRow[]): IncidentRow[] => [
  ...new Map(rows.map(row => [JSON.stringify(row), row])).values()
]

/** The rows that were added, removed or changed, in tables whose rows can accuse. */
function difference(before: Rows, after: Rows): IncidentRow[] {
  return LINUX.filter(({ weight }) => weight !== 'context').flatMap(query => {
    const columns = query.identity ?? []
    const key = (row: Row, names: readonly string[]) => JSON.stringify(names.map(name => row[name]))
    const index = (rows: readonly Row[] = []) => new Map(rows.map(row => [key(row, columns), row]))
    const [old, now] = [index(before[query.name]), index(after[query.name])]
    const added = [...now].filter(([text]) => !old.has(text)).map(([, row]) => row)
    const removed = [...old].filter(([text]) => !now.has(text)).map(([, row]) => row)
    const stable = columns.filter(name => ![...query.changes, ...query.cohort].includes(name))
    const paired = new Set<Row>()
    const rows = added.map((row): IncidentRow => {
      const previous = removed.find(gone => !paired.has(gone) && key(gone, stable) === key(row, stable))
      if (query.changes.length === 0 || previous === undefined)
        return { kind: 'unexpected', query: query.name, row, previous: null }
      paired.add(previous)
      return { kind: 'changed', query: query.name, row, previous }
    })
    const missing = removed.filter(row => !paired.has(row))
    return [
      ...rows,
      ...missing.map(row => ({ kind: 'missing' as const, query: query.name, row, previous: null }))
    ]
  })
}

function recordOf(id: string, { facts }: HostState, tables: Rows, random: Random): HostRecord {
  const queries: Record<string, QueryResult> = {}
  for (const { name } of LINUX)
    queries[name] = {
      status: 'ok',
      detail: null,
      rows: (tables[name] ?? []).map(row => withVolatile(row, random))
    }
  return {
    host: id,
    status: 'reported',
    code: null,
    reason: null,
    unanswered: false,
    collectedAt: '2026-11-24T08:00:00Z',
    facts,
    queries
  }
}

/** Adds the columns that differ at each query. */
function withVolatile(row: Row, random: Random): Row {
  if ('cgroup_path' in row || 'port' in row || 'remote_port' in row)
    return {
      ...row,
      pid: String(random.between(300, 400000)),
      start_time: String(1764000000 + random.between(0, 90000))
    }
  return 'mode' in row ? { ...row, mtime: String(1760000000 + random.between(0, 900000)) } : row
}
