import { count } from '../../../text/phrases.ts'
import { NEVER_CLEAN, notFound, notFoundReason, unassessedGroups } from '../../unassessed.ts'
import { type Child, el, untrusted } from './dom.ts'
import { hostList } from './hosts.ts'
import type { Model } from './model.ts'
import { cell, dataTable, tableRow } from './table.ts'

const MAX_HOSTS_IN_CELL = 4

interface Unassessed {
  readonly state: string
  /** Ids, or only how many there are. */
  readonly hosts: readonly string[] | number
  readonly reason: readonly Child[]
}

/** Why hosts are not fully assessed, one line for each reason; empty where all are. */
export function unassessedReasons(model: Model, showHost: (id: string) => void): HTMLElement[] {
  const missing = notFound(model.report)
  const rows: readonly Unassessed[] = [
    ...unassessedGroups(model.report).map(({ status, reason, ids }) => ({
      state: status,
      hosts: ids,
      reason: [untrusted(reason ?? 'no reason given', 600)]
    })),
    ...(missing > 0
      ? [{ state: 'not found', hosts: missing, reason: [notFoundReason(model.report).replaceAll('`', '')] }]
      : [])
  ]
  if (rows.length === 0) return []
  return [
    el('p', { class: 'quiet' }, NEVER_CLEAN),
    dataTable({
      title: null,
      label: 'Why hosts were not fully assessed',
      headers: ['State', 'Hosts', 'Reason'],
      rows,
      toRow: ({ state, hosts, reason }) =>
        tableRow(
          state,
          cell('State', state),
          cell(
            'Hosts',
            typeof hosts === 'number'
              ? count(hosts, 'host')
              : hostList(hosts, model, showHost, MAX_HOSTS_IN_CELL)
          ),
          cell('Reason', ...reason)
        )
    })
  ]
}
