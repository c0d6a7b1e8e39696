import type { Acceptance } from '../baseline/baseline.ts'
import type { BaselineMatch } from '../baseline/match.ts'
import type { Fleet } from '../normalize/fleet.ts'
import { plural } from '../text/phrases.ts'
import type { Analysis } from './analysis.ts'
import { clusterFleet } from './cluster/clusters.ts'
import { profileClusters } from './cluster/profiles.ts'
import { type ClusteredFleet, clusteredFleet } from './clustered-fleet.ts'
import type { Deviation } from './deviate/deviation.ts'
import { findDeviations, MAX_ROWS_OF_ONE_HOST } from './deviate/deviations.ts'
import { SEVERITIES } from './finding.ts'
import { acceptanceId, acceptanceWords, applyAcceptances } from './findings/acceptances.ts'
import { blindedHosts } from './findings/blinded.ts'
import { coverageFindings } from './findings/coverage.ts'
import { deviationFindings } from './findings/deviation-findings.ts'
import type { Draft } from './findings/draft.ts'
import { draftOf, hostsOf } from './findings/draft-from-deviations.ts'
import { notices } from './findings/notices.ts'
import { withPrevalence } from './findings/prevalence.ts'
import { rollouts } from './findings/rollouts.ts'
import { shortAnswerFindings } from './findings/short-answers.ts'
import { variantFindings } from './findings/variants.ts'
import { judge } from './score/judge.ts'
import { withSharedRows } from './score/shared-rows.ts'

/**
 * Compares a fleet with a baseline, where there is one, and with itself.
 * Pure: the same fleet, baseline and date (YYYY-MM-DD) give the same analysis, whatever the order of hosts and rows.
 *
 * @param match the baseline matched against this fleet
 */
export function analyze(fleet: Fleet, match: BaselineMatch | null, today: string): Analysis {
  const accept = match?.baseline.accept ?? []
  const whole = match?.fleet ?? fleet
  const clusters = clusterFleet(whole)
  const clustered = clusteredFleet(whole, clusters)
  const {
    deviations: found,
    shortAnswers,
    unscored
  } = findDeviations(whole, clusters, clustered.inFleet, host => match?.byHost[host] ?? null)
  const used = new Set<Acceptance>()
  const sorted =
    match === null
      ? { open: found, accepted: [] }
      : applyAcceptances(match.baseline, whole, found, today, used)
  const rare = sorted.open.filter(deviation => !deviation.common)
  const common = sorted.open.filter(deviation => deviation.common)
  const judged = judge(clustered, match === null ? withSharedRows(clustered, rare) : rare)
  const blinded = blindedHosts(clustered)
  const drafts = [
    ...coverageFindings(whole, blinded.hosts),
    ...blinded.drafts,
    ...deviationFindings(clustered, judged.groups),
    ...rollouts(clustered, common),
    ...variantFindings(
      clustered,
      new Set(judged.groups.flatMap(({ deviations }) => deviations.map(({ item }) => item)))
    ),
    ...shortAnswerFindings(clustered, shortAnswers),
    ...acceptedFindings(clustered, sorted.accepted),
    ...acceptanceFindings(accept, used, today)
  ]
  return {
    fleet: whole,
    clusters,
    profiles: profileClusters(whole, clusters),
    drafts: withPrevalence(clustered, drafts).sort(worstFirst),
    foldedRows: judged.folded + unscored,
    foldedBits: judged.foldedBits,
    notices: [...(match?.notices ?? []), ...notices(clustered, match !== null), ...unscoredNotice(unscored)]
  }
}

/** Notice about rows that were not scored. */
function unscoredNotice(rows: number): string[] {
  if (rows === 0) return []
  return [
    `Only the first ${MAX_ROWS_OF_ONE_HOST} rows unique to one host were scored per query; ${rows} more ${plural(rows, 'is', 'are')} counted as folded and in the snapshot.`
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
  clustered: ClusteredFleet,
  accepted: readonly { readonly deviation: Deviation; readonly by: Acceptance }[]
): Draft[] {
  const byAcceptance = Map.groupBy(accepted, ({ by }) => by)
  return [...byAcceptance].map(([acceptance, covered]) => {
    const rows = covered.map(({ deviation }) => deviation)
    const outcome = {
      verdict: 'variation',
      severity: 'info',
      surprise: 0,
      explanation: `Accepted until ${acceptance.expires}.`
    } as const
    return {
      ...draftOf(clustered, rows, hostsOf(rows), outcome),
      attack: [],
      acceptedBy: acceptanceWords(acceptance)
    }
  })
}

function acceptanceFindings(
  accept: readonly Acceptance[],
  used: ReadonlySet<Acceptance>,
  today: string
): Draft[] {
  const draft = (acceptance: Acceptance, explanation: string): Draft => ({
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
      return [draft(acceptance, `${name} expired on ${acceptance.expires}: renew or remove it.`)]
    return used.has(acceptance) ? [] : [draft(acceptance, `${name} matches nothing: remove it.`)]
  })
}
