import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { HostFacts } from '../snapshot/snapshot.ts'
import type { Item } from './items.ts'
import { isWordCharacter } from './placeholders.ts'

/**
 * Texts that hosts call their own and that are not, such as the address of a gateway: by query and column, in which
 * they stay as they are.
 */
export type SharedTexts = ReadonlyMap<string, ReadonlySet<string>>

export const NOTHING_SHARED: SharedTexts = new Map()

/** The key of a column of a query. @param query its name */
export const columnKey = (query: string, column: string): string => `${query}\0${column}`

/** So many other hosts must have a text for it to be theirs as well: no single host decides how another one is read. */
const MIN_HOSTS = 2
/** From fewer hosts nobody knows which names and addresses are usual. */
const MIN_COMPARED = 3
/** A name or an address has at most so many parts; longer ones are not looked for. */
const MAX_PARTS = 12

/**
 * Collects which texts were replaced where, and finds those that are not a host's own: at least two other hosts have the
 * text in that column, or it is not like the names and addresses of the other hosts (a domain that no other host is in,
 * a public address where most hosts have none).
 */
export function replacedTexts(queries: readonly { readonly name: string }[]) {
  /** By column: by text, the numbers of the hosts in which it was replaced. */
  const replaced = new Map<string, Map<string, number[]>>()
  const columnsOf = queries.map(() => new Set<string>())
  const names = new Map<string, number>()
  let named = 0
  const publicHosts = { 4: 0, 6: 0 }
  let addressed = 0

  function isUnusual(text: string): boolean {
    const family = isIP(text)
    if (family === 4 || family === 6)
      return addressed >= MIN_COMPARED && isPublic(text) && publicHosts[family] * 2 < addressed
    const domain = domainOf(text)
    if (domain === '' || named < MIN_COMPARED || (names.get(domain) ?? 0) >= 2) return false
    let usual = 0
    for (const [other, hosts] of names) if (other === '' || hosts >= 2) usual += hosts
    return usual * 2 >= named
  }

  return {
    addFacts(facts: HostFacts | null): void {
      if (facts === null) return
      const name = facts.fqdn ?? facts.hostname
      if (name !== null) {
        named++
        names.set(domainOf(name), (names.get(domainOf(name)) ?? 0) + 1)
      }
      if (facts.addresses.length > 0) addressed++
      for (const family of [4, 6] as const)
        if (facts.addresses.some(address => isIP(address) === family && isPublic(address)))
          publicHosts[family]++
    },
    /** @param host its number */
    note(host: number, query: number, column: string, text: string): void {
      columnsOf[query]?.add(column)
      const key = columnKey(queries[query]?.name ?? '', column)
      const texts = replaced.get(key) ?? new Map<string, number[]>()
      replaced.set(key, texts)
      const hosts = texts.get(text)
      if (hosts === undefined) texts.set(text, [host])
      else if (hosts.at(-1) !== host) hosts.push(host)
    },
    /**
     * The texts that are not a host's own, and the numbers of the hosts in which they were replaced. O(items of all
     * hosts + text of the columns in which something was replaced).
     * @param hosts by number: the ids of its items
     */
    find(
      items: readonly Item[],
      hosts: readonly Int32Array[]
    ): { readonly shared: SharedTexts; readonly hosts: ReadonlySet<number> } {
      const shared = new Map<string, Set<string>>()
      const disputed = new Set<number>()
      const share = (key: string, text: string) => {
        shared.set(key, (shared.get(key) ?? new Set()).add(text))
        for (const host of replaced.get(key)?.get(text) ?? []) disputed.add(host)
      }
      for (const [key, texts] of replaced)
        for (const text of texts.keys()) if (isUnusual(text)) share(key, text)
      for (const [key, text] of saidByOthers(items, hosts)) share(key, text)
      return { shared, hosts: disputed }
    }
  }

  /** Texts that at least two hosts have in a column in which it was replaced on another. */
  function saidByOthers(items: readonly Item[], hosts: readonly Int32Array[]): [key: string, text: string][] {
    const found = new Map<
      string,
      { readonly key: string; readonly text: string; hosts: number; last: number }
    >()
    const byItem = new Map<number, (typeof found extends Map<string, infer Said> ? Said : never)[]>()
    for (const [id, { query, columns, values }] of items.entries()) {
      const wanted = columnsOf[query]
      if (wanted === undefined || wanted.size === 0) continue
      for (const [at, column] of columns.entries()) {
        if (!wanted.has(column)) continue
        const key = columnKey(queries[query]?.name ?? '', column)
        const texts = replaced.get(key)
        for (const text of texts === undefined ? [] : wordsIn(values[at] ?? '', texts)) {
          const said = found.get(`${key}\0${text}`) ?? { key, text, hosts: 0, last: -1 }
          found.set(`${key}\0${text}`, said)
          byItem.set(id, [...(byItem.get(id) ?? []), said])
        }
      }
    }
    if (byItem.size === 0) return []
    for (const [host, ids] of hosts.entries()) {
      for (const id of ids) {
        for (const said of byItem.get(id) ?? []) {
          if (said.last === host) continue
          said.last = host
          said.hosts++
        }
      }
    }
    return [...found.values()].filter(said => said.hosts >= MIN_HOSTS).map(({ key, text }) => [key, text])
  }
}

/** The texts of a map that are whole words of a value, each once. O(length × MAX_PARTS). */
function wordsIn(value: string, texts: ReadonlyMap<string, unknown>): Set<string> {
  const found = new Set<string>()
  /** Where parts begin and end: a word is one part or several. */
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at <= value.length; at++) {
    const isInside = isWordCharacter(value[at])
    const wasInside = isWordCharacter(value[at - 1])
    if (isInside && !wasInside) starts.push(at)
    if (!isInside && wasInside) ends.push(at)
  }
  for (const [first, start] of starts.entries()) {
    for (let last = first; last < Math.min(ends.length, first + MAX_PARTS); last++) {
      const word = value.slice(start, ends[last])
      if (texts.has(word)) found.add(word)
    }
  }
  return found
}

const domainOf = (name: string): string => {
  const at = name.indexOf('.')
  return at < 0 ? '' : name.slice(at + 1).toLowerCase()
}

/** Whether everyone on the Internet can reach an address (RFC 6890). */
const isPublic = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unicast'
