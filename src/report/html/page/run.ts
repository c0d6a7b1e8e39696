import { type Child, el, said } from './dom.ts'
import type { Model } from './model.ts'
import { count, number } from './words.ts'

/** What the report was made from, so that it can be checked and made again. */
export function runFacts({ report, redacted }: Model): HTMLElement {
  const { run, summary, tool } = report
  const facts: [string, Child[]][] = [
    ['Started', [moment(run.startedAt)]],
    ['Finished', [moment(run.finishedAt)]],
    ['Mode', [said(run.mode)]],
    ['Collector', [said(run.collector)]],
    ['Region', run.region === null ? [] : [said(run.region)]],
    ['Targets', lines(run.targets.map(target => el('code', {}, said(target, 200))))],
    [
      'Packs',
      lines(run.packs.map(({ name, sha256 }) => el('span', {}, said(name, 100), ' ', digest(sha256))))
    ],
    [
      'Baseline',
      run.baseline === null
        ? [run.mode === 'check' ? 'none: hosts were compared with each other' : 'none']
        : [el('code', {}, said(run.baseline.path, 300)), ' ', digest(run.baseline.sha256)]
    ],
    ['Snapshot', run.snapshotSha256 === null ? ['none'] : [digest(run.snapshotSha256)]],
    ['Folded', [`${count(summary.foldedRows, 'row')} that differed, judged benign noise`]],
    [
      'Redacted',
      [redacted === 0 ? 'no secrets' : `${count(redacted, 'secret')}, the kind of each in its place`]
    ],
    ['Made by', [said(`${tool.name} ${tool.version}`)]]
  ]
  return el(
    'dl',
    { class: 'facts' },
    ...facts
      .filter(([, told]) => told.length > 0)
      .flatMap(([name, told]) => [el('dt', {}, name), el('dd', {}, ...told)])
  )
}

const MAX_LINES = 100

function lines(items: readonly HTMLElement[]): Child[] {
  const shown: Child[] = items.slice(0, MAX_LINES).map(item => el('div', {}, item))
  if (items.length > MAX_LINES) shown.push(`and ${number(items.length - MAX_LINES)} more in report.json`)
  return shown
}

function digest(text: string): HTMLElement {
  return el('code', { class: 'digest' }, said(text, 100))
}

/** `2026-09-30 06:00:12 UTC`; what is no time stands as it is. */
export function moment(text: string): HTMLElement {
  const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(text)
  return time === null ? said(text, 60) : el('time', {}, `${time[1]} ${time[2]} UTC`)
}
