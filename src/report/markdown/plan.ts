import { markdownTable } from 'markdown-table'
import type { Effect, PlannedFinding } from '../../review/plan.ts'
import { changesInWords } from '../diff-summary.ts'
import { escapeCell } from '../escape.ts'
import { count, listed, nature, number, SIGNS } from '../phrases.ts'
import type { Report } from '../report.ts'
import { openFindings } from '../summarize.ts'
import { changesDiff, integrityText, pathText } from './changes.ts'
import { hostCell, hostList, type Names } from './hosts.ts'
import type { Tier } from './tier.ts'

/** What the pull request does to the baseline, and what it would do to the fleet's verdicts. */
export function planSection(report: Report, names: Names, tier: Tier): string {
  const { plan, run } = report
  if (plan === undefined) return ''
  const path = run.baseline === null ? 'the baseline' : pathText(run.baseline.path)
  const diff = changesDiff(plan.changes, tier)
  const parts = [
    '### 🧭 The plan',
    `This pull request changes ${path}: **${changesInWords(plan.changes)}**.`,
    plan.effect === null ? NOT_ASKED : effectText(plan.effect, names, tier),
    plan.effect === null ? '' : guardText(report),
    integrityText(plan.integrity),
    plan.effect === null ? '' : findingsTable(plan.effect, names, tier),
    diff === '' ? '' : `<details><summary>What changes in the file</summary>\n\n${diff}\n\n</details>`
  ]
  return parts.filter(part => part !== '').join('\n\n')
}

const NOT_ASKED =
  '> ⚠️ No host was asked, so nothing is known of what this does to the fleet, nor whether it blesses an implant.'

function effectText(
  { becomeClean, becomeDrifted, vanished, appeared }: Effect,
  names: Names,
  tier: Tier
): string {
  const lines: string[] = []
  const tell = (hosts: readonly string[], sign: string, what: string) => {
    if (hosts.length === 0) return
    lines.push(
      `- ${sign} ${count(hosts.length, 'host')} ${hosts.length === 1 ? what.replace('become', 'becomes') : what}: ${hostList(hosts, names, tier.hosts)}`
    )
  }
  tell(becomeClean, '✅', 'become clean')
  tell(becomeDrifted, SIGNS.medium, 'become drifted')
  const followed = vanished.filter(({ verdict }) => verdict === 'rollout').length
  if (followed > 0) lines.push(`- 🚚 It follows ${count(followed, 'rollout')}.`)
  if (lines.length === 0 && vanished.length + appeared.length === 0)
    return 'On the fleet as it is now it changes no verdict.'
  if (lines.length === 0) lines.push('- No host becomes clean or drifted.')
  return `On the fleet as it is now:\n\n${lines.join('\n')}`
}

/** What the poisoning guard says. */
function guardText({ plan, findings }: Report): string {
  const poisoned = openFindings(findings).filter(({ kind }) => kind === 'poisoning')
  if (poisoned.length > 0) {
    const worst = poisoned[0]
    const sign = worst === undefined ? '' : SIGNS[worst.severity]
    return `${sign} **It blesses what fewer than half of the hosts have**: ${count(poisoned.length, 'finding')} of baseline poisoning below.`
  }
  const blessed = plan?.changes.rows.some(({ change }) => change === 'added') === true
  return blessed ? '✅ Every row that it adds stands on at least half of the hosts that it is for.' : ''
}

/** The findings that vanish and appear. */
function findingsTable({ vanished, appeared }: Effect, names: Names, tier: Tier): string {
  const line = (finding: PlannedFinding, what: string) => [
    what,
    `${SIGNS[finding.severity]} ${nature({ ...finding, kind: 'deviation' })}`,
    hostCell(finding.hosts, names, Math.min(5, tier.hosts)),
    listed(
      finding.queries.slice(0, 4).map(query => escapeCell(query, 64)),
      Math.max(0, finding.queries.length - 4)
    )
  ]
  const body = [
    ...appeared.map(finding => line(finding, '➕ appears')),
    ...vanished.map(finding => line(finding, '➖ vanishes'))
  ]
  if (body.length === 0) return ''
  const shown = body.slice(0, tier.lines)
  const rest = body.length - shown.length
  const table = markdownTable([['', 'Finding', 'Hosts', 'Tables'], ...shown], { alignDelimiters: false })
  return rest > 0 ? `${table}\n\nAnd ${number(rest)} more.` : table
}
