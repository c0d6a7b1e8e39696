import { headline, headlineOf } from '../../report/headline.ts'
import type { Report } from '../../report/report.ts'
import { outlierHosts } from '../../report/summarize.ts'
import { number } from '../../text/phrases.ts'
import type { Outputs } from '../channel.ts'

/** The action's outputs that a report determines. Only mode `check` has a verdict. */
export async function reportOutputs({ report }: { readonly report: Report }): Promise<Outputs> {
  const { summary, run, findings, hosts } = report
  return {
    ...(run.mode === 'check' ? { verdict: summary.verdict, headline: chatLine(report) } : {}),
    ...historyOutputs(report),
    findings: String(summary.findings),
    outliers: String(summary.outliers),
    'outlier-hosts': JSON.stringify(outlierHosts(findings)),
    'worst-severity': summary.worstSeverity,
    ...coverageOutputs(
      summary.coverage,
      hosts.filter(({ status }) => status === 'silent').map(({ id }) => id)
    )
  }
}

/** The verdict and what changed, in counts. */
function chatLine(report: Report): string {
  const { history } = report
  const changes =
    history === undefined
      ? []
      : [`${number(history.appeared.length)} new`, `${number(history.resolved.length)} resolved`]
  return [headline(headlineOf(report)), ...changes].join('; ')
}

function historyOutputs({ history }: Report): Outputs {
  if (history === undefined) return {}
  return {
    changed: String(history.changed),
    'new-findings': String(history.appeared.length),
    'resolved-findings': String(history.resolved.length)
  }
}

/** @param coverage 0 to 1 */
export function coverageOutputs(coverage: number, silentHosts: readonly string[]): Outputs {
  return { coverage: coverage.toFixed(4), 'silent-hosts': JSON.stringify([...silentHosts].sort()) }
}
