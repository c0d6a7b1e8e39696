import type { Severity } from './finding.ts'
import type { Score } from './score.ts'
import { mostBits } from './surprise.ts'

const RAISED: Readonly<Record<Severity, Severity>> = {
  info: 'low',
  low: 'medium',
  medium: 'high',
  high: 'high',
  critical: 'critical'
}

/**
 * Alert is high; a notice is medium from half the bits that one event can give, else low. Raised one step where a
 * table is touched whose change is rarely innocent, to critical only when the baseline speaks against it too.
 */
export function severityOf(
  score: Score,
  hosts: number,
  integrity: boolean,
  againstBaseline: boolean
): Severity {
  const base = score.tier === 'alert' ? 'high' : score.bits >= mostBits(hosts) / 4 ? 'medium' : 'low'
  if (!integrity) return base
  return base === 'high' && againstBaseline ? 'critical' : RAISED[base]
}
