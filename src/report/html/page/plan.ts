import type { Effect, Plan, PlannedFinding } from '../../../review/plan.ts'
import { count, list, number } from '../../../text/phrases.ts'
import { diffSummary } from '../../diff-summary.ts'
import { capital, findingLabel } from '../../phrases.ts'
import { openFindings } from '../../summarize.ts'
import { changesDisclosure, integrityNotice } from './changes.ts'
import { anchor, button, type Child, el, icon, untrusted } from './dom.ts'
import { hostList } from './hosts.ts'
import { SEVERITY_SHAPES } from './labels.ts'
import type { Model } from './model.ts'
import { cell, changeCell, dataTable, tableRow, visuallyHidden } from './table.ts'

/** Hosts that are listed at once; the others on request. */
const MAX_HOSTS = 12
const MAX_HOSTS_IN_CELL = 4
const MAX_TABLES = 4

/** Links from the plan to the rest of the page. */
export interface PlanLinks {
  readonly showHost: (id: string) => void
  /** Opens a finding; `null`: the report does not have it. */
  readonly findingOpener: (id: string) => (() => void) | null
}

/** What the pull request does to the baseline, and how it would change the fleet's verdicts. */
export function planSection(plan: Plan, model: Model, links: PlanLinks): HTMLElement[] {
  const { baseline } = model.report.run
  const path = baseline === null ? 'the baseline' : el('code', {}, untrusted(baseline.path, 200))
  const { changes, integrity, effect } = plan
  const summary = el('b', {}, diffSummary(changes))
  return [
    el('p', { class: 'explanation' }, 'This pull request changes ', path, ': ', summary, '.'),
    ...(effect === null ? [el('p', { class: 'notice' }, NO_HOST_CONTACTED)] : guardResult(plan, model)),
    ...integrityNotice(integrity),
    ...(effect === null ? [] : effectElements(effect, model, links)),
    ...changesDisclosure(changes)
  ]
}

const NO_HOST_CONTACTED =
  'No host was contacted, so it is unknown what this change does to the fleet, and whether it approves an implant.'

/** What the poisoning guard found. */
function guardResult({ changes }: Plan, { report }: Model): HTMLElement[] {
  const poisoned = openFindings(report.findings).filter(({ kind }) => kind === 'poisoning')
  const [worst] = poisoned
  if (worst !== undefined) {
    const link = anchor('findings', count(poisoned.length, 'baseline poisoning finding'))
    const warning = el('span', {}, 'It may hide an attack: see ', link, '.')
    return [el('p', { class: 'guard' }, icon(SEVERITY_SHAPES[worst.severity]), warning)]
  }
  if (!changes.rows.some(({ change }) => change === 'added')) return []
  const clear = 'Every row it adds is on at least half of the hosts it applies to.'
  return [el('p', { class: 'guard' }, icon('tick'), clear)]
}

function effectElements(effect: Effect, model: Model, links: PlanLinks): HTMLElement[] {
  const { becomeClean, becomeDrifted, appeared, vanished } = effect
  const findings = [
    ...appeared.map(finding => ({ finding, appears: true })),
    ...vanished.map(finding => ({ finding, appears: false }))
  ]
  if (findings.length + becomeClean.length + becomeDrifted.length === 0)
    return [el('p', { class: 'quiet' }, 'It changes no verdict on the current fleet.')]
  const group = (ids: readonly string[], shape: string, title: string, cause: string): HTMLElement[] => {
    if (ids.length === 0) return []
    const total = el('span', { class: 'count' }, number(ids.length))
    const header = el('header', {}, el('h3', {}, icon(shape), title, ' ', total), el('p', {}, cause))
    return [el('section', { class: 'group' }, header, hostList(ids, model, links.showHost, MAX_HOSTS))]
  }
  return [
    el(
      'div',
      { class: 'effect' },
      ...group(becomeDrifted, 'disc', 'Become drifted', 'only under the new baseline'),
      ...group(becomeClean, 'tick', 'Become clean', causeOfClean(vanished))
    ),
    ...(findings.length === 0 ? [] : [findingTable(findings, model, links)])
  ]
}

function causeOfClean(vanished: readonly PlannedFinding[]): string {
  const rollouts = vanished.filter(({ verdict }) => verdict === 'rollout').length
  return rollouts === 0
    ? 'drifted only under the old baseline'
    : `the new baseline accounts for ${count(rollouts, 'rollout')}`
}

interface FindingChange {
  readonly finding: PlannedFinding
  readonly appears: boolean
}

function findingTable(
  findings: readonly FindingChange[],
  model: Model,
  { showHost, findingOpener }: PlanLinks
): HTMLElement {
  const title = 'Findings that appear and vanish'
  return dataTable({
    title: el('h3', {}, title),
    label: title,
    headers: [visuallyHidden('Change'), 'Finding', 'Hosts', 'Tables'],
    rows: findings,
    toRow: ({ finding, appears }) => {
      const { id, severity, hosts, queries } = finding
      const name = capital(findingLabel({ ...finding, kind: 'deviation' }))
      const open = findingOpener(id)
      const label: Child = open === null ? name : button(name, open, { title: 'Show this finding' })
      return tableRow(
        appears ? 'appears' : 'vanishes',
        changeCell(appears ? '+' : '−', appears ? 'appears' : 'vanishes'),
        cell('Finding', el('span', { class: 'finding-link' }, icon(SEVERITY_SHAPES[severity]), label)),
        cell('Hosts', hostList(hosts, model, showHost, MAX_HOSTS_IN_CELL)),
        cell('Tables', untrusted(list(queries, MAX_TABLES)))
      )
    }
  })
}
