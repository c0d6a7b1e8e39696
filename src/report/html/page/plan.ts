import type { Effect, Plan, PlannedFinding } from '../../../review/plan.ts'
import { openFindings } from '../../summarize.ts'
import { changesFold, changesWords, integrityNote } from './changes.ts'
import { anchor, button, type Child, el, said, sign } from './dom.ts'
import { hostList } from './hosts.ts'
import type { Model } from './model.ts'
import { cell, changeCell, line, sheet, unseen } from './table.ts'
import { capital, count, listed, nature, number, SHAPES } from './words.ts'

/** Hosts that are named at once: of those whose verdict changes, and of each finding. */
const MAX_HOSTS_SHOWN = 12
const MAX_HOSTS_IN_CELL = 4

/** Ways from the plan into the rest of the page. */
export interface Ways {
  readonly toHost: (id: string) => void
  /** `null`: the report has no such finding. */
  readonly toFinding: (id: string) => (() => void) | null
}

/** What the pull request does to the baseline, and what it would do to the fleet's verdicts. */
export function planPart(plan: Plan, model: Model, ways: Ways): HTMLElement[] {
  const { baseline } = model.report.run
  const path = baseline === null ? 'the baseline' : el('code', {}, said(baseline.path, 200))
  const { changes, integrity, effect } = plan
  return [
    el('p', { class: 'explanation' }, 'This pull request changes ', path, ': ', changesWords(changes), '.'),
    ...(effect === null ? [el('p', { class: 'notice' }, NOT_ASKED)] : guard(plan, model)),
    ...integrityNote(integrity),
    ...(effect === null ? [] : effectParts(effect, model, ways)),
    ...changesFold('What changes in the file', changes)
  ]
}

const NOT_ASKED =
  'No host was asked, so nothing is known of what this does to the fleet, nor whether it blesses an implant.'

/** What the poisoning guard says. */
function guard({ changes }: Plan, { report }: Model): HTMLElement[] {
  const poisoned = openFindings(report.findings).filter(({ kind }) => kind === 'poisoning')
  const [worst] = poisoned
  if (worst !== undefined) {
    const link = anchor('findings', count(poisoned.length, 'finding'), ' of baseline poisoning')
    const words = 'It blesses what fewer than half of the hosts have: '
    return [el('p', { class: 'marked' }, sign(SHAPES[worst.severity]), el('span', {}, words, link, '.'))]
  }
  if (!changes.rows.some(({ change }) => change === 'added')) return []
  const words = 'Every row that it adds stands on at least half of the hosts that it is for.'
  return [el('p', { class: 'marked' }, sign('tick'), words)]
}

function effectParts(effect: Effect, model: Model, { toHost, toFinding }: Ways): HTMLElement[] {
  const { becomeClean, becomeDrifted, appeared, vanished } = effect
  const findings = [
    ...appeared.map(finding => ({ finding, appears: true })),
    ...vanished.map(finding => ({ finding, appears: false }))
  ]
  if (findings.length + becomeClean.length + becomeDrifted.length === 0)
    return [el('p', { class: 'quiet' }, 'On the fleet as it is now it changes no verdict.')]
  const group = (ids: readonly string[], shape: string, title: string, why: string): HTMLElement[] => {
    if (ids.length === 0) return []
    const many = el('span', { class: 'many' }, number(ids.length))
    const head = el('header', {}, el('h3', {}, sign(shape), title, ' ', many), el('p', {}, why))
    return [el('section', { class: 'group' }, head, hostList(ids, model, toHost, MAX_HOSTS_SHOWN))]
  }
  return [
    el(
      'div',
      { class: 'effect' },
      ...group(becomeDrifted, 'disc', 'Become drifted', 'under the new baseline only'),
      ...group(becomeClean, 'tick', 'Become clean', followed(vanished))
    ),
    ...(findings.length === 0 ? [] : [findingSheet(findings, model, { toHost, toFinding })])
  ]
}

function followed(vanished: readonly PlannedFinding[]): string {
  const rollouts = vanished.filter(({ verdict }) => verdict === 'rollout').length
  return rollouts === 0 ? 'drifted under the old one only' : `it follows ${count(rollouts, 'rollout')}`
}

interface Planned {
  readonly finding: PlannedFinding
  readonly appears: boolean
}

function findingSheet(findings: readonly Planned[], model: Model, { toHost, toFinding }: Ways): HTMLElement {
  return sheet({
    title: el('h3', {}, 'Findings that appear and vanish'),
    label: 'Findings that appear and vanish',
    heads: [unseen('Change'), 'Finding', 'Hosts', 'Tables'],
    rows: findings,
    line: ({ finding, appears }) => {
      const { id, severity, hosts, queries } = finding
      const named = queries.slice(0, 4)
      const name = capital(nature({ ...finding, kind: 'deviation' }))
      const open = toFinding(id)
      const label: Child = open === null ? name : button(name, open, { title: 'Show this finding' })
      return line(
        appears ? 'appears' : 'vanishes',
        changeCell(appears ? '+' : '−', appears ? 'appears' : 'vanishes'),
        cell('Finding', el('span', { class: 'nature' }, sign(SHAPES[severity]), label)),
        cell('Hosts', hostList(hosts, model, toHost, MAX_HOSTS_IN_CELL)),
        cell('Tables', said(listed(named, queries.length - named.length)))
      )
    }
  })
}
