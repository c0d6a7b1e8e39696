import { type Fleet, readFleet } from '../normalize/fleet.ts'
import { itemKey } from '../normalize/items.ts'
import { BUILTIN_PACKS, builtinPack } from '../osquery/builtin-packs.ts'
import { type Query, unknownQuery } from '../osquery/pack.ts'
import { findingTitle } from '../report/phrases.ts'
import { openFindings } from '../report/summarize.ts'
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
  const before = new Map(openFindings(older.findings).map(finding => [finding.id, finding]))
  const after = new Map(openFindings(newer.findings).map(finding => [finding.id, finding]))
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
  const states = new Map(older.hosts.map(({ id, status }) => [id, status]))
  for (const { id, status } of newer.hosts) {
    const known = states.get(id)
    if (known !== status) lines.push(`~ ${sanitize(id, 64)}: ${known ?? 'not there'} → ${status}`)
    states.delete(id)
  }
  for (const [id, status] of states) lines.push(`~ ${sanitize(id, 64)}: ${status} → not there`)
  return lines
}

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

/** Rows that hosts gained or lost, by the rules that make rows of hosts comparable. */
async function diffSnapshots(olderPath: string, newerPath: string): Promise<string[]> {
  const queries = await queriesIn([olderPath, newerPath])
  const before = await rowsOf(olderPath, queries)
  const after = await rowsOf(newerPath, queries)
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
  return lines.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1))
}

/** The queries that hosts answered, as the built-in packs describe them. */
async function queriesIn(paths: readonly string[]): Promise<Query[]> {
  const known = new Map(
    BUILTIN_PACKS.flatMap(name => builtinPack(name)?.queries ?? []).map(query => [query.name, query])
  )
  const names = new Set<string>()
  for (const path of paths)
    for await (const record of (await readSnapshot(path)).hosts)
      for (const name of Object.keys(record.queries)) names.add(name)
  return [...names].sort().map(name => known.get(name) ?? unknownQuery(name))
}

/** The hosts that have each row, by the row's text. */
async function rowsOf(path: string, queries: readonly Query[]): Promise<Map<string, string[]>> {
  const fleet = await readFleet(queries, async function* () {
    yield* (await readSnapshot(path)).hosts
  })
  return textsOf(fleet)
}

function textsOf({ hosts, items, queries }: Fleet): Map<string, string[]> {
  const texts = items.map(({ query, columns, values }) => {
    const name = queries[query]?.name ?? itemKey(query, columns, values)
    const row = columns.map((column, at) => `${column}=${values[at] ?? ''}`).join('  ')
    return `${sanitize(name, 64)}: ${sanitize(row, MAX_ROW_LENGTH)}`
  })
  const found = new Map<string, string[]>()
  for (const host of hosts) {
    for (const item of host.items) {
      const text = texts[item] ?? ''
      const ids = found.get(text)
      if (ids === undefined) found.set(text, [host.id])
      else ids.push(host.id)
    }
  }
  return found
}
