import * as z from 'zod'
import { remember } from '../report/history.ts'
import type { FleetMemory } from '../report/memory.ts'
import type { Report } from '../report/report.ts'
import { isReasonCode, type ReasonCode } from '../snapshot/reasons.ts'

const text = z.string()
const names = z.array(text)
const count = z.number().nonnegative()
const severity = z.enum(['critical', 'high', 'medium', 'low', 'info'])
const row = z.record(text, text)
const ratio = z.tuple([count, count])

const runSchema = z.object({
  mode: text,
  name: text,
  collector: text,
  startedAt: text,
  finishedAt: text,
  targets: names,
  region: text.nullable(),
  packs: z.array(z.object({ name: text, sha256: text })),
  baseline: z.object({ path: text, sha256: text }).nullable(),
  snapshotSha256: text.nullable()
})

const summarySchema = z.object({
  verdict: z.enum(['drift', 'incomplete', 'clean']),
  hosts: count,
  reported: count,
  partial: count,
  silent: count,
  coverage: count,
  clusters: count,
  findings: count,
  outliers: count,
  accepted: count,
  foldedRows: count,
  worstSeverity: z.enum([...severity.options, 'none'])
})

const hostSchema = z.object({
  id: text,
  name: text.nullable(),
  status: z.enum(['reported', 'partial', 'silent']),
  reason: text.nullable(),
  code: z.custom<ReasonCode>(isReasonCode).nullable().catch(null),
  cluster: text.nullable(),
  surprise: z.number(),
  outlier: z.boolean(),
  findings: names,
  lastAnswered: z.iso.date().optional()
})

const findingSchema = z.object({
  id: text,
  kind: z.enum(['deviation', 'indicator', 'silent', 'partial', 'poisoning', 'acceptance']),
  verdict: z.enum(['intruder', 'rollout', 'broken-control', 'missing', 'variation']).nullable(),
  severity,
  surprise: z.number(),
  hosts: names,
  cluster: text.nullable(),
  rows: z.array(
    z.object({
      kind: z.enum(['unexpected', 'missing', 'changed']),
      query: text,
      row,
      expected: row.nullable(),
      baseline: z.enum(['new', 'known', 'missing', 'none']),
      prevalence: z.object({ cluster: ratio, fleet: ratio })
    })
  ),
  explanation: text,
  attack: names,
  acceptedBy: text.nullable(),
  firstSeen: z.iso.date().optional()
})

const clusterSchema = z.object({
  id: text,
  label: text,
  code: z.enum(['additions-only']).nullable().catch(null),
  size: count,
  hosts: names,
  distinguishedBy: z.array(z.object({ query: text, row }))
})

const reportSchema = z.object({
  schemaVersion: z.literal(1),
  tool: z.object({ name: text, version: text }),
  run: runSchema,
  summary: summarySchema,
  hosts: z.array(hostSchema),
  clusters: z.array(clusterSchema),
  findings: z.array(findingSchema),
  notices: names,
  history: z.looseObject({ since: z.iso.date().nullable() }).optional()
})

/** A report from an earlier run, with what it knew of the runs before it. */
export interface EarlierReport {
  readonly report: Report
  readonly memory: FleetMemory
}

/** Reads the value of a `report.json`. Sections about baselines are left out. @throws Error if it is not a report */
export function parseReport(value: unknown): EarlierReport {
  const parsed = reportSchema.safeParse(value)
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new Error(
      `not a report.json that this release reads${at === '' ? '' : `: ${at} is missing or wrong`}`
    )
  }
  const { history, hosts, findings, ...rest } = parsed.data
  const report: Report = {
    ...rest,
    hosts: hosts.map(({ lastAnswered: _, ...host }) => host),
    findings: findings.map(({ firstSeen: _, ...finding }) => finding)
  }
  const day = report.run.startedAt.slice(0, 10)
  const memory = remember(null, report, day)
  const firstSeen = new Map(
    findings.flatMap(({ id, firstSeen }) => (firstSeen === undefined ? [] : [[id, firstSeen]]))
  )
  return {
    report,
    memory: {
      findings: {
        ...memory,
        since: history?.since ?? memory.since,
        known: memory.known.map(([id, first, ...known]) => [id, firstSeen.get(id) ?? first, ...known])
      },
      hosts: new Map(
        hosts.flatMap(({ id, status, lastAnswered }) =>
          status !== 'silent' ? [[id, day]] : lastAnswered === undefined ? [] : [[id, lastAnswered]]
        )
      )
    }
  }
}
