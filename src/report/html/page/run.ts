import { count, number } from '../../../text/phrases.ts'
import { type Child, el, untrusted } from './dom.ts'
import type { Model } from './model.ts'

/** What the report was made from, so that it can be checked and reproduced. */
export function runDetails({ report, redacted }: Model): HTMLElement {
  const { run, summary, tool } = report
  const facts: [string, Child[]][] = [
    ['Started', [timestamp(run.startedAt)]],
    ['Finished', [timestamp(run.finishedAt)]],
    ['Mode', [untrusted(run.mode)]],
    ['Collector', [untrusted(run.collector)]],
    ['Region', run.region === null ? [] : [untrusted(run.region)]],
    ['Targets', lines(run.targets.map(target => el('code', {}, untrusted(target, 200))))],
    [
      'Packs',
      lines(run.packs.map(({ name, sha256 }) => el('span', {}, untrusted(name, 100), ' ', digest(sha256))))
    ],
    [
      'Baseline',
      run.baseline === null
        ? ['none']
        : [el('code', {}, untrusted(run.baseline.path, 300)), ' ', digest(run.baseline.sha256)]
    ],
    ['Snapshot', run.snapshotSha256 === null ? ['none'] : [digest(run.snapshotSha256)]],
    ['Folded', [`${count(summary.foldedRows, 'differing row')}, judged to be benign noise`]],
    ['Redacted', [redacted === 0 ? 'no secrets' : `${count(redacted, 'secret')}: only the kind is shown`]],
    ['Made by', [untrusted(`${tool.name} ${tool.version}`)]]
  ]
  return el(
    'dl',
    { class: 'facts' },
    ...facts
      .filter(([, details]) => details.length > 0)
      .flatMap(([name, details]) => [el('dt', {}, name), el('dd', {}, ...details)])
  )
}

const MAX_LINES = 100

function lines(items: readonly HTMLElement[]): Child[] {
  const shown: Child[] = items.slice(0, MAX_LINES).map(item => el('div', {}, item))
  if (items.length > MAX_LINES) shown.push(`and ${number(items.length - MAX_LINES)} more in report.json`)
  return shown
}

function digest(text: string): HTMLElement {
  return el('code', { class: 'digest' }, untrusted(text, 100))
}

/** `2026-09-30 06:00:12 UTC`; any other text is shown as it is. */
export function timestamp(text: string): HTMLElement {
  const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(text)
  return time === null ? untrusted(text, 60) : el('time', {}, `${time[1]} ${time[2]} UTC`)
}
