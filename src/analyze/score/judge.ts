import { type ClusteredFleet, isIntegrity, weightOf } from '../clustered-fleet.ts'
import type { Deviation } from '../deviate/deviation.ts'
import type { ShortAnswer } from '../deviate/truncation.ts'
import type { Draft } from '../findings/draft.ts'
import { draftOf, explanationData, verdictOf } from '../findings/draft-from-deviations.ts'
import { explain } from '../findings/explain.ts'
import { rollouts } from '../findings/rollouts.ts'
import { shortAnswerFindings } from '../findings/short-answers.ts'
import { type Noise, type Tier, tierOf } from './score.ts'
import { type Weighed, type Witnesses, weigh } from './score-groups.ts'
import { severityOf } from './severity.ts'
import { mostBits, surpriser } from './surprise.ts'
import { transientTest } from './transient.ts'

export interface Judged {
  readonly findings: readonly Draft[]
  /** Rows on hosts that differed and were judged noise. */
  readonly folded: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly undertone: Float64Array
}

/** Among fewer hosts only an alert, or what the baseline speaks against, is more than low. */
const MIN_HOSTS_FOR_MEDIUM = 8
/** With a baseline and fewer hosts nothing is folded. */
const MIN_HOSTS_TO_FOLD = 3

/** Judges what deviates in the fleet: rare residuals by their surprise, common ones (against a baseline) as rollouts. */
export function judge(
  scene: ClusteredFleet,
  residuals: readonly Deviation[],
  shortAnswers: readonly ShortAnswer[]
): Judged {
  const common = residuals.filter(residual => residual.common)
  const judged = judgeRare(
    scene,
    residuals.filter(residual => !residual.common)
  )
  return {
    ...judged,
    findings: [...judged.findings, ...rollouts(scene, common), ...shortAnswerFindings(scene, shortAnswers)]
  }
}

function judgeRare(scene: ClusteredFleet, residuals: readonly Deviation[]): Judged {
  const apart = new Set(scene.clusters.filter(({ isolated }) => isolated).flatMap(({ hosts }) => hosts))
  const isFleeting = transientTest(scene)
  const accuses = (residual: Deviation) =>
    weightOf(scene, residual.item) !== 'context' && !isFleeting(residual)
  const weighed = weighAll(scene, surpriser(scene, residuals, apart, accuses), { apart, accuses })
  const undertone = new Float64Array(scene.fleet.hosts.length)
  const findings: Draft[] = []
  let told = 0
  for (const { hosts, rows, telling, bits, prior, quiet } of weighed.groups) {
    if (telling.length === 0) continue
    const heavy = telling.filter(row => isIntegrity(scene, row))
    const against = (heavy.length > 0 ? heavy : rows).some(({ baseline }) => baseline !== 'none')
    const tier = telledTier(bits, prior, against, weighed.noise)
    const raised = heavy.length > 0 && (against || !isLifted(bits, tier, weighed.noise))
    if (tier === 'fold') {
      for (const host of hosts) undertone[host] = Math.max(undertone[host] ?? 0, bits)
      continue
    }
    told += rows.reduce((sum, row) => sum + row.hosts.length, 0)
    const alone = hosts.every(host => apart.has(host)) && !against
    const verdict = alone ? 'variation' : verdictOf(scene, telling)
    findings.push(
      draftOf(scene, rows, hosts, {
        verdict,
        severity: alone ? 'low' : severityOf(tier, raised, against),
        surprise: alone ? Math.min(bits, mostBits(scene.size)) : bits + prior,
        explanation: explain({ ...explanationData(scene, rows, hosts), verdict, quiet })
      })
    )
  }
  const all = residuals.reduce((sum, { hosts }) => sum + hosts.length, 0)
  return { findings, folded: all - told, undertone }
}

/** Told for what its tables count beforehand alone, which then raises it no further. */
const isLifted = (bits: number, tier: Tier, noise: Noise): boolean =>
  tier === 'trace' && tierOf(bits, noise) === 'fold'

/** What the statistics say, but for fleets too small for them, where the baseline has a say of its own. */
function telledTier(bits: number, prior: number, against: boolean, noise: Noise): Tier {
  const likely = tierOf(bits + prior, noise)
  if (likely === 'alert') return 'alert'
  const plain = tierOf(bits, noise)
  const tier = plain === 'fold' && likely !== 'fold' ? 'trace' : plain
  if (against && noise.hosts < MIN_HOSTS_TO_FOLD) return 'notice'
  return tier === 'notice' && noise.hosts < MIN_HOSTS_FOR_MEDIUM && !against ? 'trace' : tier
}

const MAX_ROUNDS = 4

/**
 * Weighs until no more causes become known: what is an alert has its cause, and says nothing of how common chance is.
 */
function weighAll(
  scene: ClusteredFleet,
  surprises: ReturnType<typeof surpriser>,
  witnesses: Omit<Witnesses, 'known'>
): Weighed {
  let known = new Set<Deviation>()
  for (let turn = 1; ; turn++) {
    const weighed = weigh(scene, surprises, { ...witnesses, known })
    const alerts = weighed.groups.filter(
      ({ telling, bits }) => telling.length > 0 && tierOf(bits, weighed.noise) === 'alert'
    )
    const next = new Set([...known, ...alerts.flatMap(({ rows }) => rows)])
    if (turn === MAX_ROUNDS || next.size === known.size) return weighed
    known = next
  }
}
