import type { Acceptance, Baseline } from '../baseline/baseline.ts'
import { expect } from '../baseline/expectation.ts'
import type { Fleet } from '../normalise/fleet.ts'
import { acceptanceId, applyAcceptances } from './acceptances.ts'
import { type Cluster, clusterFleet } from './clusters.ts'
import { coverageFindings } from './coverage.ts'
import { deviations, rowOf, type Scene } from './deviations.ts'
import { type Draft, fingerprint, rowIdentity } from './draft.ts'
import { SEVERITIES } from './finding.ts'
import { countItems, residuals } from './residuals.ts'

export interface Analysis {
  /** The fleet that the drafts' items refer to. */
  readonly fleet: Fleet
  readonly clusters: readonly Cluster[]
  /** Worst first. */
  readonly drafts: readonly Draft[]
  readonly foldedRows: number
  readonly notices: readonly string[]
}

/** Below these sizes the report says that statistics are weak, or that there are none. */
const SMALL_FLEET = 30
const NO_FLEET = 3

/**
 * Compares a fleet with a baseline, where there is one, and with itself.
 * Pure: the same fleet, baseline and date (YYYY-MM-DD) give the same analysis, whatever the order of hosts and rows.
 */
export function analyse(fleet: Fleet, baseline: Baseline | null, today: string): Analysis {
  const expected = baseline === null ? null : expect(baseline, fleet)
  const whole = expected?.fleet ?? fleet
  const clusters = clusterFleet(whole)
  const inFleet = countItems(
    whole,
    clusters.flatMap(cluster => cluster.hosts)
  )
  const drafts: Draft[] = coverageFindings(whole)
  const used = new Set<Acceptance>()
  let foldedRows = 0
  for (const cluster of clusters) {
    const inCluster = countItems(whole, cluster.hosts)
    const scene: Scene = { fleet: whole, cluster, inCluster, inFleet }
    const found = residuals(whole, cluster.hosts, inCluster, host => expected?.byHost[host] ?? null)
    const sorted =
      baseline === null
        ? { open: found, accepted: [] }
        : applyAcceptances(baseline, whole, found, today, used)
    const judged = deviations(scene, sorted.open)
    foldedRows += judged.folded
    drafts.push(...judged.findings, ...acceptedFindings(scene, sorted.accepted))
  }
  if (baseline !== null) drafts.push(...acceptanceFindings(baseline.accept, used, today))
  const notices = [...(expected?.notices ?? []), ...sizeNotices(clusters, baseline !== null)]
  if (fleet.repeated.length > 0) {
    notices.push(`${fleet.repeated.length} hosts were given more than once; the first record of each counts.`)
  }
  return { fleet: whole, clusters, drafts: drafts.sort(worstFirst), foldedRows, notices }
}

export function worstFirst(a: Draft, b: Draft): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    b.surprise - a.surprise ||
    b.hosts.length - a.hosts.length ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  )
}

/** What an acceptance covers stays in the report, closed: one finding for each acceptance and row set. */
function acceptedFindings(
  scene: Scene,
  accepted: readonly { residual: Parameters<typeof rowOf>[1]; by: Acceptance }[]
): Draft[] {
  const byAcceptance = Map.groupBy(accepted, ({ by }) => by)
  return [...byAcceptance].map(([acceptance, covered]) => {
    const rows = covered.map(({ residual }) => rowOf(scene, residual))
    return {
      id: fingerprint(
        'deviation',
        rows.map(row => rowIdentity(scene.fleet, row))
      ),
      kind: 'deviation',
      verdict: 'variation',
      severity: 'info',
      surprise: 0,
      hosts: [...new Set(rows.flatMap(row => row.hosts))].sort((a, b) => a - b),
      cluster: scene.cluster.id,
      rows,
      explanation: `Accepted until ${acceptance.expires}.`,
      attack: [],
      acceptedBy: `${acceptance.reason} (${acceptance.owner}, until ${acceptance.expires})`
    }
  })
}

function acceptanceFindings(
  accept: readonly Acceptance[],
  used: ReadonlySet<Acceptance>,
  today: string
): Draft[] {
  const tell = (acceptance: Acceptance, explanation: string): Draft => ({
    id: acceptanceId(acceptance),
    kind: 'acceptance',
    verdict: null,
    severity: 'low',
    surprise: 0,
    hosts: [],
    cluster: null,
    rows: [],
    explanation,
    attack: [],
    acceptedBy: null
  })
  return accept.flatMap(acceptance => {
    const name = `The acceptance of ${acceptance.query} rows "${acceptance.reason}" (${acceptance.owner})`
    if (acceptance.expires < today)
      return [tell(acceptance, `${name} expired on ${acceptance.expires}: renew or remove it.`)]
    return used.has(acceptance) ? [] : [tell(acceptance, `${name} matches nothing: remove it.`)]
  })
}

function sizeNotices(clusters: readonly Cluster[], baseline: boolean): string[] {
  const hosts = clusters.reduce((sum, cluster) => sum + cluster.hosts.length, 0)
  if (hosts === 0 || hosts >= SMALL_FLEET) return []
  if (hosts >= NO_FLEET)
    return [`Only ${hosts} hosts were compared: below ${SMALL_FLEET}, rare and common are weak words.`]
  return [
    `Only ${hosts} ${hosts === 1 ? 'host' : 'hosts'} answered: too few to compare with each other${baseline ? '' : ', and there is no baseline'}.`
  ]
}
