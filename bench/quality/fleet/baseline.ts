import type { Baseline, BaselineQuery } from '../../../src/baseline/baseline.ts'
import { rowReader } from '../../../src/normalize/values.ts'
import type { Query } from '../../../src/osquery/pack.ts'
import type { HostRecord } from '../../../src/snapshot/snapshot.ts'

/** A plain baseline of clean hosts: rows that all of them have are required, others optional. */
export function baselineOf(queries: readonly Query[], hosts: readonly HostRecord[]): Baseline {
  const learned: Record<string, BaselineQuery> = {}
  const readers = hosts.map(host => ({ host, read: rowReader(host) }))
  for (const query of queries) {
    const counts = new Map<string, { readonly values: string[]; hosts: number }>()
    for (const { host, read } of readers) {
      const rows = host.queries[query.name]?.rows ?? []
      const values = new Map(
        rows.map(row => read(query, row).values).map(values => [JSON.stringify(values), values])
      )
      for (const [key, columns] of values) {
        const entry = counts.get(key) ?? { values: columns, hosts: 0 }
        entry.hosts++
        counts.set(key, entry)
      }
    }
    const entries = [...counts.values()]
    learned[query.name] = {
      columns: [...(query.identity ?? [])],
      required: entries.filter(entry => entry.hosts === hosts.length).map(({ values }) => values),
      optional: entries.filter(entry => entry.hosts < hosts.length).map(({ values }) => values)
    }
  }
  return { version: 1, name: 'bench', packs: {}, queries: learned, accept: [], roles: {} }
}
