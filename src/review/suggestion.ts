import type { Analysis } from '../analyze/analysis.ts'
import { countItems } from '../analyze/counts.ts'
import type { Baseline } from '../baseline/baseline.ts'
import { type BaselineChanges, diffBaselines } from '../baseline/diff.ts'
import type { BaselineMatch } from '../baseline/match.ts'
import {
  factorRoles,
  type RoleQuery,
  type RoleRows,
  rowKey,
  rowsByRole,
  withNotes
} from '../baseline/roles.ts'
import type { Fleet } from '../normalize/fleet.ts'
import { redactRow } from '../text/secrets.ts'

/** A baseline that follows the rollouts of a run. */
export interface Suggestion {
  readonly baseline: Baseline
  readonly changes: BaselineChanges
}

/**
 * The baseline, updated to follow the rollouts of an analysis. A new row is required if every host of the role has it,
 * otherwise optional; a row that was removed is optional, and dropped if no host has it. Rows on fewer than half of
 * their cluster are left out, because they may be an intruder's. Integrity tables never have rollouts.
 * `null`: there is nothing to follow.
 */
export function suggest({ baseline, byHost }: BaselineMatch, analysis: Analysis): Suggestion | null {
  const rows = analysis.drafts
    .filter(draft => draft.kind === 'deviation' && draft.verdict === 'rollout' && draft.acceptedBy === null)
    .flatMap(draft => draft.rows)
    .filter(({ hosts, prevalence: { cluster } }) => hosts.length * 2 >= cluster[1])
  if (rows.length === 0) return null
  const { fleet } = analysis
  const roles = new Map<string | null, RoleRows>()
  for (const [label, roleRows] of rowsByRole(baseline)) {
    const hosts = new Set([...fleet.hosts.keys()].filter(host => byHost[host]?.role === label))
    const ofRole = rows.filter(row => row.hosts.some(host => hosts.has(host)))
    const items = ofRole.flatMap(({ item, expected }) => (expected >= 0 ? [item, expected] : [item]))
    roles.set(label, withItems(roleRows, items, fleet, [...hosts]))
  }
  const suggested = withNotes({ ...baseline, ...factorRoles(roles) }, baseline)
  return { baseline: suggested, changes: diffBaselines(baseline, suggested) }
}

/** A role's rows, with the given items listed or dropped by how many of the role's hosts have them. */
function withItems(
  roleRows: RoleRows,
  items: readonly number[],
  fleet: Fleet,
  hosts: readonly number[]
): RoleRows {
  const counts = countItems(fleet, hosts)
  const result = new Map<string, RoleQuery>(roleRows)
  for (const id of items) {
    const item = fleet.items[id]
    const name = fleet.queries[item?.query ?? -1]?.name ?? ''
    const query = result.get(name)
    if (item === undefined || query === undefined) continue
    const values = redactRow(item.columns, item.values)
    const row = query.columns.map(column => values[item.columns.indexOf(column)] ?? '')
    const have = counts.items[id] ?? 0
    const rows = new Map(query.rows)
    if (have === 0) rows.delete(rowKey(row))
    else rows.set(rowKey(row), { row, list: have === counts.observed[item.query] ? 'required' : 'optional' })
    result.set(name, { columns: query.columns, rows })
  }
  return result
}
