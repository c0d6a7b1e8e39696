import type { Acceptance, Baseline } from '../baseline/baseline.ts'
import { matchBaseline } from '../baseline/match.ts'
import type { Fleet } from '../normalize/fleet.ts'
import { type Cluster, clusterFleet } from './cluster/clusters.ts'
import { type ClusterProfile, profileClusters } from './cluster/profiles.ts'
import { type ClusteredFleet, clusteredFleet } from './clustered-fleet.ts'
import { type Deviation, MAX_ROWS_OF_ONE_HOST, residuals } from './deviate/deviations.ts'
import { acceptanceId, applyAcceptances } from './findings/acceptances.ts'
import { coverageFindings } from './findings/coverage.ts'
import type { Draft } from './findings/draft.ts'
import { draftOf, hostsOf } from './findings/draft-from-deviations.ts'
import { SEVERITIES } from './findings/finding.ts'
import { notices } from './findings/notices.ts'
import { withPrevalence } from './findings/prevalence.ts'
import { judge } from './score/judge.ts'

export interface Analysis {
  /** The fleet that the drafts' items refer to. */
  readonly fleet: Fleet
  readonly clusters: readonly Cluster[]
  /** What sets each cluster apart, in the order of the clusters. */
  readonly profiles: readonly ClusterProfile[]
  /** Worst first. */
  readonly drafts: readonly Draft[]
  readonly foldedRows: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly foldedBits: Float64Array
  readonly notices: readonly string[]
}

/**
 * Compares a fleet with a baseline, where there is one, and with itself.
 * Pure: the same fleet, baseline and date (YYYY-MM-DD) give the same analysis, whatever the order of hosts and rows.
 */
export function analyze(fleet: Fleet, baseline: Baseline | null, today: string): Analysis {
  const expected = baseline === null ? null : matchBaseline(baseline, fleet)
  const whole = expected?.fleet ?? fleet
  const clusters = clusterFleet(whole)
  const scene = clusteredFleet(whole, clusters)
  const {
    findDeviations: found,
    losses,
    unweighed
  } = residuals(whole, clusters, scene.inFleet, host => expected?.byHost[host] ?? null)
  const used = new Set<Acceptance>()
  const sorted =
    baseline === null ? { open: found, accepted: [] } : applyAcceptances(baseline, whole, found, today, used)
  const judged = judge(scene, sorted.open, losses)
  const drafts = [
    ...coverageFindings(whole),
    ...judged.findings,
    ...acceptedFindings(scene, sorted.accepted),
    ...(baseline === null ? [] : acceptanceFindings(baseline.accept, used, today))
  ]
  return {
    fleet: whole,
    clusters,
    profiles: profileClusters(whole, clusters),
    drafts: withPrevalence(scene, drafts).sort(worstFirst),
    foldedRows: judged.folded + unweighed,
    foldedBits: judged.undertone,
    notices: [
      ...(expected?.notices ?? []),
      ...notices(scene, baseline !== null),
      ...unweighedNotice(unweighed)
    ]
  }
}

/** What of a host's own rows was not weighed. */
function unweighedNotice(rows: number): string[] {
  if (rows === 0) return []
  return [
    `Of the rows of a query that one host alone has ${MAX_ROWS_OF_ONE_HOST} were weighed: ${rows} further rows were counted as folded, and are in the snapshot alone.`
  ]
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
  scene: ClusteredFleet,
  accepted: readonly { readonly residual: Deviation; readonly by: Acceptance }[]
): Draft[] {
  const byAcceptance = Map.groupBy(accepted, ({ by }) => by)
  return [...byAcceptance].map(([acceptance, covered]) => {
    const rows = covered.map(({ residual }) => residual)
    const told = {
      verdict: 'variation',
      severity: 'info',
      surprise: 0,
      explanation: `Accepted until ${acceptance.expires}.`
    } as const
    return {
      ...draftOf(scene, rows, hostsOf(rows), told),
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
