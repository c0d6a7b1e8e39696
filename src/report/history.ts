import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type Known, type Memory, memorySchema } from './memory.ts'
import { findingLabel } from './phrases.ts'
import { isPublicView, type Shown } from './public-view.ts'
import type { Finding, Report, ReportHost } from './report.ts'
import { openFindings } from './summarize.ts'

/** Hosts of a finding that are remembered, to know whether a later run could check it. */
const MAX_REMEMBERED_HOSTS = 3
const MAX_KNOWN_FINDINGS = 300
const MAX_RESOLVED_FINDINGS = 20
/** Of the written memory. A text of ours never unpacks to more than {@link MAX_UNPACKED_BYTES}. */
const MAX_HISTORY_BYTES = 16_000
const MAX_UNPACKED_BYTES = 256 * 1024

const OPEN = '<!-- fleet-drift-memory:'
const CLOSE = ' -->'

/**
 * The memory after a run, made from the memory before it. If the findings, their hosts and the verdict are the same, the
 * memory before is returned, whatever the day.
 *
 * @param today YYYY-MM-DD
 */
export function remember(before: Memory | null, shown: Shown, today: string): Memory {
  const digest = digestOf(shown)
  const of = isPublicView(shown) ? 'counts' : 'hosts'
  const past = before?.of === of ? before : null
  if (past?.digest === digest) return past
  const since = shown.summary.verdict === 'clean' ? null : (past?.since ?? today)
  const fresh = { version: 1, of, digest, since, findings: shown.summary.findings } as const
  if (isPublicView(shown)) {
    const change = past === null ? null : { on: today, came: [], went: [], before: past.findings }
    return { ...fresh, known: [], unseen: [], change }
  }
  const open = knownOf(openFindings(shown.findings), past, today)
  const present = new Set(open.map(([id]) => id))
  const gone = (past?.known ?? []).filter(([id]) => !present.has(id))
  const states = new Map(shown.hosts.map(host => [host.id, host.status]))
  const unseen = gone.filter(known => !couldBeChecked(known, states))
  const went = gone.filter(known => couldBeChecked(known, states))
  const known = [...open, ...unseen].slice(0, MAX_KNOWN_FINDINGS)
  if (past === null) return { ...fresh, known, unseen: [], change: null }
  const remembered = new Set(past.known.map(([id]) => id))
  // If not all findings were remembered, a finding that was not may be old, so none is called new.
  const complete = past.known.length >= past.findings
  const came = complete ? open.map(([id]) => id).filter(id => !remembered.has(id)) : []
  const change = { on: today, came, went: went.slice(0, MAX_RESOLVED_FINDINGS), before: past.findings }
  return { ...fresh, known, unseen: unseen.map(([id]) => id), change }
}

/** One entry for each id, worst first. */
function knownOf(findings: readonly Finding[], past: Memory | null, today: string): Known[] {
  const first = new Map((past?.known ?? []).map(([id, day]) => [id, day]))
  return [...Map.groupBy(findings, finding => finding.id.slice(0, 80))].flatMap(([id, group]): Known[] => {
    const [worst] = group
    if (worst === undefined || id === '') return []
    const hosts = [...new Set(group.flatMap(finding => finding.hosts))]
    const kept = hosts.slice(0, MAX_REMEMBERED_HOSTS).map(host => host.slice(0, 64))
    return [[id, first.get(id) ?? today, findingLabel(worst), hosts.length, kept]]
  })
}

function couldBeChecked([, , , , hosts]: Known, states: ReadonlyMap<string, ReportHost['status']>): boolean {
  return hosts.every(host => (states.get(host) ?? 'reported') === 'reported')
}

function digestOf(shown: Shown): string {
  const { verdict } = shown.summary
  const content = isPublicView(shown)
    ? [
        verdict,
        shown.findingCounts.map(({ severity, kind, verdict, findings, hosts }) => [
          severity,
          kind,
          verdict,
          findings,
          hosts
        ])
      ]
    : [verdict, findingsOf(shown)]
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
}

function findingsOf({ findings }: Report): string[] {
  return openFindings(findings)
    .map(({ id, severity, verdict, hosts }) => JSON.stringify([id, severity, verdict, [...hosts].sort()]))
    .sort()
}

/** The memory as a hidden last line of a text. If there are too many findings, the worst are kept. */
export function writeMemory(memory: Memory): string {
  for (let keep = memory.known.length; ; keep = Math.floor(keep * 0.7)) {
    const kept = { ...memory, known: memory.known.slice(0, keep) }
    const packed = deflateRawSync(JSON.stringify(kept)).toString('base64')
    if (packed.length <= MAX_HISTORY_BYTES || keep === 0) return `${OPEN}${packed}${CLOSE}`
  }
}

/** The memory in a text of ours; `null` if none can be read. Never throws. */
export function readMemory(text: string): Memory | null {
  const line = text.trimEnd().split('\n').at(-1)?.trim() ?? ''
  if (!line.startsWith(OPEN) || !line.endsWith(CLOSE)) return null
  const packed = line.slice(OPEN.length, -CLOSE.length)
  if (packed.length > MAX_HISTORY_BYTES * 2 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return null
  try {
    const unpacked = inflateRawSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES })
    return memorySchema.safeParse(JSON.parse(unpacked.toString('utf8'))).data ?? null
  } catch {
    return null
  }
}
