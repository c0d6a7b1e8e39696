import { draftOf, told as tellOf, verdictOf } from './deviation.ts'
import type { Draft } from './draft.ts'
import { explain } from './explain.ts'
import { fleetingTest } from './fleeting.ts'
import { type Loss, shortAnswers } from './losses.ts'
import type { Residual } from './residuals.ts'
import { rollouts } from './rollouts.ts'
import { type Scene, weightOf } from './scene.ts'
import { alertBits, INTEGRITY_PRIOR, tierOf } from './score.ts'
import { severityOf } from './severity.ts'
import { surpriser } from './surprise.ts'
import { weigh } from './weigh.ts'

export interface Judged {
  readonly findings: readonly Draft[]
  /** Rows on hosts that differed and were judged noise. */
  readonly folded: number
  /** By host: the bits of the most surprising thing about it that was folded. */
  readonly undertone: Float64Array
}

/** Among fewer hosts only an alert, or what the baseline speaks against, is more than low. */
const FEWEST_FOR_MEDIUM = 8
/** With a baseline and fewer hosts nothing is folded. */
const FEWEST_TO_FOLD = 3

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
  const surprises = surpriser(scene, residuals, apart, accuses)
  const first = weigh(scene, surprises, { apart, accuses, known: new Set() })
  const known = new Set(first.groups.filter(({ tier }) => tier === 'alert').flatMap(({ rows }) => rows))
  const weighed = known.size === 0 ? first : weigh(scene, surprises, { apart, accuses, known })
  const undertone = new Float64Array(scene.fleet.hosts.length)
  const findings: Draft[] = []
  let told = 0
  for (const { hosts, rows, telling, bits: chance, tier, quiet } of weighed.groups) {
    const heavy = telling.filter(({ item }) => weightOf(scene, item) === 'integrity')
    const bits = chance + (heavy.length > 0 ? INTEGRITY_PRIOR : 0)
    const against = (heavy.length > 0 ? heavy : rows).some(({ baseline }) => baseline !== 'none')
    const ranked = heavy.length > 0 ? tierOf(bits, weighed.scale, weighed.usual) : tier
    // Too few hosts to say what is noise: the baseline alone speaks.
    const raised = ranked === 'fold' && against && scene.size < FEWEST_TO_FOLD ? 'notice' : ranked
    if (telling.length === 0 || raised === 'fold') {
      if (telling.length > 0) for (const host of hosts) undertone[host] = Math.max(undertone[host] ?? 0, bits)
      continue
    }
    told += rows.reduce((sum, row) => sum + row.hosts.length, 0)
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
        explanation: explain({ ...tellOf(scene, rows, hosts), verdict, quiet })
      })
    )
  }
  const all = residuals.reduce((sum, { hosts }) => sum + hosts.length, 0)
  return { findings, folded: all - told, undertone }
}
