import { createHash } from 'node:crypto'
import type { FleetMemory } from '../report/memory.ts'
import { type Finding, SEVERITIES } from '../report/report.ts'
import { count, list, plural } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'

const MAX_HOSTS = 5

/**
 * A host that answered before and is silent now weighs more than one that never answered: such hosts have a finding of
 * their own, one severity higher, with the day of their last answer. Worst first, as the findings were.
 */
export function weighNewlySilent(findings: readonly Finding[], { hosts }: FleetMemory): Finding[] {
  const worst = (finding: Finding) => SEVERITIES.indexOf(finding.severity)
  return findings
    .flatMap(finding => (finding.kind === 'silent' ? splitSilent(finding, hosts) : [finding]))
    .sort((a, b) => worst(a) - worst(b))
}

function splitSilent(finding: Finding, lastDays: ReadonlyMap<string, string>): Finding[] {
  const gone = finding.hosts.filter(host => lastDays.has(host))
  if (gone.length === 0) return [finding]
  const never = finding.hosts.filter(host => !lastDays.has(host))
  const last = gone.slice(0, MAX_HOSTS).map(host => `${sanitize(host, 64)} on ${lastDays.get(host)}`)
  const shown = gone.length > last.length ? [...last, `${gone.length - last.length} more`] : last
  const newly: Finding = {
    ...finding,
    id: createHash('sha256').update(`newly silent\n${finding.id}`).digest('hex').slice(0, 16),
    severity: SEVERITIES[Math.max(1, SEVERITIES.indexOf(finding.severity) - 1)] ?? finding.severity,
    hosts: gone,
    explanation: `${finding.explanation} ${count(gone.length, 'host')} answered in earlier runs: ${list(shown)}.`
  }
  if (never.length === 0) return [newly]
  const others = `${finding.explanation} ${count(never.length, 'of these hosts', 'of these hosts')} ${plural(never.length, 'has', 'have')} never answered.`
  return [newly, { ...finding, hosts: never, explanation: others }]
}
