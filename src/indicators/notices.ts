import { count, list, number, plural } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import type { IndicatorSearch, Unchecked } from './coverage.ts'

const KIND_NAMES: Readonly<Record<string, readonly [string, string]>> = {
  text: ['text', 'texts'],
  url: ['URL', 'URLs'],
  regex: ['regular expression', 'regular expressions'],
  column: ['column value', 'column values'],
  sha256: ['SHA-256', 'SHA-256'],
  sha1: ['SHA-1', 'SHA-1'],
  md5: ['MD5', 'MD5'],
  address: ['address', 'addresses'],
  network: ['network', 'networks'],
  domain: ['domain', 'domains'],
  sigma: ['Sigma rule', 'Sigma rules'],
  other: ['of another kind', 'of other kinds']
}
const MAX_HOSTS = 5
const MAX_EXAMPLES = 3

/** What was looked for and what could not be checked, one sentence each. @param found how many indicators were found */
export function searchNotices(search: IndicatorSearch, found: number): string[] {
  const kinds = Object.entries(search.kinds).map(([kind, n]) => {
    const [one, other] = KIND_NAMES[kind] ?? [kind, kind]
    return `${number(n)} ${plural(n, one, other)}`
  })
  const result = found === 0 ? 'none was found' : `${number(found)} ${plural(found, 'was', 'were')} found`
  return [
    `Searched for ${count(search.total, 'indicator')} (${list(kinds)}) in the rows of ${count(search.queries.length, 'query', 'queries')} on ${count(search.hosts, 'host')}: ${result}.`,
    ...grouped(search.unchecked).map(uncheckedSentence)
  ]
}

/** Those that the same hosts did not answer are one sentence. */
function grouped(unchecked: readonly Unchecked[]): Unchecked[][] {
  return [
    ...Map.groupBy(unchecked, ({ code, what, hosts }) =>
      hosts === null ? `${code} ${what}` : `${code} ${hosts.join(' ')}`
    ).values()
  ]
}

function uncheckedSentence(group: readonly Unchecked[]): string {
  const [first] = group
  if (first === undefined) return ''
  const n = group.reduce((sum, { indicators }) => sum + indicators, 0)
  const examples = group.flatMap(({ examples }) => examples).slice(0, MAX_EXAMPLES)
  const sorts = list(
    group.map(({ what }) => sanitize(what, 60)),
    MAX_EXAMPLES
  )
  const which = `${count(n, 'indicator')} (${list(examples.map(text => sanitize(text, 60)))}${n > examples.length ? ', …' : ''})`
  const on = `on ${list(first.hosts ?? [], MAX_HOSTS)}`
  switch (first.code) {
    case 'not-observable':
      return `${which} could not be checked on any host: osquery shows nothing of this kind (${sorts}).`
    case 'no-query':
      return `${which} could not be checked on any host: no query returns ${sorts}.`
    case 'no-answer':
      return `${which} could not be checked ${on}: no query that could show ${plural(n, 'it', 'them')} was answered and searched in full.`
    case 'partial-answer':
      return `${which} could be checked only in part ${on}: some queries were not answered, or had too much text to search.`
  }
}
