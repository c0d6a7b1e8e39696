import { type Draft, type DraftRow, fingerprint, rowIdentity } from './draft.ts'
import { explain } from './explain.ts'
import type { Verdict } from './finding.ts'
import { type Group, groupByHosts } from './group.ts'
import type { Residual } from './residuals.ts'
import { clustersOf, queryOf, type Scene, weightOf } from './scene.ts'
import { type Scale, scoreGroup } from './score.ts'
import { severityOf } from './severity.ts'
import { loneHosts } from './singletons.ts'
import { mostBits, type Surprise, surprises } from './surprise.ts'

export interface Judged {
  readonly findings: readonly Draft[]
  /** Rows on hosts that differed and were judged noise. */
  readonly folded: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly undertone: Float64Array
}

/** Below this a residual is noise: bits, capped by what so small a fleet can give. */
const leastBits = (hosts: number): number => Math.min(3, 0.6 * mostBits(hosts))

/** A rollout of at most so many rows that touches a table of integrity is wholly suspect; of a larger one those rows. */
const MOST_ROWS_OF_AN_IMPLANT = 12

/** Judges what deviates in the fleet: rare residuals by their surprise, common ones (against a baseline) as rollouts. */
export function judge(scene: Scene, residuals: readonly Residual[]): Judged {
  const common = residuals.filter(residual => residual.common)
  const judged = judgeRare(
    scene,
    residuals.filter(residual => !residual.common)
  )
  return { ...judged, findings: [...judged.findings, ...rollouts(scene, common)] }
}

function judgeRare(scene: Scene, residuals: readonly Residual[]): Judged {
  const apart = loneHosts(scene, residuals)
  const all = surprises(scene, residuals, apart)
  const kept = all.filter(({ bits }) => bits >= leastBits(scene.size))
  const groups = groupByHosts(kept)
  const scale = scaleOf(scene, kept, groups, apart)
  const undertone = new Float64Array(scene.fleet.hosts.length)
  const findings: Draft[] = []
  let folded = 0
  for (const { residual, bits } of all) if (bits < leastBits(scene.size)) folded += residual.hosts.length
  for (const group of groups) {
    const integrity = group.members.some(({ residual }) => weightOf(scene, residual.item) === 'integrity')
    const telling = group.members.filter(({ residual }) => weightOf(scene, residual.item) !== 'context')
    const score =
      telling.length === 0
        ? { bits: 0, tier: 'fold' as const }
        : scoreGroup(telling, group.hosts, integrity, scale)
    if (score.tier === 'fold') {
      folded += group.members.reduce((sum, { residual }) => sum + residual.hosts.length, 0)
      for (const host of group.hosts) undertone[host] = Math.max(undertone[host] ?? 0, score.bits)
      continue
    }
    const members = [...group.members].sort((a, b) => b.bits - a.bits || a.residual.item - b.residual.item)
    const rows = members.map(member => member.residual)
    const against = rows.some(
      row => row.baseline !== 'none' && (!integrity || weightOf(scene, row.item) === 'integrity')
    )
    const verdict = verdictOf(scene, rows)
    findings.push(
      draftOf(scene, rows, group.hosts, {
        verdict,
        severity: severityOf(score, scene.size, integrity, against),
        surprise: score.bits,
        explanation: explain({ ...told(scene, rows, group.hosts), verdict, quiet: members[0] })
      })
    )
  }
  return { findings, folded, undertone }
}

/** A rollout is one finding for all; in a table of integrity it is no rollout, whatever its prevalence. */
function rollouts(scene: Scene, residuals: readonly Residual[]): Draft[] {
  const isHeavy = (residual: Residual) => weightOf(scene, residual.item) === 'integrity'
  const tell = (rows: readonly Residual[], verdict: Verdict): Draft => {
    const hosts = hostsOf(rows)
    const plain = rows.every(row => weightOf(scene, row.item) === 'context')
    return draftOf(scene, rows, hosts, {
      verdict,
      severity: verdict !== 'rollout' ? 'high' : plain ? 'info' : 'medium',
      surprise: 0,
      explanation: explain({ ...told(scene, rows, hosts), verdict, quiet: undefined })
    })
  }
  const unweighed = residuals.map(
    (residual, at): Surprise => ({ residual, bits: 0, others: 0, among: 0, channel: '', shape: String(at) })
  )
  return groupByHosts(unweighed).flatMap(group => {
    const rows = group.members.map(member => member.residual)
    const heavy = rows.filter(isHeavy)
    if (heavy.length === 0) return [tell(rows, 'rollout')]
    if (rows.length <= MOST_ROWS_OF_AN_IMPLANT) return [tell(rows, verdictOf(scene, heavy))]
    return [
      tell(heavy, verdictOf(scene, heavy)),
      tell(
        rows.filter(row => !isHeavy(row)),
        'rollout'
      )
    ].filter(draft => draft.rows.length > 0)
  })
}

export function draftOf(
  scene: Scene,
  residuals: readonly Residual[],
  hosts: readonly number[],
  told: Pick<Draft, 'verdict' | 'severity' | 'surprise' | 'explanation'>
): Draft {
  const rows = residuals.map(rowOf)
  const clusters = clustersOf(scene, hosts)
  return {
    ...told,
    id: fingerprint(
      'deviation',
      rows.map(row => rowIdentity(scene.fleet, row))
    ),
    kind: 'deviation',
    hosts,
    cluster: clusters.length === 1 ? (scene.clusters[clusters[0] ?? -1]?.id ?? null) : null,
    rows,
    attack: [...new Set(residuals.flatMap(({ item }) => queryOf(scene, item)?.attack ?? []))].sort(),
    acceptedBy: null
  }
}

/** A draft row of a residual; its prevalence is counted when all findings are known. */
const rowOf = ({ kind, item, expected, baseline, hosts }: Residual): DraftRow => ({
  kind,
  item,
  expected,
  baseline,
  hosts,
  prevalence: { cluster: [0, 0], fleet: [0, 0] }
})

function verdictOf(scene: Scene, residuals: readonly Residual[]): Verdict {
  if (residuals.some(({ kind, item }) => kind === 'unexpected' && weightOf(scene, item) !== 'context'))
    return 'intruder'
  if (residuals.some(({ item }) => queryOf(scene, item)?.control === true)) return 'broken-control'
  return residuals.some(({ kind }) => kind === 'changed') ? 'intruder' : 'missing'
}

function told(scene: Scene, residuals: readonly Residual[], hosts: readonly number[]) {
  const clusters = clustersOf(scene, hosts)
  return {
    rows: residuals.length,
    hosts: hosts.length,
    compared: clusters.reduce((sum, index) => sum + (scene.clusters[index]?.hosts.length ?? 0), 0),
    queries: [...new Set(residuals.map(({ item }) => queryOf(scene, item)?.name ?? ''))],
    baseline: residuals.some(({ baseline }) => baseline !== 'none')
  }
}

export function hostsOf(residuals: readonly Residual[]): number[] {
  return [...new Set(residuals.flatMap(({ hosts }) => hosts))].sort((a, b) => a - b)
}

/** How common it is that hosts show so many surprising rows in a channel, and so many groups. Hosts `apart` are left out. */
function scaleOf(
  scene: Scene,
  kept: readonly Surprise[],
  groups: readonly Group[],
  apart: ReadonlySet<number>
): Scale {
  const byHost = new Map<string, Map<number, number>>()
  for (const { residual, channel } of kept) {
    if (weightOf(scene, residual.item) === 'context') continue
    const counts = byHost.get(channel) ?? new Map<number, number>()
    for (const host of residual.hosts) if (!apart.has(host)) counts.set(host, (counts.get(host) ?? 0) + 1)
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
  for (const { hosts } of groups) {
    if (hosts.length > 0 && hosts.every(host => apart.has(host))) continue
    groupsOfSize.set(hosts.length, (groupsOfSize.get(hosts.length) ?? 0) + 1)
  }
  return {
    hosts: scene.size,
    channels: [...byHost.values()].filter(counts => counts.size > 0).length,
    rowsByChannel,
    groupsOfSize
  }
}
