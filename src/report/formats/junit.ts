import { count } from '../../text/phrases.ts'
import { sanitize } from '../../text/sanitize.ts'
import { findingTitle } from '../phrases.ts'
import type { Finding, Report } from '../report.ts'
import { rowText } from '../row-text.ts'
import { openFindings } from '../summarize.ts'

const MAX_ROWS = 20
const MAX_HOSTS = 50
const MAX_ROW_LENGTH = 500

/** JUnit XML for test dashboards: one test case for each open finding, which failed, and one for the coverage. */
export function renderJunit(report: Report): string {
  const findings = openFindings(report.findings)
  const { summary, run } = report
  const complete = summary.hosts > 0 && summary.reported === summary.hosts
  const failures = findings.length + (complete ? 0 : 1)
  const coverage = complete
    ? '<testcase classname="coverage" name="Every host was assessed"/>'
    : `<testcase classname="coverage" name="Every host was assessed"><failure message="${summary.reported} of ${count(summary.hosts, 'host')} fully assessed"/></testcase>`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="${xml(`Fleet Drift: ${run.name}`)}" tests="${findings.length + 1}" failures="${failures}" timestamp="${xml(run.startedAt.slice(0, 19))}">
${[coverage, ...findings.map(testCase)].join('\n')}
</testsuite>
</testsuites>
`
}

function testCase(finding: Finding): string {
  const lines = [
    finding.explanation,
    `Hosts: ${finding.hosts.slice(0, MAX_HOSTS).join(', ')}`,
    ...finding.rows.slice(0, MAX_ROWS).map(row => rowText(row, MAX_ROW_LENGTH, sanitize))
  ]
  const title = xml(`${findingTitle(finding)} (${finding.id})`)
  return `<testcase classname="${finding.kind}" name="${title}"><failure type="${finding.severity}" message="${xml(finding.explanation)}">${xml(lines.join('\n'))}</failure></testcase>`
}

/** Text for XML 1.0: markup is escaped, and characters that XML does not allow are shown as U+FFFD. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`)
}
