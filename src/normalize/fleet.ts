import type { Query } from '../osquery/pack.ts'
import type { ReasonCode } from '../snapshot/reasons.ts'
import type { HostRecord, HostStatus } from '../snapshot/snapshot.ts'
import { resolveForeignQueries } from './foreign-queries.ts'
import { type HostItems, hostReader } from './host-reader.ts'
import { type Item, itemTable, numberItems } from './items.ts'
import { hideWithoutRoot } from './privilege.ts'

export interface FleetHost {
  readonly id: string
  readonly name: string | null
  readonly status: HostStatus
  readonly code: ReasonCode | null
  readonly reason: string | null
  readonly unanswered: boolean
  /** Ids of its items, ascending. */
  readonly items: Int32Array
  /** By query: 1 if its rows are complete. A query that failed or was cut short is unobserved, never missing. */
  readonly observed: Uint8Array
}

/** A fleet made comparable: hosts sorted by id, items numbered in the order of their query and values. */
export interface Fleet {
  /** The identity of a foreign query is inferred from this fleet; `null`: no host had a row of it. */
  readonly queries: readonly Query[]
  /** Each is on some host. */
  readonly items: readonly Item[]
  readonly hosts: readonly FleetHost[]
  /** Ids of hosts that were given twice, sorted; the first record counts. */
  readonly repeated: readonly string[]
}

/** A host while others are still to come. It is kept small: there may be 100,000. */
interface PendingHost extends Omit<FleetHost, 'items' | 'observed'>, HostItems {
  /** Whether osquery ran as root; `null`: the host sent no facts. */
  readonly root: boolean | null
}

/**
 * Takes hosts one by one and keeps only their items. Time O(rows), memory O(distinct items + hosts × items per host).
 * The result does not depend on the order of the hosts.
 */
export function fleetBuilder(queries: readonly Query[]) {
  const table = itemTable()
  const readHost = hostReader(queries, table)
  const pending = new Map<string, PendingHost>()
  const repeated = new Set<string>()
  return {
    add(record: HostRecord): void {
      if (pending.has(record.host)) {
        repeated.add(record.host)
        return
      }
      const { host: id, status, code, reason, unanswered, facts } = record
      const name = facts?.hostname ?? null
      const root = facts === null ? null : facts.root
      pending.set(id, { id, name, status, code, reason, unanswered, root, ...readHost(record) })
    },
    finish(): Fleet {
      const hosts = [...pending.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
      const hidden = hideWithoutRoot(queries, hosts)
      const shown = hosts.map(({ items, observed }) =>
        hidden.size > 0 ? items.filter(id => observed[table.items[id]?.query ?? 0] === 1) : items
      )
      const resolved = resolveForeignQueries(
        queries,
        numberItems(table.items, shown),
        hosts.map(({ id }) => id)
      )
      return {
        queries: resolved.queries,
        items: resolved.numbered.items,
        repeated: [...repeated].sort(),
        hosts: hosts.map(({ root: _, ...host }, at): FleetHost => {
          const items = resolved.numbered.hosts[at] ?? new Int32Array()
          const reason = hidden.get(host.id)
          if (reason === undefined) return { ...host, items }
          return { ...host, items, status: 'partial', code: host.code ?? 'no-root', reason }
        })
      }
    }
  }
}
