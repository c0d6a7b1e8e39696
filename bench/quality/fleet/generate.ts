import { type Random, seededRandom } from '../../../simulator/fleet/random.ts'
import { builtinPack } from '../../../src/osquery/builtin-packs.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { HostFacts, HostRecord, QueryResult } from '../../../src/snapshot/snapshot.ts'
import { baselineOf } from './baseline.ts'
import type { Incident, LabeledFleet, Row } from './ground-truth.ts'
import { type RowEdit, sample } from './incidents.ts'
import { addPersistent, addTransient, type Optional, optionalPool } from './noise.ts'
import { imageRows } from './os-image.ts'
import { addRole } from './roles.ts'
import { type Rows, sha256 } from './rows.ts'
import type { ForeignPack, IncidentPlan, Scenario, Stratum } from './scenario.ts'

const LINUX: readonly Query[] = builtinPack('linux')?.queries ?? []

/** A host while the fleet is made. */
interface DraftHost {
  readonly host: string
  readonly stratum: Stratum
  readonly facts: HostFacts
  /** Without what depends on the moment of the query. */
  readonly persistent: Rows
  readonly rows: Rows
  compromised: boolean
  readonly silent: boolean
  /** The query that was cut, if one was. */
  readonly truncated: string | null
}

/** What all hosts of a fleet have in common. */
interface Setting {
  readonly scenario: Scenario
  readonly queries: readonly Query[]
  readonly random: Random
  readonly pool: readonly Optional[]
  /** Prefix of host names; `null`: names are made from addresses. */
  readonly namePrefix: string | null
  readonly rowsOf: ReadonlyMap<Stratum, Rows>
}

/** Makes one fleet of a scenario, with its truth. The same scenario and seed give the same fleet. */
export function generate(scenario: Scenario, seed: number): LabeledFleet {
  const random = seededRandom(Number.parseInt(sha256(`${scenario.name} ${seed}`).slice(0, 8), 16))
  const queries = scenario.foreign?.queries ?? LINUX
  const strata = assignStrata(scenario, random)
  const setting: Setting = {
    scenario,
    queries,
    random,
    pool: optionalPool(random, scenario.noise.shared, scenario.hosts),
    namePrefix: random.chance(0.7) ? null : random.pick(['shop', 'pay', 'core']),
    rowsOf: new Map(scenario.strata.map(stratum => [stratum, stratumRows(scenario, stratum)]))
  }
  const drafts = strata.map((stratum, index) => draftHost(setting, stratum, index))
  const incidents = scenario.incidents.flatMap(plan =>
    Array.from({ length: plan.count }, () => addIncident(plan, drafts, random))
  )
  const { foreign } = scenario
  return {
    scenario: scenario.name,
    seed,
    figures: scenario.figures,
    queries,
    baseline: scenario.baseline ? learnedBaseline(setting, drafts) : null,
    hosts: drafts.map(draft => hostRecord(setting, draft, draft.rows)),
    strata: new Map(
      drafts.map(({ host, stratum }) => [host, `${stratum.role} v${stratum.version} g${stratum.generation}`])
    ),
    alternativeStrata: [],
    incidents: foreign === null ? incidents : incidents.map(incident => translate(incident, foreign))
  }
}

/** The stratum of each host, in random order. */
function assignStrata({ hosts, strata }: Scenario, random: Random): Stratum[] {
  const assigned: Stratum[] = strata.flatMap(stratum =>
    typeof stratum.share === 'number' ? [] : Array<Stratum>(stratum.share.hosts).fill(stratum)
  )
  const fixed = assigned.length
  const shared = strata.flatMap(stratum =>
    typeof stratum.share === 'number' ? [{ stratum, share: stratum.share }] : []
  )
  const total = shared.reduce((sum, { share }) => sum + share, 0)
  let reached = 0
  for (const { stratum, share } of shared) {
    reached += share
    while (assigned.length < fixed + Math.round(((hosts - fixed) * reached) / total)) assigned.push(stratum)
  }
  return sample(random, assigned, assigned.length)
}

/** The rows that all hosts of a stratum have. */
function stratumRows({ distribution }: Scenario, { role, version, generation }: Stratum): Rows {
  const rows = imageRows(distribution, generation)
  addRole(rows, role, version)
  return rows
}

function draftHost(setting: Setting, stratum: Stratum, index: number): DraftHost {
  const { scenario, random, pool, queries, rowsOf } = setting
  const { noise } = scenario
  const facts = factsOf(setting, stratum.role, index)
  const persistent = copy(rowsOf.get(stratum) ?? {})
  addPersistent(persistent, random, facts, pool)
  scenario.quirks?.(persistent, random)
  if (random.chance(noise.ahead)) patch(persistent)
  const rows = copy(persistent)
  addTransient(rows, random, noise)
  return {
    host: `i-${random.hex(17)}`,
    stratum,
    facts,
    persistent,
    rows,
    compromised: false,
    silent: random.chance(noise.silent),
    truncated: random.chance(noise.unobserved) ? random.pick(queries).name : null
  }
}

/** A later version of the SSH programs, as a nightly upgrade brings it to some hosts before others. */
function patch(rows: Rows): void {
  rows.core_programs = (rows.core_programs ?? []).map(row =>
    (row.path ?? '').endsWith('/ssh') || (row.path ?? '').endsWith('/sshd')
      ? { ...row, version: `${row.version}+u1`, sha256: sha256(`${row.path} ${row.version} u1`) }
      : row
  )
}

function factsOf({ random, namePrefix, scenario }: Setting, role: string, index: number): HostFacts {
  const amazon = scenario.distribution === 'amazon'
  const address = `10.${random.between(0, 3)}.${random.between(0, 250)}.${random.between(4, 250)}`
  const hostname =
    namePrefix === null ? `ip-${address.replace(/\./g, '-')}` : `${namePrefix}-${role}-${index}`
  return {
    hostname,
    fqdn: `${hostname}.ec2.internal`,
    addresses: [address],
    macs: [`0a:${random.hex(2)}:${random.hex(2)}:${random.hex(2)}:${random.hex(2)}:${random.hex(2)}`],
    machineId: random.hex(32),
    bootId: `${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)}`,
    os: amazon ? 'amzn' : 'debian',
    osVersion: amazon ? '2023' : '12',
    arch: 'x86_64',
    osqueryVersion: '5.23.0',
    root: true
  }
}

const copy = (rows: Rows): Rows =>
  Object.fromEntries(Object.entries(rows).map(([query, list]) => [query, [...list]]))

/**
 * Adds an incident to hosts that were fully observed and have none yet, of one stratum where enough of them are.
 */
function addIncident(plan: IncidentPlan, drafts: readonly DraftHost[], random: Random): Incident {
  const wanted = plan.hosts < 1 ? Math.max(1, Math.round(plan.hosts * drafts.length)) : plan.hosts
  const free = drafts.filter(draft => !draft.silent && draft.truncated === null && !draft.compromised)
  const first = random.pick(free.length > 0 ? free : drafts)
  const alike = free.filter(({ stratum }) => stratum === first.stratum)
  const chosen = wanted === 1 ? [first] : sample(random, alike.length >= wanted ? alike : free, wanted)
  for (const draft of chosen) draft.compromised = true
  const [least, most] = plan.rows
  const edits = plan.draw(random, first.persistent, random.between(least, most), first.stratum.role)
  for (const { rows } of chosen) for (const edit of edits) apply(edit, rows)
  return {
    kind: plan.benign ? 'benign' : 'incident',
    name: plan.draw.name,
    hosts: chosen.map(({ host }) => host).sort(),
    rows: edits
  }
}

function apply(edit: RowEdit, rows: Rows): void {
  const before = rows[edit.query] ?? []
  const gone = edit.kind === 'missing' ? edit.row : edit.previous
  const same = gone === null ? '' : JSON.stringify(gone)
  rows[edit.query] = [
    ...(gone === null ? before : before.filter(row => JSON.stringify(row) !== same)),
    ...(edit.kind === 'missing' ? [] : [edit.row])
  ]
}

/** The host's record; process ids, times and whatever else differs at each query are drawn here. */
function hostRecord({ scenario, random }: Setting, draft: DraftHost, rows: Rows): HostRecord {
  const { foreign } = scenario
  const head = {
    host: draft.host,
    unanswered: false,
    collectedAt: '2026-11-24T08:00:00Z',
    facts: draft.silent ? null : draft.facts
  }
  if (draft.silent) return { ...head, status: 'silent', code: 'timed-out', reason: 'TimedOut', queries: {} }
  const collected = foreign?.translate(rows) ?? rows
  const queries: Record<string, QueryResult> = {}
  for (const { name } of foreign?.queries ?? LINUX) {
    const all = (collected[name] ?? []).map(
      row => foreign?.addVolatileColumns(row, random) ?? addVolatileColumns(row, random)
    )
    queries[name] =
      name === draft.truncated
        ? { status: 'truncated', detail: 'the output was cut', rows: all.slice(0, all.length >> 1) }
        : { status: 'ok', detail: null, rows: all }
  }
  return draft.truncated === null
    ? { ...head, status: 'reported', code: null, reason: null, queries }
    : { ...head, status: 'partial', code: 'queries-unanswered', reason: 'one query was truncated', queries }
}

function addVolatileColumns(row: Row, random: Random): Row {
  const complete: Record<string, string> = { ...row }
  if ('cmdline' in row || 'port' in row || 'remote_port' in row)
    complete.pid = String(random.between(300, 400000))
  if ('cgroup_path' in row) complete.start_time = String(1764000000 + random.between(0, 90000))
  if ('mode' in row) complete.mtime = String(1760000000 + random.between(0, 900000))
  return complete
}

/** A baseline of the same hosts on the day before, when nothing was planted. */
function learnedBaseline(setting: Setting, drafts: readonly DraftHost[]) {
  const { scenario, random } = setting
  const clean = drafts.map(draft => {
    const rows = copy(draft.persistent)
    addTransient(rows, random, scenario.noise)
    return hostRecord(setting, { ...draft, silent: false, truncated: null }, rows)
  })
  return baselineOf(LINUX, clean)
}

/** The incident's rows as the foreign pack shows them. */
function translate(incident: Incident, foreign: ForeignPack): Incident {
  const shown = (query: string, row: Row | null) =>
    row === null
      ? []
      : Object.entries(foreign.translate({ [query]: [row] })).flatMap(([foreignQuery, list]) =>
          list.map(foreignRow => ({ query: foreignQuery, row: foreignRow }))
        )
  const rows = incident.rows.flatMap(({ kind, query, row, previous }) =>
    shown(query, row).map(translated => ({
      kind,
      ...translated,
      previous: shown(query, previous)[0]?.row ?? null
    }))
  )
  return { ...incident, rows }
}
