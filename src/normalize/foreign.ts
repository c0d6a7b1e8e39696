import { cellOf, type Item } from './items.ts'

/** From fewer hosts nothing is inferred: a column could look volatile by chance. */
const MIN_HOSTS = 5
/** A row repeats if it is on at least this share of the hosts, and on at least three. */
const MIN_REPEAT_SHARE = 0.02
const MIN_REPEAT_HOSTS = 3
/** Without the volatile columns at least this share of a host's rows repeat … */
const MIN_REPEATED_SHARE = 0.5
/** … and at least this share of those that repeat without every column that could be volatile. */
const MIN_SHARE_OF_BEST = 0.9
/** A volatile value is shared by less than this part of the hosts that have the same row in the other columns. */
const MAX_VOLATILE_SHARE = 0.1
/** The sample takes at most this many rows of one host, and hosts until it has enough rows and enough hosts. */
const MAX_ROWS_PER_HOST = 2000
const SAMPLE_ROWS = 12_000
const SAMPLE_HOSTS = 12
/** Columns that name a program or a right are never volatile: leaving them out would hide an intruder. */
const NEVER_VOLATILE =
  /(^|_)(path|directory|cmdline|command|command_line|key|sha1|sha256|md5|hash|user|username|uid|value)$/

/**
 * The columns that identify the rows of a query that does not declare them. A column is volatile if its values hardly
 * repeat among hosts while the other columns do. Each host has one vote and the median decides, so a minority of
 * hostile hosts changes nothing, and neither does the order. Time O(sampled rows × columns²).
 * @param hosts the items of each host that has rows of the query; a fair sample of the fleet
 */
export function inferIdentity(hosts: readonly (readonly Item[])[]): string[] {
  const sample = sampleOf(hosts)
  const columns = commonColumns(sample)
  if (sample.length < MIN_HOSTS || columns.length < 2) return columns
  const rows = sample.map(items => items.map(item => columns.map(column => cellOf(item, column))))
  const all = columns.map((_, at) => at)
  const shares = all.map(column => medianShare(rows, [], column))
  const candidates = all
    .filter(column => !NEVER_VOLATILE.test(columns[column] ?? ''))
    .sort((a, b) => (shares[a] ?? 0) - (shares[b] ?? 0) || a - b)
  const without = (count: number) => all.filter(column => !candidates.slice(0, count).includes(column))
  const maxVolatile = candidates.length === all.length ? candidates.length - 1 : candidates.length
  const best = repeatedShare(rows, without(maxVolatile))
  const wanted = Math.max(MIN_REPEATED_SHARE, MIN_SHARE_OF_BEST * best)
  for (let count = 0; count <= maxVolatile; count++) {
    const others = without(count)
    if (repeatedShare(rows, others) < wanted) continue
    const kept = all.filter(
      column => others.includes(column) || medianShare(rows, others, column) >= MAX_VOLATILE_SHARE
    )
    return kept.map(column => columns[column] ?? '')
  }
  return columns
}

function sampleOf(hosts: readonly (readonly Item[])[]): (readonly Item[])[] {
  const sample: (readonly Item[])[] = []
  let rows = 0
  for (const items of hosts) {
    if (rows >= SAMPLE_ROWS && sample.length >= SAMPLE_HOSTS) break
    const taken = items.slice(0, MAX_ROWS_PER_HOST)
    sample.push(taken)
    rows += taken.length
  }
  return sample
}

/** An item reduced to the given columns. */
export function projected(item: Item, columns: readonly string[]): Item {
  return { query: item.query, columns, values: columns.map(column => cellOf(item, column)) }
}

/** No table of osquery has as many columns; a hostile host may name others in each row. */
const MAX_COLUMNS = 256

/** The columns that more than half of the hosts have; if there are none, all columns. Those of most hosts, in byte order. */
function commonColumns(hosts: readonly (readonly Item[])[]): string[] {
  const counts = new Map<string, number>()
  for (const items of hosts) {
    for (const column of new Set(items.flatMap(item => item.columns))) {
      counts.set(column, (counts.get(column) ?? 0) + 1)
    }
  }
  const named = [...counts.keys()].sort()
  const common = named.filter(column => (counts.get(column) ?? 0) * 2 > hosts.length)
  const kept = common.length > 0 ? common : named
  if (kept.length <= MAX_COLUMNS) return kept
  return kept
    .sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1))
    .slice(0, MAX_COLUMNS)
    .sort()
}

type Rows = readonly (readonly (readonly string[])[])[]

function projectionKey(row: readonly string[], columns: readonly number[]): string {
  let key = ''
  for (const column of columns) {
    const text = row[column] ?? ''
    key += `${text.length}:${text}`
  }
  return key
}

/** How many hosts have each row in these columns. */
function countHosts(hosts: Rows, columns: readonly number[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const rows of hosts) {
    for (const key of new Set(rows.map(row => projectionKey(row, columns))))
      counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** The share of the median host's rows that repeat in these columns. */
function repeatedShare(hosts: Rows, columns: readonly number[]): number {
  const counts = countHosts(hosts, columns)
  const least = Math.max(MIN_REPEAT_HOSTS, Math.ceil(MIN_REPEAT_SHARE * hosts.length))
  return median(
    hosts.map(rows =>
      mean(rows.map(row => ((counts.get(projectionKey(row, columns)) ?? 0) >= least ? 1 : 0)))
    )
  )
}

/**
 * Of the hosts that have a row in the columns `others`, the share that also has its value in `column`: the mean over a
 * host's rows, the median over hosts. Rows without a value, and rows on fewer than three hosts, do not count.
 */
function medianShare(hosts: Rows, others: readonly number[], column: number): number {
  const withoutColumn = countHosts(hosts, others)
  const columns = [...others, column]
  const withColumn = countHosts(hosts, columns)
  const shares = hosts.flatMap(rows => {
    const ofRows = rows.flatMap(row => {
      const otherHosts = (withoutColumn.get(projectionKey(row, others)) ?? 0) - 1
      if (otherHosts < 2 || row[column] === '') return []
      return [((withColumn.get(projectionKey(row, columns)) ?? 1) - 1) / otherHosts]
    })
    return ofRows.length === 0 ? [] : [mean(ofRows)]
  })
  return shares.length === 0 ? 1 : median(shares)
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
