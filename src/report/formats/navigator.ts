import { printJson } from '../json.ts'
import type { Report } from '../report.ts'
import { openFindings } from '../summarize.ts'

/** A layer for MITRE's ATT&CK Navigator (layer format 4.5): each technique with the number of its open findings. */
export function renderNavigator(report: Report): string {
  const findings = new Map<string, number>()
  for (const { attack } of openFindings(report.findings))
    for (const technique of attack) findings.set(technique, (findings.get(technique) ?? 0) + 1)
  return printJson({
    name: `Fleet Drift: ${report.run.name}`,
    versions: { layer: '4.5' },
    domain: 'enterprise-attack',
    description: `Open findings of the run of ${report.run.startedAt}`,
    techniques: [...findings]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([techniqueID, score]) => ({ techniqueID, score, comment: `${score} open` })),
    gradient: { colors: ['#ffe766', '#ff6666'], minValue: 1, maxValue: Math.max(1, ...findings.values()) }
  })
}
