import { type Draft, type DraftRow, fingerprint, rowIdentity } from './draft.ts'
import { explain } from './explain.ts'
import type { Verdict } from './finding.ts'
import { fleetingTest } from './fleeting.ts'
import { type Group, groupByHosts } from './group.ts'
import type { Loss } from './losses.ts'
import type { Residual } from './residuals.ts'
import { clustersOf, queryOf, type Scene, weightOf } from './scene.ts'
import { alertBits, INTEGRITY_PRIOR, type Scale, scoreGroup, type Tier, tierOf } from './score.ts'
import { severityOf } from './severity.ts'
import { mostBits, type Surprise, surpriser, type Witnesses } from './surprise.ts'

export interface Judged {
  readonly findings: readonly Draft[]
  /** Rows on hosts that differed and were judged noise. */
  readonly folded: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly undertone: Float64Array
}

/** Below this a residual is noise: bits, capped by what so small a fleet can give. */
const leastBits = (hosts: number): number => Math.min(3, 0.6 * mostBits(hosts))

/** What this share of the hosts stays below is usual, whatever its bits; in a fleet of few hosts a larger share. */
const USUAL = 0.5
const USUAL_OF_FEW = 0.75
const FEW = 30
/** Among fewer hosts only an alert, or what the baseline speaks against, is more than low. */
const FEWEST_FOR_MEDIUM = 8
/** With a baseline and fewer hosts nothing is folded. */
const FEWEST_TO_FOLD = 3

/** A rollout of at most so many rows that touches a table of integrity is wholly suspect; of a larger one those rows. */
const MOST_ROWS_OF_AN_IMPLANT = 12

/** Judges what deviates in the fleet: rare residuals by their surprise, common ones (against a baseline) as rollouts. */
export function judge(scene: Scene, residuals: readonly Residual[], losses: readonly Loss[]): Judged {
  const common = residuals.filter(residual => residual.common)
  const judged = judgeRare(
    scene,
    residuals.filter(residual => !residual.common)
  )
  return {
    ...judged,
    findings: [...judged.findings, ...rollouts(scene, common), ...shortAnswers(scene, losses)]
  }
}

function judgeRare(scene: Scene, residuals: readonly Residual[]): Judged {
  const apart = new Set(scene.clusters.filter(({ alone }) => alone).flatMap(({ hosts }) => hosts))
  const isFleeting = fleetingTest(scene)
  const accuses = (residual: Residual) =>
    weightOf(scene, residual.item) !== 'context' && !isFleeting(residual)
  const surprises = surpriser(scene, residuals)
  const first = weigh(scene, surprises, { apart, accuses, known: new Set() })
  const known = new Set(first.groups.filter(({ tier }) => tier === 'alert').flatMap(({ rows }) => rows))
  const weighed = known.size === 0 ? first : weigh(scene, surprises, { apart, accuses, known })
  const undertone = new Float64Array(scene.fleet.hosts.length)
  const findings: Draft[] = []
  let { folded } = weighed
  for (const { hosts, rows, telling, bits: chance, tier, quiet } of weighed.groups) {
    const heavy = telling.filter(({ item }) => weightOf(scene, item) === 'integrity')
    const bits = chance + (heavy.length > 0 ? INTEGRITY_PRIOR : 0)
    const against = (heavy.length > 0 ? heavy : rows).some(({ baseline }) => baseline !== 'none')
    const ranked = heavy.length > 0 ? tierOf(bits, weighed.scale, weighed.usual) : tier
    // Too few hosts to say what is noise: the baseline alone speaks.
    const raised = ranked === 'fold' && against && scene.size < FEWEST_TO_FOLD ? 'notice' : ranked
    if (telling.length === 0 || raised === 'fold') {
      folded += rows.reduce((sum, row) => sum + row.hosts.length, 0)
      if (telling.length > 0) for (const host of hosts) undertone[host] = Math.max(undertone[host] ?? 0, bits)
      continue
    }
    const verdict = hosts.every(host => apart.has(host)) && !against ? 'variation' : verdictOf(scene, telling)
    findings.push(
      draftOf(scene, rows, hosts, {
        verdict,
        severity:
          verdict === 'variation'
            ? 'low'
            : severityOf(
                raised,
                scene.size < FEWEST_FOR_MEDIUM ? against : telling.length > 1,
                heavy.length > 0,
                against
              ),
        surprise: verdict === 'variation' ? Math.min(bits, alertBits(weighed.scale)) : bits,
        explanation: explain({ ...told(scene, rows, hosts), verdict, quiet })
      })
    )
  }
  return { findings, folded, undertone }
}

/** Hosts whose answer to a query is short in the same way: told low, for coverage. */
function shortAnswers(scene: Scene, losses: readonly Loss[]): Draft[] {
  const alike = Map.groupBy(losses, ({ query, items }) => `${query}:${items.join()}`)
  return [...alike.values()].map(same => {
    const hosts = same.map(({ host }) => host).sort((a, b) => a - b)
    const { query, items, usual } = same[0] ?? { query: -1, items: [], usual: 0 }
    const rows = items.map(
      (item): Residual => ({ kind: 'missing', item, expected: -1, baseline: 'none', common: false, hosts })
    )
    const name = scene.fleet.queries[query]?.name ?? ''
    return draftOf(scene, rows, hosts, {
      verdict: 'missing',
      severity: 'low',
      surprise: 0,
      explanation: `${items.length} of ${usual} usual rows of ${name} are missing at once on ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}: the answer may have been cut, or the rows were removed; ask again before trusting what it says of ${name}.`
    })
  })
}

interface Weighed {
  readonly groups: readonly WeighedGroup[]
  readonly scale: Scale
  /** Bits that hosts show anyway. */
  readonly usual: number
  /** Rows on hosts that no group tells of. */
  readonly folded: number
}

interface WeighedGroup {
  readonly hosts: readonly number[]
  /** Most surprising first. */
  readonly rows: readonly Residual[]
  /** Those that may accuse. */
  readonly telling: readonly Residual[]
  readonly bits: number
  readonly tier: Tier
  readonly quiet: Surprise | undefined
}

/** Weighs residuals, asking those whose cause is not known what is usual. */
function weigh(
  scene: Scene,
  surprises: (witnesses: Witnesses) => readonly Surprise[],
  witnesses: Witnesses
): Weighed {
  const { apart, accuses, known } = witnesses
  const all = surprises(witnesses)
  const kept = all.filter(({ bits }) => bits >= leastBits(scene.size))
  const groups = groupByHosts(kept)
  const scale = scaleOf(scene, kept, groups, witnesses)
  const best = new Float64Array(scene.fleet.hosts.length)
  const scored = groups.map(({ hosts, members }) => {
    const sorted = [...members].sort((a, b) => b.bits - a.bits || a.residual.item - b.residual.item)
    const telling = sorted.filter(({ residual }) => accuses(residual))
    const counted = !telling.every(({ residual }) => known.has(residual))
    const bits = telling.length === 0 ? 0 : scoreGroup(telling, hosts, scale, counted)
    if (counted) for (const host of hosts) best[host] = Math.max(best[host] ?? 0, bits)
    return { hosts, sorted, telling, bits }
  })
  const compared = scene.clusters.flatMap(({ hosts }) => hosts).filter(host => !apart.has(host))
  const sorted = Float64Array.from(compared, host => best[host] ?? 0).sort()
  const usual =
    sorted[Math.floor((compared.length < FEW ? USUAL_OF_FEW : USUAL) * (compared.length - 1))] ?? 0
  return {
    scale,
    usual,
    groups: scored.map(({ hosts, sorted, telling, bits }) => ({
      hosts,
      rows: sorted.map(({ residual }) => residual),
      telling: telling.map(({ residual }) => residual),
      bits,
      tier: telling.length === 0 ? 'fold' : tierOf(bits, scale, usual),
      quiet: sorted[0]
    })),
    folded: all
      .filter(({ bits }) => bits < leastBits(scene.size))
      .reduce((sum, { residual }) => sum + residual.hosts.length, 0)
  }
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

/** How common it is that hosts show so many surprising rows in a channel, and so many groups. */
function scaleOf(
  scene: Scene,
  kept: readonly Surprise[],
  groups: readonly Group[],
  { apart, accuses, known }: Witnesses
): Scale {
  const byHost = new Map<string, Map<number, number>>()
  for (const { residual, channel } of kept) {
    if (known.has(residual) || !accuses(residual)) continue
    const counts = byHost.get(channel) ?? new Map<number, number>()
    for (const host of residual.hosts) if (!apart.has(host)) counts.set(host, (counts.get(host) ?? 0) + 1)
    if (counts.size > 0) byHost.set(channel, counts)
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
  for (const { hosts, members } of groups) {
    if (hosts.every(host => apart.has(host)) || members.every(({ residual }) => known.has(residual))) continue
    groupsOfSize.set(hosts.length, (groupsOfSize.get(hosts.length) ?? 0) + 1)
  }
  return { hosts: scene.size, channels: byHost.size, rowsByChannel, groupsOfSize }
}
