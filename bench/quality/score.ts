import type { Query } from '../../src/osquery/pack.ts'
import type { Incident, IncidentRow, LabeledFleet, Row } from './fleet/ground-truth.ts'
import { adjustedRandIndex, averagePrecision } from './metrics.ts'
import type { Result, ResultFinding } from './result.ts'

/** What is measured, with its goal. `atLeast`: the goal is a lower bound, else an upper one. */
export interface Figure {
  readonly key: string
  readonly title: string
  readonly goal: number
  readonly atLeast: boolean
}

/**
 * The figures.
 *
 * - An *incident* is what was planted together. A finding *holds* it when it names all of its hosts, at most as many
 *   others, and at least half of its rows. A finding *touches* it when at least half of the finding's hosts are the
 *   incident's and one of its rows is in the finding. A changed row counts whether it is reported as changed, as what
 *   is there, or as what is gone.
 * - *Found*: a finding of medium or above touches the incident, and at most 5 false findings are ranked before it.
 *   *High*: a finding of high or critical touches it.
 * - *Healthy hosts accused*: the share of the hosts without an incident that are in a finding of high or critical.
 * - *False mediums a fleet*: findings of severity medium on healthy hosts only.
 * - *In high*: a finding of high or critical holds the incident. *Ranked first*, *at most 5 before*: false findings
 *   that are ranked before the first finding that holds it. An incident that nothing holds counts as missed in all three.
 *   Fleets of 3 and 8 hosts are printed, and do not count here: they cannot give half of the bits.
 * - *Host average precision*: hosts by worst severity, then by bits; the compromised hosts are the ones to find.
 * - *Row precision in high*: of all rows of all findings of high or critical, the share that was planted as an incident
 *   on one of the finding's hosts. Rows of a benign tool count against it.
 * - *False highs*: findings of high or critical in a fleet in which nothing was planted.
 * - *One finding*: an incident on 3 to 20 hosts is held by one finding, and no other of medium or above has its rows.
 * - *Adjusted Rand index* (Hubert and Arabie 1985): over all assessed hosts, of fleets of at least two roles or
 *   versions, against the one of the fleet's true partitions that fits best; for a fleet of one, where the index is 0
 *   or undefined, the share of the hosts in the largest cluster is a figure of its own.
 * - *With a baseline, 60 % compromised*: of the compromised hosts, those in a finding of medium or above that has half
 *   of the incident's rows; of the healthy ones, those in any finding of medium or above.
 */
export const FIGURES: readonly Figure[] = [
  figure('found', 'incidents at medium or above, at most 5 false before', 0.85),
  figure('high', 'incidents at high', 0.5),
  figure('accused', 'healthy hosts accused at high', 0.005, false),
  figure('falseMedium', 'false mediums a fleet', 0.5, false),
  figure('ari', 'adjusted Rand index of clusters', 0.95),
  figure('ariMany', 'the same with 20 and more versions', 0.95),
  figure('oneCluster', 'one role: hosts in the largest cluster', 0.99),
  figure('ap', 'host average precision', 0.9),
  figure('inHigh', 'incidents of 2+ rows: in high', 0.8),
  figure('first', 'incidents of 2+ rows: ranked first', 0.9),
  figure('five', 'incidents of 2+ rows: at most 5 before', 0.95),
  figure('singleFive', 'incidents of one row: at most 5 before', 0.93),
  figure('precision', 'row precision in high', 0.8),
  figure('falseLarge', 'false highs a clean fleet, 100 hosts and more', 0.2, false),
  figure('falseMiddle', 'false highs a clean fleet, 30 to 99 hosts', 0.2, false),
  figure('falseSmall', 'false highs a clean fleet, under 30 hosts', 0.3, false),
  figure('oneFinding', 'one implant on several hosts is one finding', 0.97),
  figure('quiet', 'healthy homogeneous: nothing above low', 1),
  figure('foundByBaseline', '60 % compromised, baseline: compromised hosts found', 1),
  figure('accusedByBaseline', '60 % compromised, baseline: healthy hosts accused', 0, false),
  figure('tinyFive', 'incidents in fleets of 3 and 8: at most 5 before', 0.9)
]

/** The figures that fleets of any author can be measured in. */
export const HEADLINE = ['found', 'high', 'accused', 'falseMedium', 'ari', 'ariMany'] as const

function figure(key: string, title: string, goal: number, atLeast = true): Figure {
  return { key, title, goal, atLeast }
}

/** A figure is the sum of its observations over their weights; a mean where every weight is 1. */
export interface Observation {
  readonly key: string
  readonly sum: number
  readonly weight: number
}

const MIN_HOSTS_FOR_HIGH = 9
const MAX_FALSE_BEFORE = 5

/** A finding with what it has of each incident, in the fleet's order. */
interface MatchedFinding {
  readonly finding: ResultFinding
  readonly incidentRows: readonly ReadonlySet<IncidentRow>[]
  /** It has no row of any incident. */
  readonly isFalse: boolean
}

/** Scores a result against the truth. */
export function score(fleet: LabeledFleet, result: Result): Observation[] {
  const incidents = fleet.incidents.filter(({ kind, rows }) => kind === 'incident' && rows.length > 0)
  const compromised = new Set(incidents.flatMap(({ hosts }) => hosts))
  const findings = result.findings.map((finding): MatchedFinding => {
    const incidentRows = incidents.map(incident => rowsOf(fleet, incident, finding))
    return { finding, incidentRows, isFalse: incidentRows.every(({ size }) => size === 0) }
  })
  const observations = scoreClusters(fleet, result)
  if (fleet.figures.includes('baseline'))
    return [...observations, ...scoreAgainstBaseline(fleet, incidents, compromised, findings)]
  return [
    ...observations,
    ...scoreFalse(fleet, incidents, compromised, findings),
    ...(compromised.size > 0 ? [observe('ap', averagePrecision(result.hosts, compromised))] : []),
    ...incidents.flatMap((incident, index) => scoreIncident(fleet, incident, index, findings))
  ]
}

const observe = (key: string, sum: number | boolean, weight = 1): Observation => ({
  key,
  sum: Number(sum),
  weight
})

function scoreClusters(fleet: LabeledFleet, { clusters, aboveLow }: Result): Observation[] {
  const partitions = [fleet.strata, ...fleet.alternativeStrata]
  const assessed = clusters.flat()
  const observations: Observation[] = []
  if (new Set(assessed.map(host => fleet.strata.get(host))).size > 1) {
    const fits = partitions.map(strata => adjustedRandIndex(clusters, host => strata.get(host) ?? ''))
    observations.push(observe(fleet.figures.includes('manyVersions') ? 'ariMany' : 'ari', Math.max(...fits)))
  } else if (assessed.length >= 20)
    observations.push(
      observe('oneCluster', Math.max(...clusters.map(({ length }) => length)) / assessed.length)
    )
  if (fleet.figures.includes('homogeneous')) observations.push(observe('quiet', !aboveLow))
  return observations
}

function scoreFalse(
  fleet: LabeledFleet,
  incidents: readonly Incident[],
  compromised: ReadonlySet<string>,
  findings: readonly MatchedFinding[]
): Observation[] {
  const highs = findings.filter(({ finding }) => finding.isHigh)
  const onHealthyHosts = ({ finding }: MatchedFinding) => !finding.hosts.some(host => compromised.has(host))
  const accused = new Set(
    highs.flatMap(({ finding }) => finding.hosts.filter(host => !compromised.has(host)))
  )
  const size = fleet.hosts.length
  const observations = [
    observe('accused', accused.size, size - compromised.size),
    observe(
      'falseMedium',
      findings.filter(found => found.finding.isMedium && !found.finding.isHigh && onHealthyHosts(found))
        .length
    )
  ]
  if (fleet.incidents.length === 0)
    observations.push(
      observe(size >= 100 ? 'falseLarge' : size >= 30 ? 'falseMiddle' : 'falseSmall', highs.length)
    )
  else
    observations.push(
      observe(
        'precision',
        highs.reduce((sum, { finding }) => sum + countTrueRows(fleet, incidents, finding), 0),
        highs.reduce((sum, { finding }) => sum + finding.rows.length, 0)
      )
    )
  return observations
}

function scoreIncident(
  fleet: LabeledFleet,
  incident: Incident,
  index: number,
  findings: readonly MatchedFinding[]
): Observation[] {
  const rowsIn = ({ incidentRows }: MatchedFinding) => incidentRows[index]?.size ?? 0
  const holds = (found: MatchedFinding) =>
    namesHostsOf(incident, found.finding) && rowsIn(found) * 2 >= incident.rows.length
  const touches = (found: MatchedFinding) => rowsIn(found) > 0 && isMostlyOn(incident, found.finding)
  const falseBefore = (at: number) =>
    at < 0 ? Infinity : findings.slice(0, at).filter(({ isFalse }) => isFalse).length

  const touchedAt = findings.findIndex(found => found.finding.isMedium && touches(found))
  const heldAt = findings.findIndex(holds)
  const before = falseBefore(heldAt)
  const observations = [
    observe('found', falseBefore(touchedAt) <= MAX_FALSE_BEFORE),
    observe(
      'high',
      findings.some(found => found.finding.isHigh && touches(found))
    )
  ]
  if (incident.rows.length === 1) observations.push(observe('singleFive', before <= MAX_FALSE_BEFORE))
  else if (fleet.hosts.length < MIN_HOSTS_FOR_HIGH)
    observations.push(observe('tinyFive', before <= MAX_FALSE_BEFORE))
  else
    observations.push(
      observe(
        'inHigh',
        findings.some(found => found.finding.isHigh && holds(found))
      ),
      observe('first', before === 0),
      observe('five', before <= MAX_FALSE_BEFORE)
    )
  if (incident.hosts.length >= 3 && incident.hosts.length <= 20) {
    const withRows = findings.filter(found => found.finding.isMedium && rowsIn(found) > 0)
    observations.push(
      observe('oneFinding', heldAt >= 0 && withRows.every(found => found === findings[heldAt]))
    )
  }
  return observations
}

function scoreAgainstBaseline(
  fleet: LabeledFleet,
  incidents: readonly Incident[],
  compromised: ReadonlySet<string>,
  findings: readonly MatchedFinding[]
): Observation[] {
  const medium = findings.filter(({ finding }) => finding.isMedium)
  const accused = new Set(medium.flatMap(({ finding }) => finding.hosts))
  const found = incidents.flatMap((incident, index) =>
    incident.hosts.map(host => {
      const rows = new Set(
        medium
          .filter(({ finding }) => finding.hosts.includes(host))
          .flatMap(({ incidentRows }) => [...(incidentRows[index] ?? [])])
      )
      return observe('foundByBaseline', rows.size * 2 >= incident.rows.length)
    })
  )
  const healthy = fleet.hosts.filter(({ host }) => !compromised.has(host))
  return [...found, ...healthy.map(({ host }) => observe('accusedByBaseline', accused.has(host)))]
}

/** The finding names every host of the incident, and at most as many others. */
function namesHostsOf(incident: Incident, { hosts }: ResultFinding): boolean {
  return hosts.length <= 2 * incident.hosts.length && incident.hosts.every(host => hosts.includes(host))
}

function isMostlyOn(incident: Incident, { hosts }: ResultFinding): boolean {
  return hosts.filter(host => incident.hosts.includes(host)).length * 2 >= hosts.length
}

/** The incident's rows that a finding has on one of the incident's hosts. */
function rowsOf(fleet: LabeledFleet, incident: Incident, finding: ResultFinding): Set<IncidentRow> {
  if (!finding.hosts.some(host => incident.hosts.includes(host))) return new Set()
  return new Set(incident.rows.filter(planted => finding.rows.some(row => isRow(fleet, row, planted))))
}

function countTrueRows(fleet: LabeledFleet, incidents: readonly Incident[], finding: ResultFinding): number {
  const near = incidents.filter(({ hosts }) => hosts.some(host => finding.hosts.includes(host)))
  return finding.rows.filter(row => near.some(({ rows }) => rows.some(planted => isRow(fleet, row, planted))))
    .length
}

function isRow({ queries }: LabeledFleet, row: ResultFinding['rows'][number], planted: IncidentRow): boolean {
  if (row.query !== planted.query) return false
  const query = queries.find(({ name }) => name === planted.query)
  if (query === undefined) return false
  const gone = planted.kind === 'missing' ? planted.row : planted.previous
  if (row.kind === 'missing') return gone !== null && isSameRow(query, row.row, gone)
  return planted.kind !== 'missing' && isSameRow(query, row.row, planted.row)
}

/** Equal in the query's identity; for a foreign query in every column that both show. */
function isSameRow(query: Query, reported: Row, planted: Row): boolean {
  const columns = query.identity ?? Object.keys(planted).filter(column => Object.hasOwn(reported, column))
  return columns.length > 0 && columns.every(column => (reported[column] ?? '') === (planted[column] ?? ''))
}
