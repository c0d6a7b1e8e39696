import type { Report, Severity } from './report.ts'

/** One sign for each severity, told apart by shape as well as by colour. */
export const SIGNS: Readonly<Record<Severity, string>> = {
  critical: '🟥',
  high: '🔴',
  medium: '🟠',
  low: '🟡',
  info: '⚪'
}

/** The verdict in one line: what a person must know in ten seconds. The name is checked by the inputs. */
export function headline({ run, summary }: Report): string {
  const hosts = `${summary.hosts} ${summary.hosts === 1 ? 'host' : 'hosts'}`
  switch (summary.verdict) {
    case 'clean':
      return `✅ ${run.name}: clean. ${hosts}, all alike`
    case 'incomplete':
      return `⚠️ ${run.name}: incomplete. No drift on the ${summary.reported} of ${hosts} that were fully assessed`
    default: {
      const findings = `${summary.findings} ${summary.findings === 1 ? 'finding' : 'findings'}`
      const outliers = summary.outliers > 0 ? `${summary.outliers} of ${hosts} stand out` : `on ${hosts}`
      return `${summary.worstSeverity === 'none' ? '' : SIGNS[summary.worstSeverity]} ${run.name}: drift. ${findings}, ${outliers}`
    }
  }
}
