import type { Query } from '../osquery/pack.ts'
import type { ReasonCode } from '../snapshot/reasons.ts'
import type { HostRecord, HostStatus } from '../snapshot/snapshot.ts'
import { resolveForeignQueries } from './foreign-queries.ts'
import { type HostItems, hostReader } from './host-reader.ts'
import { type Item, itemTable, numberItems } from './items.ts'
import { hideWithoutRoot } from './privilege.ts'
import { NOTHING_SHARED, replacedTexts, type SharedTexts } from './shared-texts.ts'

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
  /** What hosts call their own and what is not. */
  readonly shared: SharedTexts
}

/** A host while others are still to come. It is kept small: there may be 100,000. */
interface PendingHost extends Omit<FleetHost, 'items' | 'observed'>, HostItems {
  /** Whether osquery ran as root; `null`: the host sent no facts. */
  readonly root: boolean | null
}

/**
 * Makes hosts comparable. `hosts` opens them; it is called again only if some call something their own that is not.
 * @param inspect is called with each host once
 */
export async function readFleet(
  queries: readonly Query[],
  hosts: () => AsyncIterable<HostRecord>,
  inspect: (record: HostRecord) => void = () => undefined
): Promise<Fleet> {
  const builder = fleetBuilder(queries)
  for await (const record of hosts()) {
    builder.add(record)
    inspect(record)
  }
  const disputed = builder.disputed()
  if (disputed.size > 0)
    for await (const record of hosts()) if (disputed.has(record.host)) builder.readAgain(record)
  return builder.finish()
}

/**
 * Takes hosts one by one and keeps only their items. Time O(rows), memory O(distinct items + hosts × items per host).
 * The result does not depend on the order of the hosts.
 */
export function fleetBuilder(queries: readonly Query[]) {
  const table = itemTable()
  const texts = replacedTexts(queries)
  let number = 0
  const readHost = hostReader(queries, table, (query, column, text) =>
    texts.note(number, query, column, text)
  )
  const pending = new Map<string, PendingHost>()
  const repeated = new Set<string>()
  const corrected = new Set<string>()
  let shared = NOTHING_SHARED
  return {
    add(record: HostRecord): void {
      if (pending.has(record.host)) {
        repeated.add(record.host)
        return
      }
      const { host: id, status, code, reason, unanswered, facts } = record
      const name = facts?.hostname ?? null
      const root = facts === null ? null : facts.root
      texts.addFacts(facts)
      number = pending.size
      pending.set(id, { id, name, status, code, reason, unanswered, root, ...readHost(record) })
    },
    /** Ids of the hosts in which a text was replaced that is not their own. They are to be read again. */
    disputed(): ReadonlySet<string> {
      const hosts = [...pending.values()]
      const found = texts.find(
        table.items,
        hosts.map(({ items }) => items)
      )
      shared = found.shared
      return new Set([...found.hosts].flatMap(host => hosts[host]?.id ?? []))
    },
    /** Reads a host again that is {@link disputed}; of several records, the first. */
    readAgain(record: HostRecord): void {
      const known = pending.get(record.host)
      if (known === undefined || corrected.has(record.host)) return
      corrected.add(record.host)
      pending.set(record.host, { ...known, ...readHost(record, shared) })
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
        shared,
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
