import type { Analysis } from '../analyze/analysis.ts'
import { countItems } from '../analyze/counts.ts'
import type { Draft } from '../analyze/findings/draft.ts'
import type { Indicator } from '../analyze/findings/indicators.ts'
import { type Assessment, assess, type Question } from '../assess.ts'
import type { Baseline } from '../baseline/baseline.ts'
import { withBaselineColumns } from '../baseline/match.ts'
import { type Fleet, itemKey, rowReader } from '../normalize/fleet.ts'
import { referenceHosts } from '../review/reference-hosts.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { sanitize } from '../text/sanitize.ts'
import { type Learned, learnBaseline } from './learn.ts'
import type { CleanGroup } from './observations.ts'

/** What mode `baseline` is told. */
export interface LearnOptions {
  readonly name: string
  readonly packs: Readonly<Record<string, string>>
  /** Ids of the hosts to learn from; empty: every host that answered. */
  readonly cleanHosts: readonly string[]
  readonly previous: Baseline | null
  readonly acceptRare: boolean
}

/**
 * Learns a baseline from clean hosts, which are first compared with each other: what takes part in a serious finding
 * among them is not learned.
 * @throws Error when a named host is silent or was not among the hosts collected, or when no host answered.
 */
export async function learnFromFleet(
  { name, packs, cleanHosts, previous, acceptRare }: LearnOptions,
  question: Omit<Question, 'baseline'>,
  hosts: () => AsyncIterable<HostRecord>
): Promise<Assessment & Learned> {
  const named = new Set(cleanHosts)
  async function* clean() {
    for await (const host of hosts()) if (named.size === 0 || named.has(host.host)) yield host
  }
  const queries = previous === null ? question.queries : withBaselineColumns(question.queries, previous)
  const assessment = await assess({ ...question, queries, baseline: null }, clean)
  const { analysis } = assessment
  refuseSilent(cleanHosts, analysis.fleet)
  const indicated = await indicatedItems(question.indicators, analysis.fleet, clean)
  const groups = groupsOf(analysis, indicated)
  const learned = learnBaseline({ name, packs, fleet: analysis.fleet, groups, previous, acceptRare })
  return { ...assessment, ...learned }
}

/**
 * The groups to learn from: clusters, joined with those from which they came apart by added rows alone, for so does
 * a compromise of many hosts too.
 */
function groupsOf(analysis: Analysis, indicated: ReadonlyMap<number, string>): CleanGroup[] {
  const { clusters, profiles, fleet } = analysis
  const accused = ownOfAccused(analysis)
  const joined = clusters.map((_, at) => at)
  for (const [at, { splitFrom }] of clusters.entries()) {
    const others = new Set(splitFrom ?? [])
    for (const [other, { hosts }] of clusters.entries()) {
      if (!others.has(hosts[0] ?? -1)) continue
      const [one, two] = [joined[at] ?? at, joined[other] ?? other]
      for (const [index, group] of joined.entries())
        if (group === Math.max(one, two)) joined[index] = Math.min(one, two)
    }
  }
  return [...Map.groupBy(clusters, (_, at) => joined[at] ?? at)].map(([first, members]) => {
    const hosts = members.flatMap(cluster => [...cluster.hosts]).sort((a, b) => a - b)
    const alone = members.length === 1 ? members[0] : undefined
    return {
      label: profiles[first]?.label ?? `c${first + 1}`,
      hosts,
      reference: alone === undefined ? hosts : referenceHosts(alone, fleet),
      ...suspicions(analysis, new Set(members.map(cluster => cluster.id)), indicated),
      accused
    }
  })
}

function refuseSilent(cleanHosts: readonly string[], fleet: Fleet): void {
  const answered = new Set(fleet.hosts.filter(host => host.observed.includes(1)).map(host => host.id))
  const missing = cleanHosts.filter(host => !answered.has(host)).sort()
  if (missing.length > 0) {
    const known = new Set(fleet.hosts.map(host => host.id))
    const reasons = missing
      .slice(0, 10)
      .map(id => `${sanitize(id, 64)} (${known.has(id) ? 'silent' : 'not among the hosts that were asked'})`)
    const more = missing.length > reasons.length ? ` and ${missing.length - reasons.length} more` : ''
    throw new Error(
      `baseline-hosts: no answer came from ${reasons.join(', ')}${more}. The baseline was left as it is; a host that is silent cannot be called clean.`
    )
  }
  if (answered.size === 0)
    throw new Error('No host answered, so there is nothing to learn: the baseline was left as it is.')
}

/** What only hosts with a serious finding show: who is no longer clean says nothing of what is usual. */
function ownOfAccused({ drafts, fleet }: Analysis): Map<number, string> {
  const accused = new Map(drafts.filter(isSerious).flatMap(draft => draft.hosts.map(host => [host, draft])))
  const all = countItems(fleet, [...fleet.hosts.keys()])
  const own = countItems(fleet, [...accused.keys()])
  return new Map(
    [...accused].flatMap(([host, { severity, id }]) =>
      Array.from(fleet.hosts[host]?.items ?? [])
        .filter(item => own.items[item] === all.items[item])
        .map(item => [item, `only hosts with a ${severity} finding (${id}) have it`])
    )
  )
}

/** What a group's findings of severity high and critical say against rows, and for hosts that lack some. */
function suspicions(
  { drafts }: Analysis,
  clusters: ReadonlySet<string>,
  indicated: ReadonlyMap<number, string>
): Pick<CleanGroup, 'suspects' | 'excused'> {
  const suspects = new Map(indicated)
  const excused = new Map<number, Set<number>>()
  for (const draft of drafts.filter(draft => clusters.has(draft.cluster ?? '') && isSerious(draft))) {
    const reason = `it is part of a ${draft.severity} finding (${draft.id})`
    for (const { kind, item, expected, hosts } of draft.rows) {
      if (kind !== 'missing') suspects.set(item, reason)
      const lacking = kind === 'missing' ? item : expected
      if (lacking >= 0) excused.set(lacking, new Set([...(excused.get(lacking) ?? []), ...hosts]))
    }
  }
  return { suspects, excused }
}

function isSerious({ kind, severity, acceptedBy }: Draft): boolean {
  return kind === 'deviation' && acceptedBy === null && (severity === 'critical' || severity === 'high')
}

/** Items of rows that an indicator meets. */
async function indicatedItems(
  indicators: readonly Indicator[],
  fleet: Fleet,
  hosts: () => AsyncIterable<HostRecord>
): Promise<Map<number, string>> {
  const met = new Map<number, string>()
  if (indicators.length === 0) return met
  const ids = new Map(fleet.items.map((item, id) => [itemKey(item.query, item.columns, item.values), id]))
  for await (const record of hosts()) {
    const reading = rowReader(record)
    for (const [index, query] of fleet.queries.entries()) {
      for (const row of record.queries[query.name]?.rows ?? []) {
        const indicator = indicators.find(candidate => candidate.matches(query, row))
        if (indicator === undefined) continue
        const { columns, values } = reading(query, row)
        const id = ids.get(itemKey(index, columns, values))
        if (id !== undefined) met.set(id, `the indicator ${sanitize(indicator.text, 80)} meets it`)
      }
    }
  }
  return met
}
