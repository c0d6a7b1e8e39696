import { count } from '../text/phrases.ts'
import { escapePlain } from './escape.ts'
import { type HostNames, hostList } from './host-names.ts'
import type { Finding } from './report.ts'
import { prevalenceText, rowText } from './row-text.ts'

const MAX_ROW_LENGTH = 300

/** A finding for annotations and SARIF: explanation, hosts and rows, as plain text. */
export function findingMessage(
  { hosts, rows, explanation }: Finding,
  names: HostNames,
  max: { readonly rows: number; readonly hosts: number }
): string {
  const lines = [
    escapePlain(explanation, 600),
    hosts.length > 0 ? `Hosts: ${hostList(hosts, names, max.hosts, escapePlain)}.` : '',
    ...rows
      .slice(0, max.rows)
      .map(row => `${rowText(row, MAX_ROW_LENGTH, escapePlain)} (${prevalenceText(row.prevalence.fleet)})`),
    rows.length > max.rows ? `And ${count(rows.length - max.rows, 'more row')} in report.json.` : ''
  ]
  return lines.filter(line => line !== '').join('\n')
}
