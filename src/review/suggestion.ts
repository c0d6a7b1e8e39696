import type { Analysis } from '../analyze/analyze.ts'
import { countItems } from '../analyze/counts.ts'
import type { DraftRow } from '../analyze/findings/draft.ts'
import type { Baseline } from '../baseline/baseline.ts'
import { type BaselineChanges, diffBaselines } from '../baseline/diff.ts'
import { matchBaseline } from '../baseline/match.ts'
import {
  factorRoles,
  type RoleQuery,
  type RoleRows,
  rowKey,
  rowsByRole,
  withNotes
} from '../baseline/roles.ts'
import type { Item } from '../normalize/fleet.ts'
import { redactRow } from '../text/secrets.ts'

/** A baseline that follows the rollouts of a run. */
export interface Suggestion {
  readonly baseline: Baseline
  readonly changes: BaselineChanges
}

/**
 * The baseline with the rollouts of an analysis followed: a new row is required where every host of the role has it,
 * else optional; a row that went is optional, and gone where no host has it. Rows that stand on fewer than half of
 * their cluster are left out, for they may be an intruder's; tables of integrity are never a rollout.
 * `null`: there is nothing to follow.
 */
export function suggest(baseline: Baseline, analysis: Analysis): Suggestion | null {
  const rows = analysis.drafts
    .filter(draft => draft.kind === 'deviation' && draft.verdict === 'rollout' && draft.acceptedBy === null)
    .flatMap(draft => draft.rows)
    .filter(({ hosts, prevalence: { cluster } }) => hosts.length * 2 >= cluster[1])
  if (rows.length === 0) return null
  const { fleet } = analysis
  const { byHost } = matchBaseline(baseline, fleet)
  const roles = new Map<string | null, RoleRows>()
  for (const [label, whole] of rowsByRole(baseline)) {
    const hosts = new Set([...fleet.hosts.keys()].filter(host => byHost[host]?.role === label))
    const counts = countItems(fleet, [...hosts])
    const share = (id: number): readonly [number, number] => [
      counts.items[id] ?? 0,
      counts.observed[fleet.items[id]?.query ?? -1] ?? 0
    ]
    const own = rows.filter(row => row.hosts.some(host => hosts.has(host)))
    roles.set(
      label,
      followed(
        whole,
        own,
        id => fleet.items[id],
        id => fleet.queries[id]?.name ?? '',
        share
      )
    )
  }
  const followedBy = withNotes({ ...baseline, ...factorRoles(roles) }, baseline)
  return { baseline: followedBy, changes: diffBaselines(baseline, followedBy) }
}

function followed(
  whole: RoleRows,
  rows: readonly DraftRow[],
  itemOf: (id: number) => Item | undefined,
  nameOf: (query: number) => string,
  share: (id: number) => readonly [having: number, observed: number]
): RoleRows {
  const result = new Map<string, RoleQuery>(whole)
  const settle = (id: number) => {
    const item = itemOf(id)
    const query = item === undefined ? undefined : result.get(nameOf(item.query))
    if (item === undefined || query === undefined) return
    const values = redactRow(item.columns, item.values)
    const row = query.columns.map(column => values[item.columns.indexOf(column)] ?? '')
    const [having, observed] = share(id)
    const next = new Map(query.rows)
    if (having === 0) next.delete(rowKey(row))
    else next.set(rowKey(row), { row, list: having === observed ? 'required' : 'optional' })
    result.set(nameOf(item.query), { columns: query.columns, rows: next })
  }
  for (const { item, expected } of rows) {
    settle(item)
    if (expected >= 0) settle(expected)
  }
  return result
}
