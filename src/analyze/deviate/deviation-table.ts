import type { Fleet } from '../../normalize/fleet.ts'
import { type Deviation, type HostDeviation, ROW_KINDS } from './deviation.ts'

type Gathered = { -readonly [Part in keyof HostDeviation]: HostDeviation[Part] } & { hosts: number[] }

/** Gathers the hosts of each deviation. */
export function deviationTable({ items }: Fleet) {
  /** By item, as it is unexpected. */
  const unexpected: Gathered[] = []
  const placeOf = new Int32Array(items.length)
  const others = new Map<number, Gathered>()
  return {
    add({ kind, expected, baseline, common }: Omit<HostDeviation, 'item'>, item: number, host: number): void {
      const key = ROW_KINDS.indexOf(kind) + ROW_KINDS.length * (item + items.length * (expected + 1))
      const place = placeOf[item] ?? 0
      const known = kind === 'unexpected' ? unexpected[place - 1] : others.get(key)
      if (known === undefined) {
        const gathered = { kind, item, expected, baseline, common, hosts: [host] }
        if (kind === 'unexpected') placeOf[item] = unexpected.push(gathered)
        else others.set(key, gathered)
        return
      }
      known.hosts.push(host)
      known.common ||= common
      if (known.baseline === 'none') known.baseline = baseline
    },
    /** By item, then by what was expected, then by kind. */
    sorted(): Deviation[] {
      const rest = [...others.values()].sort(
        (a, b) =>
          a.item - b.item || a.expected - b.expected || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0)
      )
      const sorted: Gathered[] = []
      let next = 0
      for (let item = 0; item < items.length; item++) {
        for (; rest[next]?.item === item && rest[next]?.kind === 'missing'; next++) push(sorted, rest[next])
        push(sorted, unexpected[(placeOf[item] ?? 0) - 1])
        for (; rest[next]?.item === item; next++) push(sorted, rest[next])
      }
      for (const { hosts } of sorted) if (hosts.length > 1) hosts.sort((a, b) => a - b)
      return sorted
    }
  }
}

function push(list: Gathered[], one: Gathered | undefined): void {
  if (one !== undefined) list.push(one)
}
