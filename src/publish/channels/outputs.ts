import { headline, headlineOf } from '../../report/headline.ts'
import { isPublicView, type Shown } from '../../report/public-view.ts'
import type { Report } from '../../report/report.ts'
import { outlierHosts } from '../../report/summarize.ts'
import { number } from '../../text/phrases.ts'
import type { Outputs } from '../channel.ts'

/**
 * The action's outputs that a report determines. Only mode `check` has a verdict. Debug logs print outputs, so that in a
 * public repository lists of hosts are only counted.
 */
export async function reportOutputs({
  report,
  shown = report
}: {
  readonly report: Report
  readonly shown?: Shown
}): Promise<Outputs> {
  const onlyCounts = isPublicView(shown)
  const { summary, run, findings, hosts } = report
  return {
    ...(run.mode === 'check' ? { verdict: summary.verdict, headline: chatLine(report) } : {}),
    ...historyOutputs(report),
    findings: String(summary.findings),
    outliers: String(summary.outliers),
    'outlier-hosts': hostsOutput(outlierHosts(findings), onlyCounts),
    'worst-severity': summary.worstSeverity,
    ...coverageOutputs(
      summary.coverage,
      hosts.filter(({ status }) => status === 'silent').map(({ id }) => id),
      onlyCounts
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
export function coverageOutputs(
  coverage: number,
  silentHosts: readonly string[],
  onlyCounts: boolean
): Outputs {
  return { coverage: coverage.toFixed(4), 'silent-hosts': hostsOutput(silentHosts, onlyCounts) }
}

/** A sorted JSON array of ids, or their number. */
function hostsOutput(hosts: readonly string[], onlyCounts: boolean): string {
  return JSON.stringify(onlyCounts ? hosts.length : [...hosts].sort())
}
