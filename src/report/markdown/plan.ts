import { markdownTable } from 'markdown-table'
import type { Effect, PlannedFinding } from '../../review/plan.ts'
import { count, number, plural } from '../../text/phrases.ts'
import { diffSummary } from '../diff-summary.ts'
import { escapeCell, escapeText } from '../escape.ts'
import { briefHostList, type HostNames, hostList } from '../host-names.ts'
import { SEVERITY_MARKS } from '../marks.ts'
import { findingLabel, listFirst } from '../phrases.ts'
import type { Report } from '../report.ts'
import { openFindings } from '../summarize.ts'
import { changesDiff, integrityText, pathText } from './changes.ts'
import type { Tier } from './tier.ts'

/** What the pull request does to the baseline, and how it would change the fleet's verdicts. */
export function planSection(report: Report, names: HostNames, tier: Tier): string {
  const { plan, run } = report
  if (plan === undefined) return ''
  const path = run.baseline === null ? 'the baseline' : pathText(run.baseline.path)
  const diff = changesDiff(plan.changes, tier)
  const parts = [
    '### 🧭 Plan',
    `This pull request changes ${path}: **${diffSummary(plan.changes)}**.`,
    plan.effect === null ? NO_HOST_CONTACTED : effectText(plan.effect, names, tier),
    plan.effect === null ? '' : guardText(report),
    integrityText(plan.integrity),
    plan.effect === null ? '' : findingsTable(plan.effect, names, tier),
    diff === '' ? '' : `<details><summary>Changes to the baseline</summary>\n\n${diff}\n\n</details>`
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

const NO_HOST_CONTACTED =
  '> ⚠️ No host was contacted, so it is unknown what this change does to the fleet, and whether it approves an implant.'

function effectText(
  { becomeClean, becomeDrifted, vanished, appeared }: Effect,
  names: HostNames,
  tier: Tier
): string {
  const hostLine = (hosts: readonly string[], mark: string, state: string) =>
    hosts.length === 0
      ? []
      : [
          `- ${mark} ${count(hosts.length, 'host')} ${plural(hosts.length, 'becomes', 'become')} ${state}: ${hostList(hosts, names, tier.hosts, escapeText)}`
        ]
  const rollouts = vanished.filter(({ verdict }) => verdict === 'rollout').length
  const lines = [
    ...hostLine(becomeClean, '✅', 'clean'),
    ...hostLine(becomeDrifted, SEVERITY_MARKS.medium, 'drifted'),
    ...(rollouts > 0 ? [`- 🚚 It accounts for ${count(rollouts, 'rollout')}.`] : [])
  ]
  if (lines.length === 0 && vanished.length + appeared.length === 0)
    return 'It changes no verdict on the current fleet.'
  if (lines.length === 0) lines.push('- No host becomes clean or drifted.')
  return `On the current fleet:\n\n${lines.join('\n')}`
}

/** What the poisoning guard found. */
function guardText({ plan, findings }: Report): string {
  const poisoned = openFindings(findings).filter(({ kind }) => kind === 'poisoning')
  const [worst] = poisoned
  if (worst !== undefined)
    return `${SEVERITY_MARKS[worst.severity]} **It may hide an attack**: see ${count(poisoned.length, 'baseline poisoning finding')} below.`
  const adds = plan?.changes.rows.some(({ change }) => change === 'added') === true
  return adds ? '✅ Every row it adds is on at least half of the hosts it applies to.' : ''
}

/** The findings that vanish and appear. */
function findingsTable({ vanished, appeared }: Effect, names: HostNames, tier: Tier): string {
  const line = (finding: PlannedFinding, change: string) => [
    change,
    `${SEVERITY_MARKS[finding.severity]} ${findingLabel({ ...finding, kind: 'deviation' })}`,
    briefHostList(finding.hosts, names, Math.min(5, tier.hosts), escapeCell),
    listFirst(finding.queries, 4, query => escapeCell(query, 64))
  ]
  const body = [
    ...appeared.map(finding => line(finding, '➕ appears')),
    ...vanished.map(finding => line(finding, '➖ vanishes'))
  ]
  if (body.length === 0) return ''
  const shown = body.slice(0, tier.lines)
  const more = body.length - shown.length
  const table = markdownTable([['', 'Finding', 'Hosts', 'Tables'], ...shown], { alignDelimiters: false })
  return more > 0 ? `${table}\n\nAnd ${number(more)} more.` : table
}
