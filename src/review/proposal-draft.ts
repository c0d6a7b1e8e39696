import type { Severity } from '../analyze/finding.ts'
import { type Draft, fingerprint } from '../analyze/findings/draft.ts'
import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Query } from '../osquery/pack.ts'

/** How severe it is that rows of a table would go unnoticed: most intruders stay by ordinary tables, such as crontab. */
export function severityOfTable(query: Query): Severity {
  return weightOfQuery(query) === 'context' ? 'low' : 'high'
}

/** A finding about what a proposed file says of a query: it names no host and no row. */
export function proposalDraft(
  query: Query,
  cause: string,
  severity: Severity,
  explanation: string,
  acceptedBy: string | null = null
): Draft {
  return { ...fileDraft(cause, explanation), severity, attack: query.attack, acceptedBy }
}

/** A high finding about a proposed file itself. */
export function fileDraft(cause: string, explanation: string): Draft {
  return {
    id: fingerprint('poisoning', [cause]),
    kind: 'poisoning',
    verdict: null,
    severity: 'high',
    surprise: 0,
    hosts: [],
    cluster: null,
    rows: [],
    explanation,
    attack: [],
    acceptedBy: null
  }
}
