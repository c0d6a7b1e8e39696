import { hostList, hostNamesOf } from '../report/host-names.ts'
import { findingTitle } from '../report/phrases.ts'
import { pivotCommand, pivotOf } from '../report/pivot.ts'
import type { Finding, Report } from '../report/report.ts'
import { prevalenceText, rowText } from '../report/row-text.ts'
import { sanitize } from '../text/sanitize.ts'
import { readReport } from './report-file.ts'
import type { Terminal } from './terminal.ts'

const MAX_ROW_LENGTH = 4_000
const MAX_HOSTS = 1_000

/** Prints everything that a report has on one finding. The id may be cut, as long as it is clear which one is meant. */
export async function explain(args: readonly string[], { print, printError }: Terminal): Promise<number> {
  const [id = '', path = '', ...more] = args
  if (id === '' || path === '' || more.length > 0)
    throw new Error('Write: fleet-drift explain FINDING-ID report.json')
  const { report, memory } = await readReport(path)
  const found = report.findings.filter(finding => finding.id === id || finding.id.startsWith(id))
  if (found.length === 0) {
    printError(`${sanitize(path)} has no finding ${sanitize(id, 80)}.`)
    return 1
  }
  const days = new Map(memory.findings.known.map(([known, day]) => [known, day]))
  for (const finding of found) print(explanation(finding, report, days.get(finding.id) ?? null))
  return 0
}

function explanation(finding: Finding, report: Report, firstSeen: string | null): string {
  const { hosts, rows, attack, surprise, cluster, acceptedBy } = finding
  const pivots = pivotOf(finding)
  const lines = [
    `${findingTitle(finding)} (${sanitize(finding.id, 80)})`,
    sanitize(finding.explanation, 2_000),
    '',
    hosts.length === 0 ? '' : `Hosts: ${hostList(hosts, hostNamesOf(report), MAX_HOSTS, sanitize)}`,
    cluster === null ? '' : `Cluster: ${sanitize(cluster, 64)}`,
    surprise > 0 ? `Surprise: ${surprise.toFixed(1)} bits` : '',
    attack.length === 0 ? '' : `ATT&CK: ${sanitize(attack.join(', '), 500)}`,
    firstSeen === null ? '' : `First seen: ${firstSeen}`,
    acceptedBy === null ? '' : `Accepted: ${sanitize(acceptedBy, 500)}`
  ].filter((line, at) => line !== '' || at === 2)
  const evidence = rows.map(row => {
    const { fleet, cluster: near } = row.prevalence
    const prevalence = `on ${prevalenceText(fleet)} hosts, ${prevalenceText(near)} in the cluster`
    return `  ${rowText(row, MAX_ROW_LENGTH, sanitize)}\n      ${prevalence}; baseline: ${row.baseline}`
  })
  const search =
    pivots.length === 0 ? [] : ['', 'Search other hosts for this:', pivotCommand(report.run, pivots)]
  return [...lines, ...(evidence.length > 0 ? ['', 'Rows', ...evidence] : []), ...search, ''].join('\n')
}
