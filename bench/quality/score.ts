import type { Query } from '../../src/osquery/pack.ts'
import type { Plant, PlantedRow, Row, TrueFleet } from './fleet/ground-truth.ts'
import type { Family } from './fleet/scenario.ts'
import { adjustedRandIndex, averagePrecision } from './metrics.ts'
import type { Answer, AnswerFinding } from './result.ts'

/** What is measured, with its goal. `least`: the goal is a lower bound, else an upper one. */
export interface Figure {
  readonly key: string
  readonly title: string
  readonly goal: number
  readonly least: boolean
}

/**
 * The figures.
 *
 * - An *incident* is what was planted together. A finding *holds* it when it names all of its hosts, at most as many
 *   others, and at least half of its rows. A changed row counts as held whether it is told as changed, as what is
 *   there, or as what is gone.
 * - *In ALERT*: a finding of severity high or critical holds it. *Ranked first*, *at most 5 before*: open deviations
 *   that stand before the first finding that holds it and touch no incident. What nothing holds counts as a miss in all
 *   three. Fleets of 3 and 8 hosts are printed, and do not count here: there half of the bits are not to be had.
 * - *Host average precision*: hosts by worst severity, then by bits; hosts of incidents are the ones to find.
 * - *Row precision in ALERT*: of all rows of all findings of severity high or critical, the share that was planted as
 *   an incident on one of the finding's hosts. Rows of a benign toolset count against it.
 * - *False ALERTs*: findings of severity high or critical in a fleet in which nothing was planted.
 * - *One finding*: an incident on 3 to 20 hosts is held by one finding, and no other of medium or above touches it.
 * - *Adjusted Rand index* (Hubert and Arabie 1985): over all assessed hosts, of fleets of at least two roles or versions;
 *   for a fleet of one, where the index is 0 or undefined, the share of hosts in the largest cluster stands by itself.
 * - *With a baseline, 60 % compromised*: of the compromised hosts, those that stand in a finding of medium or above that
 *   holds half of the incident's rows; of the healthy ones, those that stand in any finding of medium or above.
 */
export const FIGURES: readonly Figure[] = [
  figure('ari', 'adjusted Rand index of clusters', 0.99),
  figure('ariMany', 'the same with 20 and more version cells', 0.95),
  figure('oneCluster', 'one role: hosts in the largest cluster', 0.99),
  figure('ap', 'host average precision', 0.9),
  figure('alert', 'incidents of 2+ rows: in ALERT', 0.93),
  figure('first', 'incidents of 2+ rows: ranked first', 0.9),
  figure('five', 'incidents of 2+ rows: at most 5 before', 0.97),
  figure('singleFive', 'one-row changes in a quiet table: at most 5 before', 0.93),
  figure('precision', 'row precision in ALERT', 0.75),
  figure('falseLarge', 'false ALERTs a clean fleet, 100 hosts and more', 0.4, false),
  figure('falseMiddle', 'false ALERTs a clean fleet, 30 to 99 hosts', 0.4, false),
  figure('falseSmall', 'false ALERTs a clean fleet, under 30 hosts', 0.5, false),
  figure('oneFinding', 'one implant on several hosts is one finding', 0.97),
  figure('quiet', 'healthy homogeneous: nothing above low', 1),
  figure('found', '60 % compromised, baseline: compromised hosts found', 1),
  figure('accused', '60 % compromised, baseline: healthy hosts accused', 0, false),
  figure('tinyFive', 'incidents in fleets of 3 and 8: at most 5 before', 0.9)
]

function figure(key: string, title: string, goal: number, least = true): Figure {
  return { key, title, goal, least }
}

/** A figure is the sum of its observations over their weights; a mean where every weight is 1. */
export interface Observation {
  readonly key: string
  readonly sum: number
  readonly weight: number
}

const MIN_HOSTS_FOR_HIGH = 9

/** Scores an answer against the truth. */
export function score(family: Family, fleet: TrueFleet, answer: Answer): Observation[] {
  const seen: Observation[] = []
  const note = (key: string, sum: number, weight = 1) => seen.push({ key, sum, weight })
  const incidents = fleet.plants.filter(({ kind, rows }) => kind === 'incident' && rows.length > 0)
  const sick = new Set(incidents.flatMap(({ hosts }) => hosts))
  const told = answer.findings.map(found => ({
    found,
    plants: incidents.map(plant => touchedRows(fleet, plant, found))
  }))

  const manyCells = family.figures.includes('manyCells')
  const cellOf = (host: string) => fleet.cells.get(host) ?? ''
  const assessed = answer.clusters.flat()
  if (new Set(assessed.map(cellOf)).size > 1)
    note(manyCells ? 'ariMany' : 'ari', adjustedRandIndex(answer.clusters, cellOf))
  else if (assessed.length >= 20)
    note('oneCluster', Math.max(...answer.clusters.map(({ length }) => length)) / assessed.length)
  if (family.figures.includes('homogeneous')) note('quiet', answer.aboveLow ? 0 : 1)

  const alerts = told.filter(({ found }) => found.alert)
  if (family.plantings.length === 0) {
    const size = fleet.hosts.length
    note(size >= 100 ? 'falseLarge' : size >= 30 ? 'falseMiddle' : 'falseSmall', alerts.length)
  } else if (!family.figures.includes('baseline')) {
    const rows = alerts.reduce((sum, { found }) => sum + found.rows.length, 0)
    note(
      'precision',
      alerts.reduce((sum, { found }) => sum + trueRows(fleet, incidents, found), 0),
      rows
    )
  }
  if (family.figures.includes('baseline')) {
    scoreAgainstBaseline(fleet, incidents, sick, answer, note)
    return seen
  }
  if (sick.size > 0) note('ap', averagePrecision(answer.hosts, sick))
  for (const [index, plant] of incidents.entries()) {
    const holds = ({ found, plants }: (typeof told)[number]) =>
      isHeldBy(plant, found) && (plants[index]?.size ?? 0) * 2 >= plant.rows.length
    const at = told.findIndex(holds)
    const before =
      at < 0
        ? Infinity
        : told.slice(0, at).filter(({ plants }) => plants.every(({ size }) => size === 0)).length
    if (plant.rows.length === 1) note('singleFive', before <= 5 ? 1 : 0)
    else if (fleet.hosts.length < MIN_HOSTS_FOR_HIGH) note('tinyFive', before <= 5 ? 1 : 0)
    else {
      note('alert', alerts.some(holds) ? 1 : 0)
      note('first', before === 0 ? 1 : 0)
      note('five', before <= 5 ? 1 : 0)
    }
    if (plant.hosts.length >= 3 && plant.hosts.length <= 20) {
      const touching = told.filter(({ found, plants }) => found.told && (plants[index]?.size ?? 0) > 0)
      note('oneFinding', at >= 0 && touching.every(one => one === told[at]) ? 1 : 0)
    }
  }
  return seen
}

function scoreAgainstBaseline(
  fleet: TrueFleet,
  incidents: readonly Plant[],
  sick: ReadonlySet<string>,
  answer: Answer,
  note: (key: string, sum: number, weight?: number) => void
): void {
  const told = answer.findings.filter(found => found.told)
  const accused = new Set(told.flatMap(({ hosts }) => hosts))
  for (const plant of incidents) {
    for (const host of plant.hosts) {
      const held = new Set<PlantedRow>()
      for (const found of told)
        if (found.hosts.includes(host)) for (const row of touchedRows(fleet, plant, found)) held.add(row)
      note('found', held.size * 2 >= plant.rows.length ? 1 : 0)
    }
  }
  for (const { host } of fleet.hosts) if (!sick.has(host)) note('accused', accused.has(host) ? 1 : 0)
}

/** The finding names every host of the plant, and at most as many others. */
function isHeldBy(plant: Plant, found: AnswerFinding): boolean {
  return found.hosts.length <= 2 * plant.hosts.length && plant.hosts.every(host => found.hosts.includes(host))
}

/** The plant's rows that a finding tells on one of the plant's hosts. */
function touchedRows(fleet: TrueFleet, plant: Plant, found: AnswerFinding): Set<PlantedRow> {
  if (!found.hosts.some(host => plant.hosts.includes(host))) return new Set()
  return new Set(plant.rows.filter(planted => found.rows.some(row => tells(fleet, row, planted))))
}

function trueRows(fleet: TrueFleet, incidents: readonly Plant[], found: AnswerFinding): number {
  const near = incidents.filter(({ hosts }) => hosts.some(host => found.hosts.includes(host)))
  return found.rows.filter(row => near.some(({ rows }) => rows.some(planted => tells(fleet, row, planted))))
    .length
}

function tells({ queries }: TrueFleet, row: AnswerFinding['rows'][number], planted: PlantedRow): boolean {
  if (row.query !== planted.query) return false
  const query = queries.find(({ name }) => name === planted.query)
  if (query === undefined) return false
  const gone = planted.kind === 'missing' ? planted.row : planted.instead
  if (row.kind === 'missing') return gone !== null && sameRow(query, row.row, gone)
  return planted.kind !== 'missing' && sameRow(query, row.row, planted.row)
}

/** Equal in the query's identity; for a foreign query in every column that both show. */
function sameRow(query: Query, told: Row, planted: Row): boolean {
  const columns = query.identity ?? Object.keys(planted).filter(column => Object.hasOwn(told, column))
  return columns.length > 0 && columns.every(column => told[column] === planted[column])
}
