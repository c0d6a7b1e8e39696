import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import type { Compromise, SimulatedFleet, SimulatedHost } from './fleet/host.ts'

const reportSchema = z.object({
  hosts: z.array(z.object({ id: z.string(), status: z.string(), reason: z.string().nullable() })),
  findings: z.array(z.object({ kind: z.string(), severity: z.string(), hosts: z.array(z.string()) }))
})

type Report = z.infer<typeof reportSchema>
type Finding = Report['findings'][number]

/** What a run should have found in a fleet beside what it did find: lines to print, and whether they agree. */
export interface Verdict {
  readonly lines: readonly string[]
  readonly isCorrect: boolean
}

/** @param path the run's `report.json`; without one, nothing was found */
export async function judgeRun(fleet: SimulatedFleet, path: string | undefined): Promise<Verdict> {
  const report: Report =
    path === undefined
      ? { hosts: [], findings: [] }
      : reportSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  const severe = report.findings.filter(
    ({ kind, severity }) => kind === 'deviation' && ['critical', 'high'].includes(severity)
  )
  const compromises = fleet.compromises.map(compromise => judgeCompromise(compromise, severe))
  const compromised = new Set(fleet.compromises.flatMap(({ hosts }) => hosts))
  const odd = new Set(fleet.hosts.filter(({ behavior }) => behavior !== 'honest').map(({ id }) => id))
  const falseAlarms = [...new Set(severe.flatMap(({ hosts }) => hosts))].filter(
    id => !compromised.has(id) && !odd.has(id)
  )
  const hosts = fleet.hosts
    .filter(({ behavior }) => behavior !== 'honest')
    .map(host => judgeStatus(host, report))
  return {
    lines: [
      'Compromises and findings:',
      ...(compromises.length > 0 ? compromises.flatMap(({ lines }) => lines) : ['  no host is compromised']),
      `Healthy hosts with a high or critical finding: ${falseAlarms.length === 0 ? 'none' : falseAlarms.join(' ')}`,
      ...hosts.flatMap(({ lines }) => lines)
    ],
    isCorrect: falseAlarms.length === 0 && [...compromises, ...hosts].every(({ isCorrect }) => isCorrect)
  }
}

/** A compromise is found if a finding names exactly its hosts. */
function judgeCompromise({ name, description, hosts }: Compromise, findings: readonly Finding[]): Verdict {
  const found = findings.find(finding => finding.hosts.join() === hosts.join())
  const mark = found === undefined ? '✗ MISSED' : `✓ ${found.severity}`
  return {
    lines: [`  ${mark.padEnd(10)} ${name.padEnd(17)} ${hosts.join(' ')}`, `             ${description}`],
    isCorrect: found !== undefined
  }
}

/** A host that does not answer as it should must not count as assessed. */
function judgeStatus({ id, behavior }: SimulatedHost, report: Report): Verdict {
  const host = report.hosts.find(candidate => candidate.id === id)
  const status =
    host === undefined
      ? 'missing from the report'
      : `${host.status}${host.reason === null ? '' : `: ${host.reason}`}`
  return {
    lines: [`Host ${id} (${behavior}) is ${status}`],
    isCorrect: host !== undefined && host.status !== 'reported'
  }
}
