import type { Report, ReportHost, Severity } from './report.ts'
import { openFindings } from './summarize.ts'

/** Hosts that were not fully assessed for the same reason. */
export interface UnassessedGroup {
  readonly status: ReportHost['status']
  /** In words; `null` where none was given. */
  readonly reason: string | null
  /** Of the open finding about these hosts; `null` without one. */
  readonly severity: Severity | null
  readonly ids: readonly string[]
}

/** Hosts that are silent or partial, in one group for each reason: silent ones first, then the largest groups. */
export function unassessedGroups({ hosts, findings }: Report): UnassessedGroup[] {
  const severities = new Map<string, Severity>(
    openFindings(findings)
      .filter(({ kind }) => kind === 'silent' || kind === 'partial')
      .flatMap(({ kind, severity, hosts }) => hosts.map(id => [`${kind} ${id}`, severity] as const))
  )
  const unassessed = hosts
    .filter(({ status }) => status !== 'reported')
    .map(host => ({ ...host, severity: severities.get(`${host.status} ${host.id}`) ?? null }))
  const groups = Map.groupBy(unassessed, ({ status, reason, severity }) =>
    JSON.stringify([status, severity, reason])
  )
  return [...groups.values()]
    .flatMap(group => {
      const [first] = group
      if (first === undefined) return []
      const { status, reason, severity } = first
      return [{ status, reason, severity, ids: group.map(({ id }) => id) }]
    })
    .sort(
      (a, b) => Number(a.status === 'partial') - Number(b.status === 'partial') || b.ids.length - a.ids.length
    )
}

/** Hosts that were expected and not found. */
export function notFound({ summary, hosts }: Report): number {
  return Math.max(0, summary.hosts - hosts.length)
}

/** Why hosts that were expected are not among the hosts of the report. */
export function notFoundReason({ run }: Report): string {
  return run.collector === 'files'
    ? 'Expected, but in none of the files, or in a part of them that could not be read.'
    : 'Expected, or counted by SSM, but not among the hosts that it listed for `targets`.'
}

export const NEVER_CLEAN = 'A host that was not fully assessed is never reported as clean.'
