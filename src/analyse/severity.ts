import type { Severity } from './finding.ts'
import type { Tier } from './score.ts'

const RAISED: Readonly<Record<Severity, Severity>> = {
  info: 'low',
  low: 'medium',
  medium: 'high',
  high: 'high',
  critical: 'critical'
}

/**
 * Alert is high; a notice is medium where it is more than one never-seen row, else low. Raised one step where a table is
 * touched whose change is rarely innocent, to critical only when the baseline speaks against it too.
 */
export function severityOf(
  tier: Tier,
  several: boolean,
  integrity: boolean,
  againstBaseline: boolean
): Severity {
  const base = tier === 'alert' ? 'high' : several ? 'medium' : 'low'
  if (!integrity) return base
  return base === 'high' && againstBaseline ? 'critical' : RAISED[base]
}
