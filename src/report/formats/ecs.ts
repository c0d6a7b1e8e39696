import { escapeUnseen } from '../../text/escape-json.ts'
import type { Report, Severity } from '../report.ts'

/** Of `event.severity`, which has no scale of its own. */
const SEVERITY_NUMBERS: Readonly<Record<Severity, number>> = {
  critical: 99,
  high: 73,
  medium: 47,
  low: 21,
  info: 1
}

/** Events in the Elastic Common Schema 8.11, one line for each open or accepted finding on each of its hosts. */
export function renderEcs({ run, findings, tool, hosts }: Report): string {
  const names = new Map(hosts.map(({ id, name }) => [id, name]))
  const lines = findings.flatMap(finding =>
    (finding.hosts.length > 0 ? finding.hosts : [null]).map(host => ({
      '@timestamp': run.startedAt,
      ecs: { version: '8.11.0' },
      event: {
        kind: 'alert',
        category: ['configuration'],
        type: ['info'],
        module: tool.name,
        dataset: `${tool.name}.finding`,
        id: `${finding.id}${host === null ? '' : `:${host}`}`,
        severity: SEVERITY_NUMBERS[finding.severity],
        outcome: 'unknown',
        reason: finding.explanation
      },
      message: finding.explanation,
      ...(host === null ? {} : { host: { id: host, ...(names.get(host) ? { name: names.get(host) } : {}) } }),
      rule: { id: finding.id, name: finding.verdict ?? finding.kind, category: finding.kind },
      ...(finding.attack.length === 0
        ? {}
        : { threat: { framework: 'MITRE ATT&CK', technique: { id: finding.attack } } }),
      labels: { fleet: run.name, accepted: String(finding.acceptedBy !== null) }
    }))
  )
  return lines.map(line => `${escapeUnseen(JSON.stringify(line))}\n`).join('')
}
