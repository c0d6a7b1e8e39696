import type { FindingRow, Report } from './report.ts'

/** Shapes of secrets; each leaves what stands before and after it. Bounded quantifiers: linear on hostile text. */
const RULES: readonly (readonly [kind: string, pattern: RegExp])[] = [
  [
    'private key',
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g
  ],
  ['AWS access key', /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b/g],
  ['GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})\b/g],
  ['Slack token', /\bxox[abposr]-[A-Za-z0-9-]{10,200}/g],
  ['Stripe key', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,200}\b/g],
  ['JWT', /\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,2000}/g],
  ['credentials in a URL', /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/:@]{1,200}:[^\s/@]{1,200}(?=@)/gi],
  ['authorization', /(?<=\b(?:bearer|basic|authorization:)\s{1,3})[A-Za-z0-9+/=._~-]{8,2000}/gi],
  [
    'secret',
    /(?<=(?:^|[\s"'&?;,-]|_)(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|client[_-]?secret|auth)(?:["']?\s{0,2}[=:]\s{0,2}["']?|\s{1,3}))[^\s"'&;,]{3,1000}/gi
  ]
]

/** Public keys are no secrets, but nobody reads them: the end is enough to tell two apart. */
const PUBLIC_KEY = /\b(AAAA[A-Z][A-Za-z0-9+/]{6})[A-Za-z0-9+/]{20,2000}([A-Za-z0-9+/]{8}={0,2})/g

const LONGEST = 16_384

export interface Redacted {
  readonly report: Report
  /** How many secrets were hidden. */
  readonly count: number
}

/** Hides secrets in everything a report holds of the hosts' words, with the kind of secret in its place. */
export function redactReport(report: Report): Redacted {
  let count = 0
  const hide = (text: string): string => {
    let result = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
    for (const [kind, pattern] of RULES) {
      result = result.replace(pattern, () => {
        count++
        return `[redacted: ${kind}]`
      })
    }
    return result.replace(PUBLIC_KEY, '$1…$2')
  }
  const hideColumns = (columns: Readonly<Record<string, string>>): Record<string, string> => {
    const hidden: Record<string, string> = Object.create(null)
    for (const [column, value] of Object.entries(columns)) hidden[column] = hide(value)
    return hidden
  }
  const hideRow = (row: FindingRow): FindingRow => ({
    ...row,
    row: hideColumns(row.row),
    expected: row.expected === null ? null : hideColumns(row.expected)
  })
  const findings = report.findings.map(finding => ({
    ...finding,
    explanation: hide(finding.explanation),
    rows: finding.rows.map(hideRow)
  }))
  const hosts = report.hosts.map(host => ({
    ...host,
    reason: host.reason === null ? null : hide(host.reason)
  }))
  return { report: { ...report, findings, hosts }, count }
}
