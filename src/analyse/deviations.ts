import type { Fleet } from '../normalise/fleet.ts'
import type { Query, Weight } from '../osquery/pack.ts'
import type { Cluster } from './clusters.ts'
import { type Draft, type DraftRow, fingerprint, rowIdentity } from './draft.ts'
import { explain } from './explain.ts'
import type { Verdict } from './finding.ts'
import { type Group, groupByHosts } from './group.ts'
import type { Counts, Residual } from './residuals.ts'
import { type Scale, type Score, scoreGroup } from './score.ts'
import { severityOf } from './severity.ts'
import { mostBits, type Surprise, surprises } from './surprise.ts'

export interface Scene {
  readonly fleet: Fleet
  readonly cluster: Cluster
  readonly inCluster: Counts
  readonly inFleet: Counts
}

export interface Judged {
  readonly findings: readonly Draft[]
  /** Rows on hosts that differed and were judged noise. */
  readonly folded: number
}

/** Judges what deviates in a cluster: rare residuals by their surprise, common ones as rollouts. */
export function deviations(scene: Scene, residuals: readonly Residual[]): Judged {
  const rare = residuals.filter(residual => !residual.common)
  const common = residuals.filter(residual => residual.common)
  const judged = judgeRare(scene, rare)
  return { findings: [...judged.findings, ...rollouts(scene, common)], folded: judged.folded }
}

/** Below this a residual is noise: bits, capped by what so small a fleet can give. */
const leastBits = (hosts: number): number => Math.min(3, 0.6 * mostBits(hosts))

function judgeRare(scene: Scene, residuals: readonly Residual[]): Judged {
  const lone = loners(scene, residuals)
  const crowd = residuals.filter(
    residual => !(residual.hosts.length === 1 && lone.has(residual.hosts[0] ?? -1))
  )
  const parts = [judgePart(scene, crowd)]
  for (const host of lone) {
    const own = residuals.filter(residual => residual.hosts.length === 1 && residual.hosts[0] === host)
    parts.push(judgePart(scene, [...crowd, ...own], host))
  }
  return {
    findings: parts.flatMap(part => part.findings),
    folded: parts.reduce((sum, part) => sum + part.folded, 0)
  }
}

/** Judges residuals; with `only`, tells of what that host alone shows. */
function judgePart(scene: Scene, residuals: readonly Residual[], only?: number): Judged {
  const hosts = scene.cluster.hosts.length
  const told = (at: readonly number[]) => only === undefined || (at.length === 1 && at[0] === only)
  const all = surprises(scene.fleet, residuals, hosts)
  const kept = all.filter(({ bits }) => bits >= leastBits(hosts))
  const groups = groupByHosts(kept)
  const scale = scaleOf(scene, kept, groups, hosts)
  const findings: Draft[] = []
  let folded = 0
  for (const { residual, bits } of all)
    if (bits < leastBits(hosts) && told(residual.hosts)) folded += residual.hosts.length
  for (const group of groups) {
    if (!told(group.hosts)) continue
    const integrity = group.members.some(member => weightOf(scene.fleet, member.residual) === 'integrity')
    const telling = group.members.filter(member => weightOf(scene.fleet, member.residual) !== 'context')
    const score: Score =
      telling.length === 0 ? { bits: 0, tier: 'fold' } : scoreGroup(telling, group.hosts, integrity, scale)
    if (score.tier === 'fold') folded += rowsOnHosts(group)
    else findings.push(rareFinding(scene, group, score, integrity, hosts))
  }
  return { findings, folded }
}

function rareFinding(scene: Scene, group: Group, score: Score, integrity: boolean, hosts: number): Draft {
  const members = [...group.members].sort((a, b) => b.bits - a.bits || a.residual.item - b.residual.item)
  const against = members.some(
    ({ residual }) =>
      residual.baseline !== 'none' && (!integrity || weightOf(scene.fleet, residual) === 'integrity')
  )
  const verdict = verdictOf(
    scene.fleet,
    members.map(member => member.residual)
  )
  return draft(
    scene,
    members.map(member => member.residual),
    group.hosts,
    {
      verdict,
      severity: severityOf(score, hosts, integrity, against),
      surprise: score.bits,
      explanation: explain({
        verdict,
        rows: members.length,
        hosts: group.hosts.length,
        cluster: scene.cluster.hosts.length,
        others: othersOf(members[0], hosts),
        queries: queryNames(scene.fleet, members),
        baseline: members.some(member => member.residual.baseline !== 'none')
      })
    }
  )
}

/** A rollout is one finding for all; in a table of integrity it is no rollout, whatever its prevalence. */
function rollouts(scene: Scene, residuals: readonly Residual[]): Draft[] {
  const heavy = residuals.filter(residual => weightOf(scene.fleet, residual) === 'integrity')
  const light = residuals.filter(residual => weightOf(scene.fleet, residual) !== 'integrity')
  const asGroups = (list: readonly Residual[]) =>
    groupByHosts(list.map((residual, at) => ({ residual, bits: 0, channel: '', shape: String(at) })))
  const tell = (group: Group, verdict: Verdict): Draft => {
    const rows = group.members.map(member => member.residual)
    const plain = rows.every(residual => weightOf(scene.fleet, residual) === 'context')
    return draft(scene, rows, group.hosts, {
      verdict,
      severity: verdict !== 'rollout' ? 'high' : plain ? 'info' : 'medium',
      surprise: 0,
      explanation: explain({
        verdict,
        rows: rows.length,
        hosts: group.hosts.length,
        cluster: scene.cluster.hosts.length,
        others: 0,
        queries: queryNames(scene.fleet, group.members),
        baseline: true
      })
    })
  }
  return [
    ...asGroups(heavy).map(group =>
      tell(
        group,
        verdictOf(
          scene.fleet,
          group.members.map(member => member.residual)
        )
      )
    ),
    ...asGroups(light).map(group => tell(group, 'rollout'))
  ]
}

function draft(
  scene: Scene,
  residuals: readonly Residual[],
  hosts: readonly number[],
  told: Pick<Draft, 'verdict' | 'severity' | 'surprise' | 'explanation'>
): Draft {
  const rows = residuals.map(residual => rowOf(scene, residual))
  return {
    ...told,
    id: fingerprint(
      'deviation',
      rows.map(row => rowIdentity(scene.fleet, row))
    ),
    kind: 'deviation',
    hosts,
    cluster: scene.cluster.id,
    rows,
    attack: [...new Set(residuals.flatMap(residual => queryOf(scene.fleet, residual)?.attack ?? []))].sort(),
    acceptedBy: null
  }
}

/** A draft row of a residual, with its prevalence. */
export function rowOf({ fleet, inCluster, inFleet }: Scene, residual: Residual): DraftRow {
  const query = fleet.items[residual.item]?.query ?? -1
  return {
    kind: residual.kind,
    item: residual.item,
    expected: residual.expected,
    baseline: residual.baseline,
    hosts: residual.hosts,
    prevalence: {
      cluster: [inCluster.items[residual.item] ?? 0, inCluster.observed[query] ?? 0],
      fleet: [inFleet.items[residual.item] ?? 0, inFleet.observed[query] ?? 0]
    }
  }
}

function verdictOf(fleet: Fleet, residuals: readonly Residual[]): Verdict {
  if (residuals.some(residual => residual.kind === 'unexpected' && weightOf(fleet, residual) !== 'context')) {
    return 'intruder'
  }
  if (residuals.some(residual => queryOf(fleet, residual)?.control === true)) return 'broken-control'
  return residuals.some(residual => residual.kind === 'changed') ? 'intruder' : 'missing'
}

/** Hosts with far more rows of their own than the others: told alone, they leave the statistics of the rest. */
function loners(scene: Scene, residuals: readonly Residual[]): Set<number> {
  const own = new Map<number, number>()
  for (const host of scene.cluster.hosts) own.set(host, 0)
  for (const { hosts } of residuals)
    if (hosts.length === 1) own.set(hosts[0] ?? -1, (own.get(hosts[0] ?? -1) ?? 0) + 1)
  const counts = [...own.values()].sort((a, b) => a - b)
  const median = middle(counts)
  const spread = 1.4826 * middle(counts.map(count => Math.abs(count - median)).sort((a, b) => a - b))
  const rows = middle(
    scene.cluster.hosts.map(host => scene.fleet.hosts[host]?.items.length ?? 0).sort((a, b) => a - b)
  )
  const limit = Math.max(10, 0.06 * rows, median + 6 * spread)
  return new Set([...own].filter(([, count]) => count > limit).map(([host]) => host))
}

function scaleOf(scene: Scene, kept: readonly Surprise[], groups: readonly Group[], hosts: number): Scale {
  const byHost = new Map<string, Map<number, number>>()
  for (const { residual, channel } of kept) {
    if (weightOf(scene.fleet, residual) === 'context') continue
    const counts = byHost.get(channel) ?? new Map<number, number>()
    for (const host of residual.hosts) counts.set(host, (counts.get(host) ?? 0) + 1)
    byHost.set(channel, counts)
  }
  const rowsByChannel = new Map<string, Map<number, number>>()
  for (const [channel, counts] of byHost) {
    const tail = new Map<number, number>()
    for (const rows of counts.values()) {
      for (let fewer = 1; fewer <= rows; fewer++) tail.set(fewer, (tail.get(fewer) ?? 0) + 1)
    }
    rowsByChannel.set(channel, tail)
  }
  const groupsOfSize = new Map<number, number>()
  for (const group of groups)
    groupsOfSize.set(group.hosts.length, (groupsOfSize.get(group.hosts.length) ?? 0) + 1)
  return { hosts, channels: byHost.size, rowsByChannel, groupsOfSize }
}

function middle(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function othersOf(surprise: Surprise | undefined, hosts: number): number {
  return surprise === undefined ? 0 : Math.round(2 ** -surprise.bits * (hosts + 1) - 0.5)
}

function queryNames(fleet: Fleet, members: readonly Surprise[]): string[] {
  return [...new Set(members.map(member => queryOf(fleet, member.residual)?.name ?? ''))]
}

function rowsOnHosts(group: Group): number {
  return group.members.reduce((sum, member) => sum + member.residual.hosts.length, 0)
}

function queryOf(fleet: Fleet, residual: Residual): Query | undefined {
  return fleet.queries[fleet.items[residual.item]?.query ?? -1]
}

function weightOf(fleet: Fleet, residual: Residual): Weight {
  return queryOf(fleet, residual)?.weight ?? 'normal'
}
