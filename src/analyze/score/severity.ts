import type { Severity } from '../finding.ts'
import type { Tier } from './score.ts'

const BY_TIER: Readonly<Record<Tier, Severity>> = {
  alert: 'high',
  notice: 'medium',
  trace: 'low',
  fold: 'info'
}
const RAISED: Readonly<Record<Severity, Severity>> = {
  info: 'low',
  low: 'medium',
  medium: 'high',
  high: 'high',
  critical: 'critical'
}

/**
 * An alert is high, a notice medium, a trace low; raised one step where a table is touched whose change is rarely
 * innocent, and critical where an alert of such a table is against the baseline too.
 */
export function severityOf(tier: Tier, integrity: boolean, againstBaseline: boolean): Severity {
  const base = BY_TIER[tier]
  if (!integrity) return base
  return base === 'high' && againstBaseline ? 'critical' : RAISED[base]
}
