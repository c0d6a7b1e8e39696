import type { FleetMemory } from '../report/memory.ts'

/**
 * The memories of several groups or shards as one: each finding since its earliest day, each host with its latest answer.
 * The order does not matter.
 */
export function mergeMemories(memories: readonly FleetMemory[]): FleetMemory | null {
  const [first, ...others] = [...memories].sort((a, b) => (a.findings.digest < b.findings.digest ? -1 : 1))
  if (first === undefined || others.length === 0) return first ?? null
  const hosts = new Map<string, string>()
  const known = new Map<string, FleetMemory['findings']['known'][number]>()
  for (const memory of [first, ...others]) {
    for (const [host, day] of memory.hosts) if ((hosts.get(host) ?? '') < day) hosts.set(host, day)
    for (const entry of memory.findings.known) {
      const before = known.get(entry[0])
      if (before === undefined || entry[1] < before[1]) known.set(entry[0], entry)
    }
  }
  const since = [first, ...others]
    .map(({ findings }) => findings.since)
    .filter(day => day !== null)
    .sort()
  return {
    hosts,
    findings: {
      ...first.findings,
      // Memories of several runs are of no single run, so the next run counts as a change.
      digest: memories.every(({ findings }) => findings.digest === first.findings.digest)
        ? first.findings.digest
        : '0000000000000000',
      since: since[0] ?? null,
      findings: known.size,
      known: [...known.values()],
      unseen: [...new Set([first, ...others].flatMap(({ findings }) => findings.unseen))],
      change: null
    }
  }
}
