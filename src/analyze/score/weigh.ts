import type { ClusteredFleet } from '../clustered-fleet.ts'
import { rareLimit } from '../counts.ts'
import { traitsOf } from '../table-traits.ts'
import { countNoise, expectedOf, type TableNoise, tableOf } from './expected.ts'
import { FEATURE_SHARE, featureBits } from './feature-bits.ts'
import { type Group, groupByHosts } from './group-by-hosts.ts'
import { SAYS_TOGETHER, saysEnough } from './says-enough.ts'
import type { ScoredRow } from './scored-row.ts'
import { tiedTest } from './tied.ts'
import { isUnlike, MIN_PACKAGES } from './unlike.ts'
import { isStrong, joinVariants } from './variants.ts'
import { rareWords, type Words } from './words.ts'

/** Findings like one of so much evidence that a healthy fleet shows: the tiers. Estimated; see docs/how-it-works.md. */
const MAX_EXPECTED = { high: 1 / 16, medium: 1 / 4, low: 8 } as const

/** Whether so many findings are few enough for a tier; a hair of rounding decides nothing. */
export const isAtMost = (expected: number, tier: keyof typeof MAX_EXPECTED): boolean =>
  expected <= MAX_EXPECTED[tier] * (1 + 1e-9)

/** Bits that another table adds at most when its row is tied to what counts already: the same cause, seen twice. */
const MAX_TIED_BITS = 2
/** Untied rows may have met on one host by chance: some sixteen lone rows a fleet make that likely. */
const MEETING_BITS = 4
/** So many rows that one host has alone in one table came together. */
const MIN_ROWS_AT_ONCE = 3
/** A row that is expected more often than this adds nothing to what a finding says by itself. */
const MAX_EXPECTED_TO_SAY = 4
/** What that many new packages speak against their hosts' ordinary rows. */
const PACKAGES_BITS = 3
const PACKAGES_BITS_STRONG = 2
/** A new package of the same name explains rows that do not speak for themselves. */
const PACKAGE_OF_SAME_NAME_BITS = 2

/** A group of rows and how often a healthy fleet shows one like it. */
export interface Weighed {
  readonly hosts: readonly number[]
  /** Rows to show: those that count first, then those tied to them. */
  readonly rows: readonly ScoredRow[]
  /** Those that accuse, the weightiest first. */
  readonly accusing: readonly ScoredRow[]
  /** Evidence: log₂(hosts / expected). */
  readonly bits: number
  readonly expected: number
  /** What the rows say by themselves is enough for high. */
  readonly says: boolean
  /** Other groups that show as much in the weightiest row's table. */
  readonly others: number
  /** The hosts are like no other: their ordinary rows, which accuse nobody. */
  readonly ordinary: readonly ScoredRow[]
}

const MAX_ROUNDS = 4

/**
 * Groups rows into findings and weighs each: its weightiest row, then every further table once, by its weightiest row,
 * with what it adds: at most two bits where it is tied to what counts already, else what goes beyond chance meetings.
 * Repeats with what is a finding taken out of the noise until nothing changes, at most four times.
 * O(rows × columns + groups²) over groups of three and more hosts.
 */
export function weigh(
  fleet: ClusteredFleet,
  rows: readonly ScoredRow[],
  isolated: ReadonlySet<number>
): Weighed[] {
  let words: Words = () => []
  const { groups: joined, explained } = joinVariants(fleet, rows, open => {
    words = rareWords(fleet, new Set(open.map(({ deviation }) => deviation.item)))
    return tiedTest(rows, words)
  })
  const groups = groupByHosts(joined)
  const silence = countNoise([])
  /** What would be high if no other host had anything odd is a finding, whatever the others have. */
  const alone = groups.flatMap((group, index) => {
    const { expected, says, accusing } = weighGroup(fleet, group, index, {
      noise: silence,
      explained,
      isolated,
      words
    })
    const [first] = accusing
    return first !== undefined && says && isAtMost(expected, 'high') && !isShared(group)
      ? [{ index, table: tableOf(first), hosts: group.hosts }]
      : []
  })
  // Not so in a table where more hosts than are rare have one: it is what this fleet does.
  const byTable = [...Map.groupBy(alone, ({ table }) => table).values()]
  const rare = byTable.filter(
    found => new Set(found.flatMap(({ hosts }) => hosts)).size <= rareLimit(fleet.size)
  )
  let findings = new Set(rare.flat().map(({ index }) => index))
  for (let round = 1; ; round++) {
    const noise = countNoise(
      groups.map(({ hosts, rows }, index) =>
        findings.has(index) || hosts.every(host => isolated.has(host))
          ? []
          : rows.filter(row => row.isIncriminating && !explained.has(row))
      )
    )
    const weighed = groups.map((group, index) =>
      weighGroup(fleet, group, index, { noise, explained, isolated, words })
    )
    const next = new Set(findings)
    for (const [at, { expected }] of weighed.entries()) if (isAtMost(expected, 'medium')) next.add(at)
    if (round === MAX_ROUNDS || next.size === findings.size) return weighed
    findings = next
  }
}

/** Whether hosts share rows that are too common to be rare, and that no baseline speaks of. */
export const isShared = ({ rows }: Pick<Group<ScoredRow>, 'rows'>): boolean =>
  rows.some(({ deviation }) => deviation.common && deviation.baseline === 'none')

interface Context {
  readonly noise: TableNoise
  readonly explained: ReadonlySet<ScoredRow>
  readonly isolated: ReadonlySet<number>
  readonly words: Words
}

function weighGroup(
  fleet: ClusteredFleet,
  { hosts, rows }: Group<ScoredRow>,
  index: number,
  { noise, explained, isolated, words }: Context
): Weighed {
  const n = fleet.size
  const packages = rows.filter(row => row.deviation.kind === 'unexpected' && isPackage(fleet, row))
  const candidates = rows.filter(row => row.isIncriminating && !explained.has(row))
  const unlike = hosts.every(host => isolated.has(host)) || isUnlike(candidates, packages.length)
  const scored = candidates
    .filter(row => !unlike || isStrong(row) || row.deviation.baseline !== 'none')
    .map(row => ({ row, expected: expectedOf(row, index, noise, n) }))
    .sort(
      (a, b) =>
        a.expected - b.expected || b.row.bits - a.row.bits || a.row.deviation.item - b.row.deviation.item
    )
  const first = scored[0]
  if (first === undefined)
    return {
      hosts,
      rows,
      accusing: [],
      bits: 0,
      expected: n,
      says: false,
      others: 0,
      ordinary: unlike ? candidates : []
    }
  let bits = Math.log2(n / first.expected)
  const inTable = countTables(scored.map(({ row }) => row))
  const counted = [first]
  const tables = new Set([tableOf(first.row)])
  const tiedTo = new Set(words(first.row.deviation.item))
  for (const one of scored.slice(1)) {
    const mine = words(one.row.deviation.item)
    const tied = hosts.length > 1 || mine.some(word => tiedTo.has(word))
    const gain = Math.log2(n / one.expected) - (tied ? 0 : MEETING_BITS)
    if (!tied && (gain < 1 || isPlainAddition(one.row, inTable))) continue
    counted.push(one)
    if (tied) for (const word of mine) tiedTo.add(word)
    if (tables.has(tableOf(one.row))) continue
    tables.add(tableOf(one.row))
    bits += Math.max(0, Math.min(gain, mostOf(one.row, tied)))
  }
  const strong = counted.some(({ row }) => isStrong(row))
  bits -= featureBits(
    fleet,
    counted.map(({ row }) => row),
    hosts,
    strong && !isShared({ rows: counted.map(({ row }) => row) })
  )
  if (packages.length >= MIN_PACKAGES) bits -= strong ? PACKAGES_BITS_STRONG : PACKAGES_BITS
  else if (!strong && packages.some(row => words(row.deviation.item).some(word => tiedTo.has(word))))
    bits -= PACKAGE_OF_SAME_NAME_BITS
  const accusing = counted.map(({ row }) => row)
  const isAgainst = accusing.some(row => row.deviation.baseline !== 'none')
  const isVariants =
    first.row.kind !== 'integrity' &&
    accusing.some(isStrong) &&
    accusing.every(row => row.deviation.hosts.length * 2 < hosts.length)
  // Many hosts, each with an odd row of one kind: worth a look, and no more unless a baseline speaks. In a table of
  // integrity each such row is what it is alone.
  if (isVariants && !isAgainst && hosts.length > Math.max(2, FEATURE_SHARE * n))
    bits = Math.min(bits, Math.log2(n / MAX_EXPECTED.medium) + 1)
  const shown = new Set(accusing)
  return {
    hosts,
    rows: [
      ...accusing,
      ...rows.filter(
        row =>
          !shown.has(row) &&
          row.kind === 'context' &&
          words(row.deviation.item).some(word => tiedTo.has(word))
      )
    ],
    accusing,
    bits: Math.max(0, bits),
    expected: Math.min(n, n * 2 ** -bits),
    says: saysEnough(
      counted.filter(({ expected }) => expected <= MAX_EXPECTED_TO_SAY).map(({ row }) => row),
      isAtMost(2 * n * 2 ** -bits, 'high') ? SAYS_TOGETHER - 1 : SAYS_TOGETHER
    ),
    others: noise.others(first.row, index),
    ordinary: []
  }
}

/**
 * A row that says nothing by itself, and met the others by chance: a new file or a mount. Rows that are gone may have
 * gone with the others, and several new ones at once in one table are no chance; changed ones are another version.
 */
const isPlainAddition = (row: ScoredRow, inTable: ReadonlyMap<number, number>): boolean =>
  row.bits <= 0 &&
  row.kind !== 'integrity' &&
  row.deviation.kind !== 'missing' &&
  (row.deviation.kind === 'changed' || (inTable.get(tableOf(row)) ?? 0) < MIN_ROWS_AT_ONCE)

function countTables(rows: readonly ScoredRow[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const row of rows) counts.set(tableOf(row), (counts.get(tableOf(row)) ?? 0) + 1)
  return counts
}

/** The most that a further table adds. */
function mostOf(row: ScoredRow, tied: boolean): number {
  const says = row.bits > 0 || row.kind === 'integrity'
  if (!tied) return says ? Number.POSITIVE_INFINITY : row.bits === 0 ? MAX_TIED_BITS : 0
  if (row.deviation.kind === 'missing' && row.kind !== 'moment') return Number.POSITIVE_INFINITY
  return says ? MAX_TIED_BITS : 0
}

function isPackage({ fleet }: ClusteredFleet, row: ScoredRow): boolean {
  const query = fleet.queries[row.query]
  return query !== undefined && traitsOf(query).packages
}
