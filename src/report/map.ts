import { code } from './escape.ts'
import type { Report } from './report.ts'
import { openFindings } from './summarise.ts'
import { SIGNS } from './words.ts'

/** Findings over this many make no readable picture. */
const MOST_FINDINGS = 12

/** A picture of hosts by finding in block characters: text everywhere, and the same in a screen reader. */
export function hostMap(report: Report, mostHosts: number): string {
  const findings = openFindings(report.findings)
    .filter(finding => finding.rows.length > 0)
    .slice(0, MOST_FINDINGS)
  const hosts = report.hosts.filter(host => findings.some(finding => finding.hosts.includes(host.id)))
  const shown = hosts.slice(0, Math.max(4, mostHosts))
  if (shown.length < 2) return ''
  const lines = shown.map(host => {
    const cells = findings.map(finding => (finding.hosts.includes(host.id) ? '██' : '··')).join(' ')
    return `${host.id.padEnd(20)} ${cells}`
  })
  const legend = findings
    .map((finding, at) => `${at + 1} ${SIGNS[finding.severity]} ${finding.verdict ?? finding.kind}`)
    .join(' · ')
  const head = `${''.padEnd(20)} ${findings.map((_, at) => String(at + 1).padEnd(2)).join(' ')}`
  const body = [head, ...lines]
    .map(line => code(line, 200).replaceAll(' ', '&nbsp;').replace('<code>&nbsp;</code>', ''))
    .join('<br>')
  const more = hosts.length > shown.length ? `<br>and ${hosts.length - shown.length} more hosts` : ''
  return `<details><summary>Hosts by finding</summary>\n\n${body}${more}\n\n${legend}\n\n</details>`
}
