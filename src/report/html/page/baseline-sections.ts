import { count } from '../../../text/phrases.ts'
import { diffSummary } from '../../diff-summary.ts'
import { capital } from '../../phrases.ts'
import type { LearnedBaseline, Report } from '../../report.ts'
import { columnTexts } from '../../row-text.ts'
import { changesDisclosure, integrityNotice } from './changes.ts'
import { el, untrusted } from './dom.ts'
import { hostList } from './hosts.ts'
import type { Model } from './model.ts'
import { value } from './rows.ts'
import { cell, dataTable, tableRow } from './table.ts'

const MAX_HOSTS_IN_CELL = 4

/** What mode `baseline` wrote: the rows added and removed, and those not learned, with the reason. */
export function learnedSection(
  { path, changed, changes, integrity, refused }: LearnedBaseline,
  model: Model,
  showHost: (id: string) => void
): HTMLElement[] {
  const file = el('code', {}, untrusted(path, 200))
  const outcome = changed
    ? [file, ' was written: ', el('b', {}, diffSummary(changes)), '.']
    : [file, ' is unchanged: the clean hosts have nothing new.']
  return [
    el('p', { class: 'explanation' }, ...outcome),
    ...integrityNotice(integrity),
    ...refusedRows(refused, model, showHost),
    ...changesDisclosure(changes)
  ]
}

/** Rows that look like an intruder's, in one table: there are few of each query. */
function refusedRows(
  refused: LearnedBaseline['refused'],
  model: Model,
  showHost: (id: string) => void
): HTMLElement[] {
  if (refused.length === 0) return []
  const title = `${count(refused.length, 'row')} not learned`
  const advice = el(
    'p',
    { class: 'quiet' },
    refused.length === 1 ? 'Review it. If it is legitimate' : 'Review them. If they are legitimate',
    ', run again with ',
    el('code', {}, 'baseline-accept-rare: true'),
    refused.length === 1 ? ' to learn it.' : ' to learn them.'
  )
  return [
    dataTable({
      title: el('header', {}, el('h3', {}, title), advice),
      label: title,
      headers: ['Table', 'Row', 'Hosts', 'Reason'],
      rows: refused,
      toRow: ({ query, row, hosts, reason }) =>
        tableRow(
          'refused',
          cell('Table', el('b', {}, untrusted(query, 64))),
          cell('Row', value(columnTexts(row).join('  '))),
          cell('Hosts', hostList(hosts, model, showHost, MAX_HOSTS_IN_CELL)),
          cell('Reason', untrusted(capital(reason), 600))
        )
    })
  ]
}

/** A baseline that expects the rollouts of this run. */
export function suggestionSection({ file, changes }: NonNullable<Report['suggestion']>): HTMLElement[] {
  return [
    el(
      'p',
      { class: 'explanation' },
      el('code', {}, untrusted(file, 200)),
      ' suggests a baseline for the rollouts: ',
      el('b', {}, diffSummary(changes)),
      '.'
    ),
    el(
      'p',
      { class: 'quiet' },
      'If you made this deployment, take it from the output folder of this run. It leaves out rare rows and rows of integrity tables.'
    ),
    ...changesDisclosure(changes)
  ]
}
