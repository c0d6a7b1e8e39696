import { escapeUnseen } from '../../text/escape-json.ts'
import { findingTitle } from '../phrases.ts'
import type { Report, Severity } from '../report.ts'

/** `severity_id` of OCSF, and its caption. */
const SEVERITY_IDS: Readonly<Record<Severity, readonly [number, string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical']
}
const CREATE = 1
const NEW = 1
const SUPPRESSED = 3

/** Detection Findings (class 2004) of the Open Cybersecurity Schema Framework 1.3, one line for each finding. */
export function renderOcsf({ run, findings, tool }: Report): string {
  const time = Date.parse(run.startedAt)
  const lines = findings.map(finding => ({
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    activity_id: CREATE,
    type_uid: 200_400 + CREATE,
    time,
    severity_id: SEVERITY_IDS[finding.severity][0],
    severity: SEVERITY_IDS[finding.severity][1],
    status_id: finding.acceptedBy === null ? NEW : SUPPRESSED,
    message: finding.explanation,
    metadata: {
      version: '1.3.0',
      product: { name: 'Fleet Drift', vendor_name: 'Fleet Drift', version: tool.version }
    },
    finding_info: {
      uid: finding.id,
      title: findingTitle(finding),
      desc: finding.explanation,
      types: [finding.verdict ?? finding.kind],
      created_time: time,
      attacks: finding.attack.map(uid => ({ technique: { uid } }))
    },
    resources: finding.hosts.map(uid => ({
      uid,
      type: 'host',
      ...(run.region === null ? {} : { region: run.region })
    })),
    unmapped: { fleet: run.name, surprise_bits: finding.surprise }
  }))
  return lines.map(line => `${escapeUnseen(JSON.stringify(line))}\n`).join('')
}
