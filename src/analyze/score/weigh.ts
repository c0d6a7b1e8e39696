import type { ClusteredFleet } from '../clustered-fleet.ts'
import { rareLimit } from '../counts.ts'
import { traitsOf } from '../table-traits.ts'
import { causesOf, type Enough, type Expected, enoughOf, mostOf } from './causes.ts'
import { countNoise, expectedOf, type TableNoise, tableOf } from './expected.ts'
import { FEATURE_SHARE, featureBits } from './feature-bits.ts'
import { type Group, groupByHosts } from './group-by-hosts.ts'
import { plainAdditions } from './plain-additions.ts'
import type { ScoredRow } from './scored-row.ts'
import { tiedTest } from './tied.ts'
import { isAtMost, MAX_EXPECTED } from './tiers.ts'
import { isUnlike, MIN_PACKAGES } from './unlike.ts'
import { isStrong, joinVariants } from './variants.ts'
import { rareWords, type Words } from './words.ts'

/** Untied rows may have met on one host by chance: some sixteen lone rows a fleet make that likely. */
const MEETING_BITS = 4
/** What that many new packages speak against their hosts' ordinary rows. */
const PACKAGES_BITS = 3
const PACKAGES_BITS_STRONG = 2
/** A new package of the same name explains rows that do not speak for themselves. */
const PACKAGE_OF_SAME_NAME_BITS = 2

/** A group of rows and how often a healthy fleet shows one like it. */
export interface Weighed extends Enough {
  readonly hosts: readonly number[]
  /** Rows to show: those that count first, then those tied to them. */
  readonly rows: readonly ScoredRow[]
  /** Those that accuse, the weightiest first. */
  readonly accusing: readonly ScoredRow[]
  /** Evidence: log₂(hosts / expected). */
  readonly bits: number
  readonly expected: number
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
    const { expected, isHigh, accusing } = weighGroup(fleet, group, index, {
      noise: silence,
      explained,
      isolated,
      words
    })
    const [first] = accusing
    return first !== undefined && isHigh && isAtMost(expected, 'high') && !isShared(group)
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
    const context = { noise, explained, isolated, words }
    const weighed = groups.map((group, index) => weighGroup(fleet, group, index, context))
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
      isHigh: false,
      others: 0,
      ordinary: unlike ? candidates : []
    }
  /** A tie that is no word begins with a space. */
  const tiesOf = ({ row }: Expected) => [
    ...words(row.deviation.item),
    ...(row.person === '' ? [] : [` ${row.person}`]),
    ...(hosts.length > 1 ? [' the same hosts'] : [])
  ]
  let bits = Math.log2(n / first.expected)
  const isPlain = plainAdditions(scored.map(({ row }) => row))
  const counted = [first]
  const tables = new Set([tableOf(first.row)])
  const tiedTo = new Set(tiesOf(first))
  for (const one of scored.slice(1)) {
    const mine = tiesOf(one)
    const tied = mine.some(tie => tiedTo.has(tie))
    const gain = Math.log2(n / one.expected) - (tied ? 0 : MEETING_BITS)
    const isApart = !tied && isPlain(one.row)
    // What nobody would look at by itself is no part of the finding.
    if (!tied && (gain < 1 || (isApart && !isAtMost(one.expected, 'medium')))) continue
    counted.push(one)
    if (isApart) continue
    if (tied) for (const tie of mine) tiedTo.add(tie)
    if (tables.has(tableOf(one.row))) continue
    tables.add(tableOf(one.row))
    bits += Math.max(0, Math.min(gain, mostOf(one.row, tied)))
  }
  const strong = counted.some(({ row }) => isStrong(row))
  let against = featureBits(
    fleet,
    counted.map(({ row }) => row),
    hosts,
    strong && !isShared({ rows: counted.map(({ row }) => row) })
  )
  if (packages.length >= MIN_PACKAGES) against += strong ? PACKAGES_BITS_STRONG : PACKAGES_BITS
  else if (!strong && packages.some(row => words(row.deviation.item).some(word => tiedTo.has(word))))
    against += PACKAGE_OF_SAME_NAME_BITS
  bits -= against
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
    ...enoughOf(causesOf(counted, tiesOf), n, against),
    others: noise.others(first.row, index),
    ordinary: []
  }
}

function isPackage({ fleet }: ClusteredFleet, row: ScoredRow): boolean {
  const query = fleet.queries[row.query]
  return query !== undefined && traitsOf(query).packages
}
