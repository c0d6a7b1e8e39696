import * as z from 'zod'
import { memoryId, remember } from './history.ts'
import { printJson } from './json.ts'
import { type FleetMemory, type History, memorySchema } from './memory.ts'
import type { Report } from './report.ts'
import { openFindings } from './summarize.ts'

/** Hosts that are remembered; those that answered last are kept. */
const MAX_HOSTS = 100_000

const historySchema = z.object({
  fleetDriftHistory: z.literal(1),
  findings: memorySchema,
  hosts: z.record(z.string().max(256), z.iso.date())
})

/** A report compared with what was known before it. @param before `null`: nothing, so that all drift is new */
export function historyOf(before: FleetMemory | null, report: Report): History {
  const today = report.run.startedAt.slice(0, 10)
  const findings = remember(before?.findings ?? null, report, today)
  const changed = before === null ? report.summary.verdict !== 'clean' : findings !== before.findings
  const appeared = before === null ? findings.known.map(([id]) => id) : (findings.change?.came ?? [])
  const hosts = new Map(before?.hosts)
  for (const { id, status } of report.hosts) if (status !== 'silent') hosts.set(id, today)
  return {
    memory: { findings, hosts: bounded(hosts) },
    lastAnswers: before?.hosts ?? new Map(),
    changed,
    appeared: changed ? idsOf(appeared, report) : [],
    resolved: changed ? (findings.change?.went ?? []) : []
  }
}

/** For a run that saw no host: what was known stays known, and that nothing was assessed is a change. */
export function keptHistory(before: FleetMemory | null, report: Report): History {
  if (before === null) return historyOf(null, report)
  return { memory: before, lastAnswers: before.hosts, changed: true, appeared: [], resolved: [] }
}

/** Ids of this report's findings, in its order. */
function idsOf(remembered: readonly string[], { findings }: Report): string[] {
  const wanted = new Set(remembered)
  return openFindings(findings).flatMap(finding => (wanted.has(memoryId(finding)) ? [finding.id] : []))
}

function bounded(hosts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (hosts.size <= MAX_HOSTS) return hosts
  return new Map([...hosts].sort(([, a], [, b]) => (a < b ? 1 : a > b ? -1 : 0)).slice(0, MAX_HOSTS))
}

/** `history.json`: what the next run needs to know. It has no row and no name of a host. */
export function renderHistory(report: Report): string {
  const { memory } = report.history ?? historyOf(null, report)
  return printJson({
    fleetDriftHistory: 1,
    name: report.run.name,
    findings: memory.findings,
    hosts: Object.fromEntries([...memory.hosts].sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** The memory in the value of a history file. @throws Error if it is not one */
export function parseHistory(value: unknown): FleetMemory {
  const parsed = historySchema.safeParse(value)
  if (!parsed.success) throw new Error('not a history.json that this release reads')
  const { findings, hosts } = parsed.data
  return { findings, hosts: new Map(Object.entries(hosts)) }
}
