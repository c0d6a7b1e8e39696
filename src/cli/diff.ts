import { errorMessage } from '../lib/error-message.ts'
import { type Fleet, readFleet } from '../normalize/fleet.ts'
import { itemKey } from '../normalize/items.ts'
import { BUILTIN_PACKS, builtinPack } from '../osquery/builtin-packs.ts'
import { type Query, unknownQuery } from '../osquery/pack.ts'
import { findingTitle } from '../report/phrases.ts'
import type { ReportHost } from '../report/report.ts'
import { nonCoverageFindings } from '../report/summarize.ts'
import { readSnapshot } from '../snapshot/read.ts'
import { count, list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import { bytesOf, readReport } from './report-file.ts'
import type { Terminal } from './terminal.ts'

const MAX_LINES = 500
const MAX_HOSTS = 5
const MAX_ROW_LENGTH = 300

/** Prints what changed between two reports, or between two snapshots. Exits with 1 if anything did. */
export async function diff(args: readonly string[], { print }: Terminal): Promise<number> {
  const [older = '', newer = '', ...more] = args
  if (newer === '' || more.length > 0) throw new Error('Write: fleet-drift diff OLD NEW')
  const [areSnapshots, alsoSnapshots] = [await isSnapshot(older), await isSnapshot(newer)]
  if (areSnapshots !== alsoSnapshots)
    throw new Error('Both files must be reports, or both must be snapshots.')
  const lines = areSnapshots ? await diffSnapshots(older, newer) : await diffReports(older, newer)
  print(lines.length === 0 ? 'They are the same.' : lines.slice(0, MAX_LINES).join('\n'))
  if (lines.length > MAX_LINES) print(`And ${count(lines.length - MAX_LINES, 'more line')}.`)
  return lines.length === 0 ? 0 : 1
}

async function isSnapshot(path: string): Promise<boolean> {
  const bytes = await bytesOf(path)
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || bytes.subarray(0, 40).includes('fleetDriftSnapshot')
}

async function diffReports(olderPath: string, newerPath: string): Promise<string[]> {
  const [older, newer] = [(await readReport(olderPath)).report, (await readReport(newerPath)).report]
  // Hosts that were not assessed are compared by their states, whatever the reasons.
  const before = new Map(nonCoverageFindings(older.findings).map(finding => [finding.id, finding]))
  const after = new Map(nonCoverageFindings(newer.findings).map(finding => [finding.id, finding]))
  const lines: string[] = []
  if (older.summary.verdict !== newer.summary.verdict)
    lines.push(`Verdict: ${older.summary.verdict} → ${newer.summary.verdict}`)
  for (const [id, finding] of after) {
    const known = before.get(id)
    if (known === undefined)
      lines.push(`+ ${findingTitle(finding)} (${sanitize(id, 80)}): ${hosts(finding.hosts)}`)
    else
      lines.push(...changesOf(known.hosts, finding.hosts, `${findingTitle(finding)} (${sanitize(id, 80)})`))
  }
  for (const [id, finding] of before)
    if (!after.has(id))
      lines.push(`- ${findingTitle(finding)} (${sanitize(id, 80)}): ${hosts(finding.hosts)}`)
  return [...lines, ...stateChanges(older.hosts, newer.hosts)]
}

/** Hosts that answered before and do not answer now, or the other way round. */
function stateChanges(older: readonly HostState[], newer: readonly HostState[]): string[] {
  const states = new Map(older.map(({ id, status }) => [id, status]))
  const lines: string[] = []
  for (const { id, status } of newer) {
    const known = states.get(id)
    if (known !== status) lines.push(`~ ${sanitize(id, 64)}: ${known ?? 'not there'} → ${status}`)
    states.delete(id)
  }
  for (const [id, status] of states) lines.push(`~ ${sanitize(id, 64)}: ${status} → not there`)
  return lines
}

type HostState = Pick<ReportHost, 'id' | 'status'>

function changesOf(before: readonly string[], after: readonly string[], title: string): string[] {
  const added = after.filter(host => !before.includes(host))
  const gone = before.filter(host => !after.includes(host))
  const parts = [
    added.length > 0 ? `also on ${hosts(added)}` : '',
    gone.length > 0 ? `no longer on ${hosts(gone)}` : ''
  ].filter(part => part !== '')
  return parts.length === 0 ? [] : [`~ ${title}: ${list(parts)}`]
}

const hosts = (ids: readonly string[]) =>
  ids.length === 0
    ? 'no host'
    : list(
        ids.map(id => sanitize(id, 64)),
        MAX_HOSTS
      )

/** Rows that hosts gained or lost in queries that they answered both times, by the rules that make hosts comparable. */
async function diffSnapshots(olderPath: string, newerPath: string): Promise<string[]> {
  const queries = await queriesIn([olderPath, newerPath])
  const [older, newer] = [await fleetOf(olderPath, queries), await fleetOf(newerPath, queries)]
  const before = rowsOf(older, observationsOf(newer))
  const after = rowsOf(newer, observationsOf(older))
  const lines = [...new Set([...before.keys(), ...after.keys()])].flatMap(row => {
    const had = before.get(row) ?? []
    const has = after.get(row) ?? []
    const known = new Set(had)
    const present = new Set(has)
    const added = has.filter(host => !known.has(host))
    const gone = had.filter(host => !present.has(host))
    return [
      ...(added.length > 0 ? [`+ ${row}  (${hosts(added)})`] : []),
      ...(gone.length > 0 ? [`- ${row}  (${hosts(gone)})`] : [])
    ]
  })
  const rows = lines.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1))
  return [...stateChanges(older.hosts, newer.hosts), ...rows]
}

/** The queries that hosts answered, as the built-in packs describe them. */
async function queriesIn(paths: readonly string[]): Promise<Query[]> {
  const known = new Map(
    BUILTIN_PACKS.flatMap(name => builtinPack(name)?.queries ?? []).map(query => [query.name, query])
  )
  const names = new Set<string>()
  for (const path of paths) {
    try {
      for await (const record of (await readSnapshot(path)).hosts)
        for (const name of Object.keys(record.queries)) names.add(name)
    } catch (error) {
      throw new Error(`${sanitize(path, 200)} cannot be read: ${errorMessage(error)}.`)
    }
  }
  return [...names].sort().map(name => known.get(name) ?? unknownQuery(name))
}

/** By host: which queries are observed. */
function observationsOf({ hosts }: Fleet): ReadonlyMap<string, Uint8Array> {
  return new Map(hosts.map(({ id, observed }) => [id, observed]))
}

const fleetOf = (path: string, queries: readonly Query[]): Promise<Fleet> =>
  readFleet(queries, async function* () {
    yield* (await readSnapshot(path)).hosts
  })

/**
 * The hosts that have each row, by the row's text.
 * @param observed by host: the queries that count
 */
function rowsOf(
  { hosts, items, queries }: Fleet,
  observed: ReadonlyMap<string, Uint8Array>
): Map<string, string[]> {
  const texts = items.map(({ query, columns, values }) => {
    const name = queries[query]?.name ?? itemKey(query, columns, values)
    const row = columns.map((column, at) => `${column}=${values[at] ?? ''}`).join('  ')
    return `${sanitize(name, 64)}: ${sanitize(row, MAX_ROW_LENGTH)}`
  })
  const found = new Map<string, string[]>()
  for (const host of hosts) {
    const counts = observed.get(host.id)
    for (const item of host.items) {
      if (counts?.[items[item]?.query ?? -1] !== 1) continue
      const text = texts[item] ?? ''
      const ids = found.get(text)
      if (ids === undefined) found.set(text, [host.id])
      else ids.push(host.id)
    }
  }
  return found
}
