import type { LearnedBaseline, Report } from '../../report.ts'
import { changesFold, changesWords, integrityNote } from './changes.ts'
import { el, said } from './dom.ts'
import { hostList } from './hosts.ts'
import type { Model } from './model.ts'
import { value } from './rows.ts'
import { cell, line, sheet } from './table.ts'
import { capital, count } from './words.ts'

const MAX_HOSTS_IN_CELL = 4

/** What mode `baseline` wrote: which rows came and went, and which were refused, with the reason. */
export function learnedPart(
  { path, changed, changes, integrity, refused }: LearnedBaseline,
  model: Model,
  toHost: (id: string) => void
): HTMLElement[] {
  const file = el('code', {}, said(path, 200))
  const outcome = changed
    ? [file, ' was written: ', isSame(changes) ? 'in its canonical form' : changesWords(changes), '.']
    : [file, ' is as it was: the clean hosts say nothing new.']
  return [
    el('p', { class: 'explanation' }, ...outcome),
    ...integrityNote(integrity),
    ...refusedRows(refused, model, toHost),
    ...changesFold('Which rows came and went', changes)
  ]
}

function isSame({ rows, queries, acceptances, packs }: LearnedBaseline['changes']): boolean {
  return rows.length + queries.length + acceptances.length + packs.length === 0
}

/** Rows that look like an intruder: few of each query, so that one table holds them all. */
function refusedRows(
  refused: LearnedBaseline['refused'],
  model: Model,
  toHost: (id: string) => void
): HTMLElement[] {
  if (refused.length === 0) return []
  const title = `${count(refused.length, 'row')} not learned`
  return [
    sheet({
      title: el(
        'header',
        {},
        el('h3', {}, title),
        el(
          'p',
          { class: 'quiet' },
          'Look at them. If they are yours, ',
          el('code', {}, 'baseline-accept-rare: true'),
          ' learns them.'
        )
      ),
      label: title,
      heads: ['Table', 'Row', 'Hosts', 'Why not'],
      rows: refused,
      line: ({ query, row, hosts, reason }) =>
        line(
          'refused',
          cell('Table', el('b', {}, said(query, 64))),
          cell('Row', value(wordsOf(row))),
          cell('Hosts', hostList(hosts, model, toHost, MAX_HOSTS_IN_CELL)),
          cell('Why not', said(capital(reason), 600))
        )
    })
  ]
}

function wordsOf(row: Readonly<Record<string, string>>): string {
  return Object.entries(row)
    .flatMap(([column, text]) => (text === '' ? [] : `${column}=${text}`))
    .join('  ')
}

/** How the baseline could follow the rollouts of this run. */
export function suggestionPart({ file, changes }: NonNullable<Report['suggestion']>): HTMLElement[] {
  return [
    el(
      'p',
      { class: 'explanation' },
      el('code', {}, said(file, 200)),
      ' is a baseline that follows the rollouts: ',
      changesWords(changes),
      '.'
    ),
    el(
      'p',
      { class: 'quiet' },
      'If the deploy was yours, take it from the output folder of this run. Rare rows and tables of integrity are left out.'
    ),
    ...changesFold('What it changes', changes)
  ]
}
