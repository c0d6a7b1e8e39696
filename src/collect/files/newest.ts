import type { HostRecord } from '../../snapshot/snapshot.ts'
import { list } from '../../text/phrases.ts'
import { sanitize } from '../../text/sanitize.ts'

/** Where the record of a host is. */
export interface RecordPlace {
  /** A file, or a kind of results. */
  readonly source: string
  /** In a snapshot, the number of its line. */
  readonly line: number | null
}

interface Candidate extends RecordPlace {
  /** Milliseconds since 1970; -1: the host never answered. */
  readonly time: number
}

/** Ages of less than this are of one run. */
const MIXED_AGES_MS = 60 * 60 * 1_000
const MAX_NAMED = 5

/** Chooses the newest of the records of each host; of equal ones, the first. */
export function newestRecords() {
  const chosen = new Map<string, Candidate>()
  const repeated = new Set<string>()
  return {
    add({ host, collectedAt }: Pick<HostRecord, 'host' | 'collectedAt'>, place: RecordPlace): void {
      const time = timeOf(collectedAt)
      const known = chosen.get(host)
      if (known !== undefined) repeated.add(host)
      if (known === undefined || time > known.time) chosen.set(host, { ...place, time })
    },
    isChosen({ host }: HostRecord, { source, line }: RecordPlace): boolean {
      const known = chosen.get(host)
      return known?.source === source && known.line === line
    },
    /** What a reader must know of hosts with several records, and of records of different ages. */
    notices(): string[] {
      return [...repetitionNotice([...repeated]), ...ageNotice(chosen)]
    }
  }
}

function timeOf(collectedAt: string | null): number {
  const time = Date.parse(collectedAt ?? '')
  return Number.isNaN(time) ? -1 : time
}

function repetitionNotice(hosts: readonly string[]): string[] {
  if (hosts.length === 0) return []
  const names = list(
    [...hosts].sort().map(host => sanitize(host, 100)),
    MAX_NAMED
  )
  return [`files: there are several records of ${names}; the newest of each host counts.`]
}

function ageNotice(chosen: ReadonlyMap<string, Candidate>): string[] {
  const dated = [...chosen].filter(([, { time }]) => time > 0).sort(([, a], [, b]) => a.time - b.time)
  const [oldest, newest] = [dated[0], dated.at(-1)]
  if (oldest === undefined || newest === undefined || newest[1].time - oldest[1].time < MIXED_AGES_MS)
    return []
  const describe = ([host, { time }]: readonly [string, Candidate]) =>
    `${sanitize(host, 100)} (${new Date(time).toISOString().slice(0, 16)}Z)`
  return [
    `files: the hosts are of different times, from ${describe(oldest)} to ${describe(newest)}: ` +
      'differences between them may be differences in time.'
  ]
}
