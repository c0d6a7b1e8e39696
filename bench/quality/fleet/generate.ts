import { type Random, seededRandom } from '../../../simulator/fleet/random.ts'
import type { Baseline, BaselineQuery } from '../../../src/baseline/baseline.ts'
import { rowReader } from '../../../src/normalize/fleet.ts'
import { builtinPack } from '../../../src/osquery/builtin-packs.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { HostFacts, HostRecord, QueryResult } from '../../../src/snapshot/snapshot.ts'
import type { Plant, Row, TrueFleet } from './ground-truth.ts'
import { type Edit, some } from './incidents.ts'
import { addFleeting, addLasting, optionalPool } from './noise.ts'
import { imageRows } from './os-image.ts'
import { addRole } from './roles.ts'
import { type Rows, sha256 } from './rows.ts'
import type { Cell, Family, Planting } from './scenario.ts'

const LINUX: readonly Query[] = builtinPack('linux')?.queries ?? []

/** A host while the fleet is made. */
interface Sketch {
  readonly host: string
  readonly cell: Cell
  readonly facts: HostFacts
  /** Without what only the moment of looking shows. */
  readonly lasting: Rows
  readonly rows: Rows
  planted: boolean
  readonly silent: boolean
  readonly unobserved: string | null
}

/** Makes one fleet of a family, with its truth. The same family and seed give the same fleet. */
export function generate(family: Family, seed: number): TrueFleet {
  const random = seededRandom(Number.parseInt(sha256(`${family.name} ${seed}`).slice(0, 8), 16))
  const queries = family.foreign?.queries ?? LINUX
  const cells = apportion(family, random)
  const pool = optionalPool(random, family.noise.shared, family.hosts)
  const fleetName = random.chance(0.7) ? null : random.pick(['shop', 'pay', 'core'])
  const shared = new Map(family.cells.map(cell => [cell, cellRows(family, cell)]))
  const sketches = cells.map((cell, index) =>
    sketch(family, cell, shared.get(cell) ?? {}, index, fleetName, pool, random, queries)
  )
  const plants = family.plantings.flatMap(planting =>
    Array.from({ length: planting.count }, () => plantOne(planting, sketches, random))
  )
  return {
    family: family.name,
    seed,
    queries,
    baseline: family.baseline ? baselineOf(family, sketches, random) : null,
    hosts: sketches.map(one => record(one, one.rows, family, random)),
    cells: new Map(
      sketches.map(({ host, cell }) => [host, `${cell.role} v${cell.version} g${cell.generation}`])
    ),
    plants: family.foreign === null ? plants : plants.map(plant => translated(plant, family.foreign))
  }
}

/** The cell of each host, in random order. */
function apportion({ hosts, cells }: Family, random: Random): Cell[] {
  const fixed = cells.flatMap(cell =>
    typeof cell.share === 'number' ? [] : Array(cell.share.hosts).fill(cell)
  ) as Cell[]
  const shared = cells.flatMap(cell => (typeof cell.share === 'number' ? [{ cell, share: cell.share }] : []))
  const total = shared.reduce((sum, { share }) => sum + share, 0)
  const left = hosts - fixed.length
  const filled = [...fixed]
  let reached = 0
  for (const { cell, share } of shared) {
    reached += share
    while (filled.length < fixed.length + Math.round((left * reached) / total)) filled.push(cell)
  }
  return some(random, filled, filled.length)
}

/** The rows that all hosts of a cell have. */
function cellRows({ distribution }: Family, { role, version, generation }: Cell): Rows {
  const rows = imageRows(distribution, generation)
  addRole(rows, role, version)
  return rows
}

function sketch(
  family: Family,
  cell: Cell,
  shared: Rows,
  index: number,
  fleetName: string | null,
  pool: Parameters<typeof addLasting>[3],
  random: Random,
  queries: readonly Query[]
): Sketch {
  const facts = factsOf(random, index, fleetName, cell.role, family)
  const lasting = copy(shared)
  addLasting(lasting, random, facts, pool)
  family.oddities?.(lasting, random)
  if (random.chance(family.noise.ahead)) patch(lasting)
  const rows = copy(lasting)
  addFleeting(rows, random, family.noise)
  return {
    host: `i-${random.hex(17)}`,
    cell,
    facts,
    lasting,
    rows,
    planted: false,
    silent: random.chance(family.noise.silent),
    unobserved: random.chance(family.noise.unobserved) ? random.pick(queries).name : null
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

function factsOf(
  random: Random,
  index: number,
  fleetName: string | null,
  role: string,
  family: Family
): HostFacts {
  const address = `10.${random.between(0, 3)}.${random.between(0, 250)}.${random.between(4, 250)}`
  const hostname = fleetName === null ? `ip-${address.replace(/\./g, '-')}` : `${fleetName}-${role}-${index}`
  return {
    hostname,
    fqdn: `${hostname}.ec2.internal`,
    addresses: [address],
    macs: [`0a:${random.hex(2)}:${random.hex(2)}:${random.hex(2)}:${random.hex(2)}:${random.hex(2)}`],
    machineId: random.hex(32),
    bootId: `${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)}`,
    os: family.distribution === 'amazon' ? 'amzn' : 'debian',
    osVersion: family.distribution === 'amazon' ? '2023' : '12',
    arch: 'x86_64',
    osqueryVersion: '5.23.0',
    root: true
  }
}

const copy = (rows: Rows): Rows =>
  Object.fromEntries(Object.entries(rows).map(([query, list]) => [query, [...list]]))

/** Plants on hosts that were fully observed, of one cell where it has enough of them, none of them planted before. */
function plantOne(planting: Planting, sketches: readonly Sketch[], random: Random): Plant {
  const wanted =
    planting.hosts < 1 ? Math.max(1, Math.round(planting.hosts * sketches.length)) : planting.hosts
  const free = sketches.filter(one => !one.silent && one.unobserved === null && !one.planted)
  const first = random.pick(free.length > 0 ? free : sketches)
  const alike = free.filter(({ cell }) => cell === first.cell)
  const chosen = wanted === 1 ? [first] : some(random, alike.length >= wanted ? alike : free, wanted)
  for (const one of chosen) one.planted = true
  const [least, most] = planting.rows
  const edits = planting.draw(random, first.lasting, random.between(least, most), first.cell.role)
  for (const one of chosen) for (const edit of edits) apply(edit, one.rows)
  return {
    kind: planting.benign ? 'benign' : 'incident',
    hosts: chosen.map(({ host }) => host).sort(),
    rows: edits
  }
}

function apply(edit: Edit, rows: Rows): void {
  const list = rows[edit.query] ?? []
  const gone = edit.kind === 'missing' ? edit.row : edit.instead
  const same = gone === null ? '' : JSON.stringify(gone)
  rows[edit.query] = [
    ...(gone === null ? list : list.filter(row => JSON.stringify(row) !== same)),
    ...(edit.kind === 'missing' ? [] : [edit.row])
  ]
}

/** The host's record: process ids, times and the rest that no two looks share are drawn here. */
function record(one: Sketch, rows: Rows, { foreign }: Family, random: Random): HostRecord {
  const base = {
    host: one.host,
    unanswered: false,
    collectedAt: '2026-11-24T08:00:00Z',
    facts: one.silent ? null : one.facts
  }
  if (one.silent) return { ...base, status: 'silent', code: 'timed-out', reason: 'TimedOut', queries: {} }
  const seen = foreign?.translate(rows) ?? rows
  const results: Record<string, QueryResult> = {}
  for (const { name } of foreign?.queries ?? LINUX) {
    const all = (seen[name] ?? []).map(row => foreign?.enliven(row, random) ?? alive(row, random))
    results[name] =
      name === one.unobserved
        ? { status: 'truncated', detail: 'the output was cut', rows: all.slice(0, all.length >> 1) }
        : { status: 'ok', detail: null, rows: all }
  }
  return one.unobserved === null
    ? { ...base, status: 'reported', code: null, reason: null, queries: results }
    : { ...base, status: 'partial', code: 'queries-unanswered', reason: 'one query was truncated', queries: results }
}

function alive(row: Row, random: Random): Row {
  const seen: Record<string, string> = { ...row }
  if ('cmdline' in row || 'port' in row || 'remote_port' in row)
    seen.pid = String(random.between(300, 400000))
  if ('cgroup_path' in row) seen.start_time = String(1764000000 + random.between(0, 90000))
  if ('mode' in row) seen.mtime = String(1760000000 + random.between(0, 900000))
  return seen
}

/** What `baseline` mode would have written on the day before: rows of every host are required, others optional. */
function baselineOf(family: Family, sketches: readonly Sketch[], random: Random): Baseline {
  const counts = new Map<string, Map<string, { readonly values: string[]; hosts: number }>>()
  for (const one of sketches) {
    const rows = copy(one.lasting)
    addFleeting(rows, random, family.noise)
    const clean = record({ ...one, silent: false, unobserved: null }, rows, family, random)
    const read = rowReader(clean)
    for (const query of LINUX) {
      const known = counts.get(query.name) ?? new Map()
      counts.set(query.name, known)
      const own = new Map(
        (clean.queries[query.name]?.rows ?? []).map(row => [
          JSON.stringify(read(query, row).values),
          read(query, row).values
        ])
      )
      for (const [key, values] of own) {
        const entry = known.get(key) ?? { values, hosts: 0 }
        entry.hosts++
        known.set(key, entry)
      }
    }
  }
  const learned: Record<string, BaselineQuery> = {}
  for (const query of LINUX) {
    const entries = [...(counts.get(query.name)?.values() ?? [])]
    learned[query.name] = {
      columns: [...(query.identity ?? [])],
      required: entries.filter(({ hosts }) => hosts === sketches.length).map(({ values }) => values),
      optional: entries.filter(({ hosts }) => hosts < sketches.length).map(({ values }) => values)
    }
  }
  return { version: 1, name: 'bench', packs: {}, queries: learned, accept: [], roles: {} }
}

/** The plant's rows as the foreign pack shows them. */
function translated(plant: Plant, foreign: Family['foreign']): Plant {
  if (foreign === null) return plant
  const shown = (query: string, row: Row | null) =>
    row === null
      ? []
      : Object.entries(foreign.translate({ [query]: [row] })).flatMap(([own, list]) =>
          list.map(one => ({ query: own, row: one }))
        )
  const rows = plant.rows.flatMap(({ kind, query, row, instead }) =>
    shown(query, row).map(one => ({ kind, ...one, instead: shown(query, instead)[0]?.row ?? null }))
  )
  return { ...plant, rows }
}
