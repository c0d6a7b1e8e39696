import type { Analysis } from '../analyze/analysis.ts'
import type { Cluster } from '../analyze/cluster/clusters.ts'
import { countItems } from '../analyze/counts.ts'
import type { Draft } from '../analyze/findings/draft.ts'
import { type Assessment, assess, type Question } from '../assess.ts'
import type { Baseline } from '../baseline/baseline.ts'
import { withBaselineColumns } from '../baseline/match.ts'
import type { Indicator } from '../indicators/indicator.ts'
import { compileIndicators } from '../indicators/matcher.ts'
import type { Fleet } from '../normalize/fleet.ts'
import { itemKey } from '../normalize/items.ts'
import { rowReader } from '../normalize/values.ts'
import { referenceHosts } from '../review/reference-hosts.ts'
import type { HostRecord } from '../snapshot/snapshot.ts'
import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { type Learned, learnBaseline } from './learn.ts'
import type { CleanGroup } from './observations.ts'

/** The inputs of mode `baseline`. */
export interface LearnOptions {
  readonly name: string
  readonly packs: Readonly<Record<string, string>>
  /** Ids of the hosts to learn from; empty: every host that answered. */
  readonly cleanHosts: readonly string[]
  readonly previous: Baseline | null
  readonly acceptRare: boolean
}

const MAX_HOSTS_IN_ERROR = 10

/**
 * Learns a baseline from clean hosts. They are first compared with each other: rows of a serious finding among them are
 * not learned.
 * @throws Error if a named host is silent or was not collected, or if no host answered.
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
 * The groups to learn from: clusters, each joined with those that it was split from only by added rows, because a
 * widespread compromise looks the same.
 */
function groupsOf(analysis: Analysis, indicated: ReadonlyMap<number, string>): CleanGroup[] {
  const { clusters, profiles, fleet } = analysis
  const onlyOnSuspects = itemsOnlyOnSuspects(analysis)
  const joined = joinedClusters(clusters)
  return [...Map.groupBy(clusters, (_, at) => joined[at] ?? at)].map(([first, members]) => {
    const hosts = members.flatMap(cluster => [...cluster.hosts]).sort((a, b) => a - b)
    const single = members.length === 1 ? members[0] : undefined
    return {
      label: profiles[first]?.label ?? `c${first + 1}`,
      hosts,
      reference: single === undefined ? hosts : referenceHosts(single, fleet),
      ...seriousFindings(analysis, new Set(members.map(cluster => cluster.id)), indicated),
      onlyOnSuspects
    }
  })
}

/** By cluster: the first of the clusters that it is joined with. */
function joinedClusters(clusters: readonly Cluster[]): number[] {
  const joined = clusters.map((_, at) => at)
  for (const [at, { splitFrom }] of clusters.entries()) {
    const base = new Set(splitFrom ?? [])
    for (const [other, { hosts }] of clusters.entries()) {
      if (!base.has(hosts[0] ?? -1)) continue
      const here = joined[at] ?? at
      const there = joined[other] ?? other
      for (const [index, group] of joined.entries())
        if (group === Math.max(here, there)) joined[index] = Math.min(here, there)
    }
  }
  return joined
}

function refuseSilent(cleanHosts: readonly string[], fleet: Fleet): void {
  const answered = new Set(fleet.hosts.filter(host => host.observed.includes(1)).map(host => host.id))
  const missing = cleanHosts.filter(host => !answered.has(host)).sort()
  if (missing.length > 0) {
    const collected = new Set(fleet.hosts.map(host => host.id))
    const named = missing.map(
      id => `${sanitize(id, 64)} (${collected.has(id) ? 'silent' : 'not among the collected hosts'})`
    )
    throw new Error(
      `baseline-hosts: no answer from ${list(named, MAX_HOSTS_IN_ERROR)}. The baseline is unchanged: a silent host cannot be called clean.`
    )
  }
  if (answered.size === 0)
    throw new Error('No host answered, so there is nothing to learn. The baseline is unchanged.')
}

/** Items that only hosts with a serious finding have: such hosts do not show what is usual. */
function itemsOnlyOnSuspects({ drafts, fleet }: Analysis): Map<number, string> {
  const suspects = new Map(drafts.filter(isSerious).flatMap(draft => draft.hosts.map(host => [host, draft])))
  const onAll = countItems(fleet, [...fleet.hosts.keys()])
  const onSuspects = countItems(fleet, [...suspects.keys()])
  return new Map(
    [...suspects].flatMap(([host, { severity, id }]) =>
      Array.from(fleet.hosts[host]?.items ?? [])
        .filter(item => onSuspects.items[item] === onAll.items[item])
        .map(item => [item, `only hosts with a ${severity} finding (${id}) have it`])
    )
  )
}

/** The items of a group's serious findings: those that hosts have, and those that hosts lack. */
function seriousFindings(
  { drafts }: Analysis,
  clusters: ReadonlySet<string>,
  indicated: ReadonlyMap<number, string>
): Pick<CleanGroup, 'suspicious' | 'exempt'> {
  const suspicious = new Map(indicated)
  const exempt = new Map<number, Set<number>>()
  for (const draft of drafts.filter(draft => clusters.has(draft.cluster ?? '') && isSerious(draft))) {
    const reason = `it is part of a ${draft.severity} finding (${draft.id})`
    for (const { kind, item, expected, hosts } of draft.rows) {
      if (kind !== 'missing') suspicious.set(item, reason)
      const lacked = kind === 'missing' ? item : expected
      if (lacked >= 0) exempt.set(lacked, new Set([...(exempt.get(lacked) ?? []), ...hosts]))
    }
  }
  return { suspicious, exempt }
}

function isSerious({ kind, severity, acceptedBy }: Draft): boolean {
  return kind === 'deviation' && acceptedBy === null && (severity === 'critical' || severity === 'high')
}

/** Items of rows that match an indicator, with the reason. */
async function indicatedItems(
  indicators: readonly Indicator[],
  fleet: Fleet,
  hosts: () => AsyncIterable<HostRecord>
): Promise<Map<number, string>> {
  const indicated = new Map<number, string>()
  if (indicators.length === 0) return indicated
  const matches = compileIndicators(indicators)
  const ids = new Map(fleet.items.map((item, id) => [itemKey(item.query, item.columns, item.values), id]))
  for await (const record of hosts()) {
    const readRow = rowReader(record, fleet.shared)
    for (const [index, query] of fleet.queries.entries()) {
      for (const row of record.queries[query.name]?.rows ?? []) {
        const [indicator] = matches(query, row)
        if (indicator === undefined) continue
        const { columns, values } = readRow(query, row)
        const id = ids.get(itemKey(index, columns, values))
        if (id !== undefined) indicated.set(id, `it matches the indicator ${sanitize(indicator.text, 80)}`)
      }
    }
  }
  return indicated
}
