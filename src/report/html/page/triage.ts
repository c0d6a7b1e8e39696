import { number } from '../../../text/phrases.ts'
import { briefName } from '../../host-names.ts'
import { nextSteps } from '../../next-steps.ts'
import { capital, findingLabel, listFirst } from '../../phrases.ts'
import { anchor, button, el, icon, untrusted } from './dom.ts'
import { SEVERITY_SHAPES } from './labels.ts'
import type { FindingView, Model } from './model.ts'

const MAX_FINDINGS = 5
/** Hosts of a finding that are named. */
const MAX_HOSTS = 3
/** Characters of an explanation. */
const MAX_EXPLANATION = 240

/** Which hosts, why, and what to do: the worst findings beside the next steps, before anything else. */
export function triage(model: Model, open: (finding: number) => void): HTMLElement[] {
  const found = model.findings.flatMap((view, index) =>
    view.section === 'findings' ? [{ view, index }] : []
  )
  const steps = nextSteps(model.report)
  const more = found.length - MAX_FINDINGS
  const worst = found.slice(0, MAX_FINDINGS).map(({ view, index }) =>
    el(
      'li',
      {},
      button(findingLine(view, model), () => open(index))
    )
  )
  if (more > 0) worst.push(el('li', { class: 'quiet' }, anchor('findings', `and ${number(more)} more`)))
  const lists = [
    ...(worst.length > 0 ? [block('What was found', el('ol', { class: 'worst' }, ...worst))] : []),
    ...(steps.length > 0
      ? [block('What to do', el('ul', { class: 'steps' }, ...steps.map(step => el('li', {}, step))))]
      : [])
  ]
  return lists.length === 0 ? [] : [el('div', { class: 'triage' }, ...lists)]
}

function block(title: string, list: HTMLElement): HTMLElement {
  return el('section', { 'aria-label': title }, el('h2', {}, title), list)
}

/** `1 · High intruder`, the hosts, and why. */
function findingLine({ finding, number: place }: FindingView, { names }: Model): HTMLElement {
  const hosts = listFirst(finding.hosts, MAX_HOSTS, id => briefName(id, names))
  return el(
    'span',
    {},
    icon(SEVERITY_SHAPES[finding.severity]),
    el(
      'span',
      {},
      el('b', {}, `${number(place)} · ${capital(findingLabel(finding))}`),
      ...(hosts === '' ? [] : [' on ', untrusted(hosts, 200)])
    ),
    el('span', { class: 'quiet' }, untrusted(finding.explanation, MAX_EXPLANATION))
  )
}
