import { markdownTable } from 'markdown-table'
import { escapeCell, escapeSentence, escapeText } from '../escape.ts'
import { count, listed, number, SIGNS } from '../phrases.ts'
import type { Report, ReportHost } from '../report.ts'
import { openFindings } from '../summarize.ts'
import type { Tier } from './tier.ts'

/** What is known of the hosts' names. */
export interface Names {
  /** The name each host gives itself, by id. */
  readonly byId: ReadonlyMap<string, string | null>
  /** Short names that only one host gives itself, and that are no host's id: enough to tell a host by. */
  readonly unique: ReadonlySet<string>
}

export function namesOf(report: Report): Names {
  const uses = new Map<string, number>()
  for (const { id, name } of report.hosts) {
    const short = shortName(id, name)
    if (short !== null) uses.set(short, (uses.get(short) ?? 0) + 1)
    uses.set(id, (uses.get(id) ?? 0) + 2)
  }
  return {
    byId: new Map(report.hosts.map(host => [host.id, host.name])),
    unique: new Set([...uses].filter(([, many]) => many === 1).map(([short]) => short))
  }
}

/** The first label of a host's name, or `null` where it says nothing beyond the id. */
export function shortName(id: string, name: string | null): string | null {
  const short = name?.split('.', 1)[0]
  return short === undefined || short === '' || short === id ? null : short
}

/** `web-07` (`i-…`): what a host calls itself is never shown without what SSM calls it. */
export function hostName(id: string, names: Names, span = escapeText): string {
  const short = shortName(id, names.byId.get(id) ?? null)
  return short === null ? span(id, 64) : `${span(short, 40)} (${span(id, 64)})`
}

/** The first hosts, and how many more. */
export function hostList(ids: readonly string[], names: Names, most: number, span = escapeText): string {
  return firstOf(ids, most, id => hostName(id, names, span))
}

/** {@link hostList} for a table cell where the ids stand elsewhere: the short name alone, where it is unique. */
export function hostCell(ids: readonly string[], names: Names, most: number): string {
  return firstOf(ids, most, id => escapeCell(briefName(id, names), 64))
}

/** The short name where it is unique, else the id. */
export function briefName(id: string, names: Names): string {
  const short = shortName(id, names.byId.get(id) ?? null)
  return short !== null && names.unique.has(short) ? short : id
}

function firstOf(ids: readonly string[], most: number, tell: (id: string) => string): string {
  const shown = ids.slice(0, most).map(tell)
  return shown.length === 0 ? count(ids.length, 'host') : listed(shown, ids.length - shown.length)
}

/** Hosts that are silent or partial, one line for all with the same reason; silent ones first. */
export function unassessed(report: Report, names: Names, tier: Tier): string {
  const { hosts, reported } = report.summary
  if (reported >= hosts) return ''
  const signs = new Map(
    openFindings(report.findings)
      .filter(({ kind }) => kind === 'silent' || kind === 'partial')
      .flatMap(finding =>
        finding.hosts.map(id => [`${finding.kind} ${id}`, SIGNS[finding.severity]] as const)
      )
  )
  const groups = new Map<string, { first: ReportHost; sign: string; ids: string[] }>()
  for (const host of report.hosts) {
    if (host.status === 'reported') continue
    const sign = signs.get(`${host.status} ${host.id}`) ?? ''
    const key = `${host.status}\0${sign}\0${host.reason}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: host, sign, ids: [host.id] })
    else group.ids.push(host.id)
  }
  const order = [...groups.values()].sort(
    (a, b) =>
      Number(a.first.status === 'partial') - Number(b.first.status === 'partial') ||
      b.ids.length - a.ids.length
  )
  const shown = order.slice(0, tier.lines)
  const rest = order.slice(tier.lines).reduce((sum, group) => sum + group.ids.length, 0)
  const body = shown.map(({ first, sign, ids }) => [
    sign === '' ? first.status : `${sign} ${first.status}`,
    hostList(ids, names, tier.hosts, escapeCell),
    first.reason === null ? '' : escapeSentence(first.reason, tier.value * 2, escapeCell)
  ])
  const unseen = hosts - report.hosts.length
  if (unseen > 0)
    body.push(['never seen', `${count(unseen, 'host')} by number`, 'Expected, and not among the targets.'])
  const parts = [
    '### Not fully assessed',
    'What was not assessed is not called clean.',
    body.length > 0 ? markdownTable([['State', 'Hosts', 'Why'], ...body], { alignDelimiters: false }) : '',
    rest > 0 ? `And ${number(rest)} more, for other reasons, in the full report.` : ''
  ]
  return parts.filter(part => part !== '').join('\n\n')
}
