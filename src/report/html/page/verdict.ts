import { gistOf, outcome, verdictWords } from '../../phrases.ts'
import { SEVERITIES } from '../../report.ts'
import { openFindings } from '../../summarize.ts'
import { type Child, el, said, sign } from './dom.ts'
import type { Model } from './model.ts'
import { capital, count, number, percent, SHAPES } from './words.ts'

/** Verdict and coverage: what a person must know in ten seconds. */
export function hero({ report }: Model): HTMLElement {
  const { run, summary } = report
  const gist = gistOf(report)
  const worst = summary.worstSeverity === 'none' ? 'disc' : SHAPES[summary.worstSeverity]
  const calm = { drift: worst, incomplete: 'partial', clean: 'tick' }[summary.verdict]
  const shape = gist.poisoning.findings > 0 ? worst : calm
  return el(
    'header',
    { class: 'hero', 'data-verdict': summary.verdict },
    el('p', { class: 'name' }, said(run.name, 64)),
    el('h1', {}, sign(shape), capital(verdictWords(gist))),
    el('p', { class: 'lead' }, `${capital(outcome(gist))}.`),
    ...(run.mode === 'check' ? [el('p', { class: 'against' }, ...against(run.baseline))] : []),
    el('div', { class: 'pair' }, coverage(report.summary), severities(report)),
    ...notices(report.notices)
  )
}

function against(baseline: Model['report']['run']['baseline']): Child[] {
  return baseline === null
    ? ['Hosts were compared with each other.']
    : ['Hosts were compared with the baseline ', said(baseline.path, 120), ' and with each other.']
}

const MAX_NOTICES = 4

/** What a reader must know of the run as a whole. */
function notices(all: readonly string[]): HTMLElement[] {
  const told = all.map(notice => el('p', { class: 'notice' }, said(notice, 600)))
  const rest = told.splice(MAX_NOTICES)
  if (rest.length === 0) return told
  return [
    ...told,
    el('details', { class: 'more' }, el('summary', {}, count(rest.length, 'more notice')), ...rest)
  ]
}

function coverage(summary: Model['report']['summary']): HTMLElement {
  const { hosts, reported, partial, silent } = summary
  const parts: [string, number][] = [
    ['assessed', reported],
    ['partial', partial],
    ['silent', silent],
    ['never seen', Math.max(0, hosts - reported - partial - silent)]
  ]
  const bar = el('div', { class: 'coverage', 'aria-hidden': 'true' })
  for (const [name, many] of parts) {
    if (many === 0) continue
    const part = el('i', { 'data-part': name })
    part.style.flexGrow = String(many)
    bar.append(part)
  }
  return el(
    'section',
    { 'aria-label': 'Coverage' },
    el('p', { class: 'figure' }, percent(summary.coverage), el('small', {}, ' fully assessed')),
    bar,
    el(
      'ul',
      { class: 'figures' },
      ...parts
        .filter(([, many]) => many > 0)
        .map(([name, many]) =>
          el(
            'li',
            {},
            el('i', { class: 'key', 'data-part': name, 'aria-hidden': 'true' }),
            el('b', {}, number(many)),
            ` ${name}`
          )
        )
    )
  )
}

function severities({ findings, summary }: Model['report']): HTMLElement {
  const open = openFindings(findings)
  const items = SEVERITIES.map(severity => {
    const many = open.filter(finding => finding.severity === severity).length
    return el(
      'li',
      { 'data-none': many === 0 ? 'true' : 'false' },
      sign(SHAPES[severity]),
      el('b', {}, number(many)),
      ` ${severity}`
    )
  })
  const more = [
    summary.outliers > 0 ? `${count(summary.outliers, 'outlier host')}` : '',
    summary.accepted > 0 ? `${number(summary.accepted)} accepted` : ''
  ].filter(part => part !== '')
  return el(
    'section',
    { 'aria-label': 'Open findings' },
    el(
      'p',
      { class: 'figure' },
      number(summary.findings),
      el(
        'small',
        {},
        ` open ${summary.findings === 1 ? 'finding' : 'findings'}${more.length > 0 ? `, ${more.join(', ')}` : ''}`
      )
    ),
    el('ul', { class: 'figures' }, ...items)
  )
}
