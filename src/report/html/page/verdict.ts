import { count, number, plural } from '../../../text/phrases.ts'
import { headlineOf, headlineText } from '../../headline.ts'
import { capital, percent } from '../../phrases.ts'
import { type ReportSummary, SEVERITIES } from '../../report.ts'
import { openFindings } from '../../summarize.ts'
import { type Child, el, icon, untrusted } from './dom.ts'
import { SEVERITY_SHAPES } from './labels.ts'
import type { Model } from './model.ts'

/** Verdict and coverage, to be read in ten seconds. */
export function verdictHeader({ report }: Model): HTMLElement {
  const { run, summary } = report
  const from = headlineOf(report)
  const { verdict, outcome } = headlineText(from)
  const worst = summary.worstSeverity === 'none' ? 'disc' : SEVERITY_SHAPES[summary.worstSeverity]
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
    ...(run.mode === 'check' ? [el('p', { class: 'comparison' }, ...comparison(run.baseline))] : []),
    el('div', { class: 'pair' }, coverageFigures(summary), findingFigures(report)),
    ...noticeList(report.notices)
  )
}

function comparison(baseline: Model['report']['run']['baseline']): Child[] {
  return baseline === null
    ? ['Hosts were compared with each other.']
    : ['Hosts were compared with the baseline ', untrusted(baseline.path, 120), ' and with each other.']
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

/** The share that was assessed, as a number, a bar and a list. */
function coverageFigures(summary: ReportSummary): HTMLElement {
  const { hosts, reported, partial, silent } = summary
  const states = [
    { state: 'assessed', hosts: reported },
    { state: 'partial', hosts: partial },
    { state: 'silent', hosts: silent },
    { state: 'not found', hosts: Math.max(0, hosts - reported - partial - silent) }
  ].filter(each => each.hosts > 0)
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
      ` ${state}`
    )
  )
  return el(
    'section',
    { 'aria-label': 'Coverage' },
    el('p', { class: 'figure' }, percent(summary.coverage), el('small', {}, ' fully assessed')),
    bar,
    el('ul', { class: 'figures' }, ...items)
  )
}

/** The open findings by severity. */
function findingFigures({ findings, summary }: Model['report']): HTMLElement {
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
  const details = [
    ` open ${plural(summary.findings, 'finding', 'findings')}`,
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
