import type { Item } from './items.ts'

/** Of fewer hosts nothing is inferred: chance alone would make a column look volatile. */
const MIN_HOSTS = 5
/** A row repeats that is on so many of the hosts, and on three at least. */
const REPEATS = 0.02
/** Without the volatile columns at least this part of a host's rows repeat, and nearly as many as ever could. */
const MIN_REPEATED_SHARE = 0.5
const NEARLY = 0.9
/** Among the hosts that have the rest of a row, a volatile value is shared with fewer than this part of them. */
const HARDLY = 0.1
/** What is looked at: so many rows of one host, and of all; but of this many hosts anyway. */
const MAX_ROWS_PER_HOST = 2000
const MAX_ROWS = 12_000
const ENOUGH_HOSTS = 12
/** Columns that name a program or a right are never volatile: an intruder's would vanish with them. */
const NEVER_VOLATILE =
  /(^|_)(path|directory|cmdline|command|command_line|key|sha1|sha256|md5|hash|user|username|uid|value)$/

/**
 * The columns that identify the rows of a query which does not say: a column is volatile whose values hardly repeat
 * among hosts while the rest of the row does. Each host has one vote and the median decides, so that a minority of
 * hostile hosts moves nothing; order plays no part. Time O(sampled rows × columns²).
 * @param hosts the items of each host that has rows of the query; a fair sample of the fleet
 */
export function inferIdentity(hosts: readonly (readonly Item[])[]): string[] {
  const sample = sampleOf(hosts)
  const columns = commonColumns(sample)
  if (sample.length < MIN_HOSTS || columns.length < 2) return columns
  const rows = sample.map(items => items.map(item => columns.map(column => cellOf(item, column))))
  const all = columns.map((_, at) => at)
  const shares = all.map(column => medianShare(rows, [], column))
  const suspects = all
    .filter(column => !NEVER_VOLATILE.test(columns[column] ?? ''))
    .sort((a, b) => (shares[a] ?? 0) - (shares[b] ?? 0) || a - b)
  const without = (count: number) => all.filter(column => !suspects.slice(0, count).includes(column))
  const most = suspects.length === all.length ? suspects.length - 1 : suspects.length
  const wanted = Math.max(MIN_REPEATED_SHARE, NEARLY * repeated(rows, without(most)))
  for (let count = 0; count <= most; count++) {
    const rest = without(count)
    if (repeated(rows, rest) < wanted) continue
    const kept = all.filter(column => rest.includes(column) || medianShare(rows, rest, column) >= HARDLY)
    return kept.map(column => columns[column] ?? '')
  }
  return columns
}

function sampleOf(hosts: readonly (readonly Item[])[]): (readonly Item[])[] {
  const sample: (readonly Item[])[] = []
  let rows = 0
  for (const items of hosts) {
    if (rows >= MAX_ROWS && sample.length >= ENOUGH_HOSTS) break
    const some = items.slice(0, MAX_ROWS_PER_HOST)
    sample.push(some)
    rows += some.length
  }
  return sample
}

/** An item in the columns of its query. */
export function projected(item: Item, columns: readonly string[]): Item {
  return { query: item.query, columns, values: columns.map(column => cellOf(item, column)) }
}

function cellOf(item: Item, column: string): string {
  const at = item.columns.indexOf(column)
  return at < 0 ? '' : (item.values[at] ?? '')
}

/** The columns that more than half of the hosts name; all of them where no two hosts agree. In byte order. */
function commonColumns(hosts: readonly (readonly Item[])[]): string[] {
  const counts = new Map<string, number>()
  for (const items of hosts) {
    for (const column of new Set(items.flatMap(item => item.columns))) {
      counts.set(column, (counts.get(column) ?? 0) + 1)
    }
  }
  const named = [...counts.keys()].sort()
  const common = named.filter(column => (counts.get(column) ?? 0) * 2 > hosts.length)
  return common.length > 0 ? common : named
}

type Rows = readonly (readonly (readonly string[])[])[]

function keyOf(row: readonly string[], columns: readonly number[]): string {
  let key = ''
  for (const column of columns) {
    const text = row[column] ?? ''
    key += `${text.length}:${text}`
  }
  return key
}

/** On how many hosts each projected row is. */
function countHosts(hosts: Rows, columns: readonly number[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const rows of hosts) {
    for (const key of new Set(rows.map(row => keyOf(row, columns))))
      counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** The part of the median host's rows that, in these columns, are on other hosts too. */
function repeated(hosts: Rows, columns: readonly number[]): number {
  const counts = countHosts(hosts, columns)
  const least = Math.max(3, Math.ceil(REPEATS * hosts.length))
  return median(
    hosts.map(rows => mean(rows.map(row => ((counts.get(keyOf(row, columns)) ?? 0) >= least ? 1 : 0))))
  )
}

/**
 * Of the hosts that have the rest of a row, the part that also have its value in `column`: the mean over a host's
 * rows, the median over hosts. Rows without a value, and those whose rest is on fewer than three hosts, tell nothing.
 */
function medianShare(hosts: Rows, rest: readonly number[], column: number): number {
  const ofRest = countHosts(hosts, rest)
  const whole = [...rest, column]
  const ofWhole = countHosts(hosts, whole)
  const shares = hosts.flatMap(rows => {
    const told = rows.flatMap(row => {
      const others = (ofRest.get(keyOf(row, rest)) ?? 0) - 1
      return others < 2 || row[column] === '' ? [] : [((ofWhole.get(keyOf(row, whole)) ?? 1) - 1) / others]
    })
    return told.length === 0 ? [] : [mean(told)]
  })
  return shares.length === 0 ? 1 : median(shares)
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
