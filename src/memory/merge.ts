import { combineHostDigests, digestOfKnown } from '../report/history.ts'
import type { FleetMemory, Known, Memory } from '../report/memory.ts'

/** What no run leaves: the next run counts as a change. */
const UNKNOWN_DIGEST = '0'.repeat(16)

/**
 * The memories of several groups or shards as one: each finding since its earliest day, each host with its latest answer.
 * The order does not matter. A run over all of the groups that finds the same is no change.
 */
export function mergeMemories(memories: readonly FleetMemory[]): FleetMemory | null {
  const sorted = [...memories].sort((a, b) => (a.findings.digest < b.findings.digest ? -1 : 1))
  const [first, ...others] = sorted
  if (first === undefined || others.length === 0) return first ?? null
  const hosts = new Map<string, string>()
  for (const memory of sorted)
    for (const [host, day] of memory.hosts) if ((hosts.get(host) ?? '') < day) hosts.set(host, day)
  return { hosts, findings: mergeFindings(sorted.map(({ findings }) => findings)) }
}

/** @param memories two or more, in an order that does not depend on their places */
function mergeFindings(memories: readonly Memory[]): Memory {
  const distinct = [...new Map(memories.map(memory => [memory.digest, memory])).values()]
  const open = new Map<string, Known>()
  const unseen = new Map<string, Known>()
  for (const memory of distinct) {
    const notOpen = new Set(memory.unseen)
    for (const entry of memory.known) {
      const entries = notOpen.has(entry[0]) ? unseen : open
      const before = entries.get(entry[0])
      entries.set(entry[0], before === undefined ? entry : together(before, entry))
    }
  }
  for (const id of open.keys()) unseen.delete(id)
  const forgotten = distinct.reduce(
    (sum, { known, findings }) => sum + Math.max(0, findings - known.length),
    0
  )
  const verdict = VERDICTS.find(each => distinct.some(memory => memory.verdict === each)) ?? 'incomplete'
  const [only, ...others] = distinct
  const merged = forgotten > 0 ? UNKNOWN_DIGEST : digestOfKnown(verdict, [...open.values()])
  return {
    version: 1,
    of: 'hosts',
    verdict,
    digest: only !== undefined && others.length === 0 ? only.digest : merged,
    since: distinct.flatMap(({ since }) => since ?? []).sort()[0] ?? null,
    findings: open.size + forgotten,
    known: [...open.values(), ...unseen.values()],
    unseen: [...unseen.keys()],
    change: null
  }
}

/** Worst first. */
const VERDICTS = ['drift', 'incomplete', 'clean'] as const

/** One finding that several groups have. */
function together(one: Known, other: Known): Known {
  const [id, day, label, count, hosts, digest] = one
  const [, otherDay, , otherCount, otherHosts, otherDigest] = other
  return [
    id,
    day < otherDay ? day : otherDay,
    label,
    count + otherCount,
    [...hosts, ...otherHosts].sort().slice(0, Math.max(hosts.length, otherHosts.length)),
    combineHostDigests(digest, otherDigest)
  ]
}
