import { count, list, number, plural } from '../../../text/phrases.ts'
import { headlineOf, headlineText } from '../../headline.ts'
import { historySentences, newNumbers } from '../../history-text.ts'
import { capital, coverageFindingsText, percent } from '../../phrases.ts'
import { type Report, SEVERITIES } from '../../report.ts'
import { nonCoverageFindings, openFindings } from '../../summarize.ts'
import { type Child, el, icon, untrusted } from './dom.ts'
import { SEVERITY_SHAPES } from './labels.ts'
import type { Model } from './model.ts'
import { triage } from './triage.ts'

/** What happened, which hosts, what to do, and what was not assessed: to be read in ten seconds. */
export function verdictHeader(model: Model, open: (finding: number) => void): HTMLElement {
  const { report } = model
  const { run, summary } = report
  const from = headlineOf(report)
  const { verdict, outcome } = headlineText(from)
  const worst = summary.worstSeverity === 'none' ? 'disc' : SEVERITY_SHAPES[summary.worstSeverity]
  const compared = run.mode === 'check' ? comparison(report) : []
  const shape =
    from.poisoning.findings > 0
      ? worst
      : { drift: worst, incomplete: 'partial', clean: 'tick' }[summary.verdict]
  return el(
    'header',
    { class: 'verdict', 'data-verdict': summary.verdict },
    el('p', { class: 'name' }, untrusted(run.name, 64)),
    el('h1', {}, icon(shape), capital(verdict)),
    el('p', { class: 'lead' }, `${outcome}.`),
    ...(compared.length > 0 ? [el('p', { class: 'comparison' }, ...compared)] : []),
    ...history(report),
    ...triage(model, open),
    el('div', { class: 'pair' }, coverageFigures(model), findingFigures(report)),
    ...noticeList(report.notices)
  )
}

/** What changed since earlier runs, where they are known. */
function history({ history, findings }: Report): HTMLElement[] {
  if (history === undefined) return []
  const memory = history.memory.findings
  const numbers = newNumbers(memory, nonCoverageFindings(findings))
  const sentences = [
    ...historySentences(memory),
    ...(numbers.length > 0
      ? [`New: ${plural(numbers.length, 'finding', 'findings')} ${list(numbers, 12)}.`]
      : [])
  ]
  return sentences.length === 0 ? [] : [el('p', { class: 'comparison' }, sentences.join(' '))]
}

function comparison({ run, inventory, summary }: Report): Child[] {
  if (summary.reported + summary.partial === 0) return []
  if (run.baseline !== null)
    return [
      'Hosts were compared with the baseline ',
      untrusted(run.baseline.path, 120),
      ' and with each other.'
    ]
  if (inventory === undefined) return ['Hosts were compared with each other.']
  return inventory.hosts.length < summary.hosts
    ? ['The other hosts were compared with each other.']
    : ['Hosts were not compared: there are too few, and there is no baseline.']
}

const MAX_NOTICES = 4

/** Notices about the run as a whole. */
function noticeList(notices: readonly string[]): HTMLElement[] {
  const elements = notices.map(notice => el('p', { class: 'notice' }, untrusted(notice, 600)))
  const more = elements.splice(MAX_NOTICES)
  if (more.length === 0) return elements
  const title = el('summary', {}, count(more.length, 'more notice'))
  return [...elements, el('details', { class: 'more' }, title, ...more)]
}

/** Hosts of a state that are named. */
const MAX_NAMED_HOSTS = 3

/** The share that was assessed, as a number, a bar and a list. */
function coverageFigures({ report, hosts: views }: Model): HTMLElement {
  const { hosts, reported, partial, silent, coverage } = report.summary
  const states = [
    { state: 'assessed', hosts: reported },
    { state: 'partial', hosts: partial },
    { state: 'silent', hosts: silent },
    { state: 'not found', hosts: Math.max(0, hosts - reported - partial - silent) }
  ].filter(each => each.hosts > 0)
  const named = (state: string): Child[] => {
    const names = views.filter(({ host }) => host.status === state).map(({ brief }) => brief)
    return names.length === 0 || names.length > MAX_NAMED_HOSTS ? [] : [': ', untrusted(list(names), 200)]
  }
  const bar = el('div', { class: 'coverage', 'aria-hidden': 'true' })
  for (const { state, hosts } of states) {
    const segment = el('i', { 'data-state': state })
    segment.style.flexGrow = String(hosts)
    bar.append(segment)
  }
  const items = states.map(({ state, hosts }) =>
    el(
      'li',
      {},
      el('i', { class: 'key', 'data-state': state, 'aria-hidden': 'true' }),
      el('b', {}, number(hosts)),
      el('span', {}, state, ...named(state))
    )
  )
  return el(
    'section',
    { 'aria-label': 'Coverage' },
    el('p', { class: 'figure' }, percent(coverage), el('small', {}, ' fully assessed')),
    bar,
    el('ul', { class: 'figures' }, ...items)
  )
}

/** The open findings by severity. */
function findingFigures({ findings, summary }: Report): HTMLElement {
  const open = openFindings(findings)
  const items = SEVERITIES.map(severity => {
    const found = open.filter(finding => finding.severity === severity).length
    return el(
      'li',
      { 'data-none': found === 0 ? 'true' : 'false' },
      icon(SEVERITY_SHAPES[severity]),
      el('b', {}, number(found)),
      ` ${severity}`
    )
  })
  const about = coverageFindingsText(findings)
  const details = [
    ` open ${plural(summary.findings, 'finding', 'findings')}`,
    ...(about === '' ? [] : [about]),
    ...(summary.outliers > 0 ? [count(summary.outliers, 'outlier host')] : []),
    ...(summary.accepted > 0 ? [`${number(summary.accepted)} accepted`] : [])
  ]
  return el(
    'section',
    { 'aria-label': 'Open findings' },
    el('p', { class: 'figure' }, number(summary.findings), el('small', {}, details.join(', '))),
    el('ul', { class: 'figures' }, ...items)
  )
}
