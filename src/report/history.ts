import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type Known, type Memory, memorySchema } from './memory.ts'
import { findingLabel } from './phrases.ts'
import { isPublicView, type PublicView, type Shown } from './public-view.ts'
import type { Finding, ReportHost, RunVerdict } from './report.ts'
import { openFindings } from './summarize.ts'

/** Hosts of a finding that are remembered, to know whether a later run could check it. */
const MAX_REMEMBERED_HOSTS = 3
const MAX_KNOWN_FINDINGS = 10_000
/** Of the memory in a text. A text of ours never unpacks to more than {@link MAX_UNPACKED_BYTES}. */
const MAX_HISTORY_BYTES = 16_000
const MAX_UNPACKED_BYTES = 256 * 1024
/** Findings of the last change in a text, of each list. */
const MAX_WRITTEN_CHANGES = 100

const OPEN = '<!-- fleet-drift-memory:'
const CLOSE = ' -->'

/**
 * The memory after a run, made from the memory before it. If the findings, their hosts and the verdict are the same, the
 * memory before is returned, whatever the day.
 *
 * @param today YYYY-MM-DD
 */
export function remember(before: Memory | null, shown: Shown, today: string): Memory {
  const isPublic = isPublicView(shown)
  const { verdict } = shown.summary
  const of = isPublic ? 'counts' : 'hosts'
  const past = before?.of === of ? before : null
  const open = isPublic ? [] : knownOf(openFindings(shown.findings), past, today)
  const digest = isPublic
    ? digestOf([verdict, shown.findingCounts.map(countLine)])
    : digestOfKnown(verdict, open)
  if (past?.digest === digest) return past
  const since = verdict === 'clean' ? null : (past?.since ?? today)
  const findings = isPublic ? shown.summary.findings : open.length
  const fresh = { version: 1, of, digest, verdict, since, findings } as const
  if (isPublic) {
    const change = past === null ? null : { on: today, came: [], went: [], before: past.findings }
    return { ...fresh, known: [], unseen: [], change }
  }
  const present = new Set(open.map(([id]) => id))
  const gone = (past?.known ?? []).filter(([id]) => !present.has(id))
  const states = new Map(shown.hosts.map(host => [host.id, host.status]))
  const unseen = gone.filter(known => !couldBeChecked(known, states))
  const went = gone.filter(known => couldBeChecked(known, states))
  const known = [...open, ...unseen].slice(0, MAX_KNOWN_FINDINGS)
  if (past === null) return { ...fresh, known, unseen: [], change: null }
  const remembered = new Set(past.known.map(([id]) => id))
  // If not all findings were remembered, a finding that was not may be old, so none is called new.
  const isComplete = past.known.length >= past.findings
  const came = isComplete ? open.map(([id]) => id).filter(id => !remembered.has(id)) : []
  const change = { on: today, came, went, before: past.findings }
  return { ...fresh, known, unseen: unseen.map(([id]) => id), change }
}

/**
 * What a finding is remembered by. A host that is not assessed for another reason than the day before is no news, so
 * reasons do not count; the severity does, which says whether it was reached.
 */
export function memoryId({ id, kind, severity }: Pick<Finding, 'id' | 'kind' | 'severity'>): string {
  return kind === 'silent' || kind === 'partial' ? `${kind}/${severity}` : id.slice(0, 80)
}

/** One entry for each id, worst first. */
function knownOf(findings: readonly Finding[], past: Memory | null, today: string): Known[] {
  const first = new Map((past?.known ?? []).map(([id, day]) => [id, day]))
  const digestOfHosts = hostDigests()
  return [...Map.groupBy(findings, memoryId)].flatMap(([id, group]): Known[] => {
    const [worst] = group
    if (worst === undefined || id === '') return []
    const hosts = [...new Set(group.flatMap(finding => finding.hosts))]
    const kept = hosts.slice(0, MAX_REMEMBERED_HOSTS).map(host => host.slice(0, 64))
    return [[id, first.get(id) ?? today, findingLabel(worst), hosts.length, kept, digestOfHosts(hosts)]]
  })
}

/** Hosts that answer in full again are no longer silent or partial, whatever they were before. */
function couldBeChecked(
  [id, , , , hosts]: Known,
  states: ReadonlyMap<string, ReportHost['status']>
): boolean {
  const isCoverage = id.startsWith('silent/') || id.startsWith('partial/')
  return isCoverage || hosts.every(host => (states.get(host) ?? 'reported') === 'reported')
}

/** The digest of a run, from all of its open findings. */
export function digestOfKnown(verdict: RunVerdict, open: readonly Known[]): string {
  return digestOf([
    verdict,
    open.map(([id, , label, count, , hosts]) => [id, label, count, hosts].join(' ')).sort()
  ])
}

/**
 * Digests of lists of hosts, in any order: the exclusive or of the digests of their ids, so that those of disjoint lists
 * combine. Each id is digested once.
 */
function hostDigests(): (hosts: readonly string[]) => string {
  const halves = new Map<string, readonly [number, number]>()
  const halvesOf = (host: string): readonly [number, number] => {
    const known = halves.get(host)
    if (known !== undefined) return known
    const bytes = createHash('sha256').update(host).digest()
    const made = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)] as const
    halves.set(host, made)
    return made
  }
  return hosts => {
    let [high, low] = [0, 0]
    for (const host of hosts) {
      const [ownHigh, ownLow] = halvesOf(host)
      high ^= ownHigh
      low ^= ownLow
    }
    return hex(high) + hex(low)
  }
}

/** The digest of two lists of hosts that have no host in common. */
export function combineHostDigests(one: string, other: string): string {
  const half = (text: string, from: number) => Number.parseInt(text.slice(from, from + 8), 16)
  return hex(half(one, 0) ^ half(other, 0)) + hex(half(one, 8) ^ half(other, 8))
}

/** Of 32 bits. */
function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0')
}

function digestOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
}

function countLine({ severity, kind, verdict, findings, hosts }: PublicView['findingCounts'][number]) {
  return [severity, kind, verdict, findings, hosts]
}

/** The memory as a hidden last line of a text. If there are too many findings, the worst are kept. */
export function writeMemory(memory: Memory): string {
  const { change, unseen } = memory
  const shortened = {
    ...memory,
    unseen: unseen.slice(0, MAX_WRITTEN_CHANGES),
    change: change && {
      ...change,
      came: change.came.slice(0, MAX_WRITTEN_CHANGES),
      went: change.went.slice(0, MAX_WRITTEN_CHANGES)
    }
  }
  for (let keep = memory.known.length; ; keep = Math.floor(keep * 0.7)) {
    const text = JSON.stringify({ ...shortened, known: memory.known.slice(0, keep) })
    const packed = text.length > MAX_UNPACKED_BYTES ? null : deflateRawSync(text).toString('base64')
    if (packed !== null && (packed.length <= MAX_HISTORY_BYTES || keep === 0))
      return `${OPEN}${packed}${CLOSE}`
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
