import { markdownTable } from 'markdown-table'
import { escapeSentence, escapeText } from './escape.ts'
import type { Memory } from './history.ts'
import { findingSection, findingsLeftOut, findingTable } from './markdown/findings.ts'
import { firstDays, historySection } from './markdown/history.ts'
import { namesOf, unassessed } from './markdown/hosts.ts'
import { learnedSection } from './markdown/learned.ts'
import { hostMap } from './markdown/map.ts'
import { planSection } from './markdown/plan.ts'
import { acceptedList, clusterTable, noticeList } from './markdown/run-sections.ts'
import { suggestionSection } from './markdown/suggestion.ts'
import { TIERS, type Tier } from './markdown/tier.ts'
import {
  count,
  coverageSentence,
  gistOf,
  headline,
  KINDS,
  listed,
  number,
  percent,
  SIGNS
} from './phrases.ts'
import { isPublicView, type PublicView, type Shown } from './public-view.ts'
import type { Report, ReportSummary } from './report.ts'
import { openFindings } from './summarize.ts'

export interface MarkdownOptions {
  /** Bytes of UTF-8, everything included. */
  readonly limit: number
  /** First line, when the text is a comment: `<!-- fleet-drift:NAME -->`. */
  readonly marker?: string
  /** How many secrets were hidden. */
  readonly redacted: number
  /** A sentence of ours: where the full report is. */
  readonly whole: string
  /** What a rolling report remembers of the runs before. */
  readonly memory?: Memory
  /** The run that made the report, for a link to its summary. */
  readonly runUrl?: string | null
}

/**
 * A report as GitHub-flavoured Markdown within `limit` bytes: verdict and coverage first, then findings worst first.
 * The first tier that fits is taken, at most one rendering each; of a tier whose sections alone are too long, as many
 * sections as fit. What was left out is said, with where to find it. Nothing depends on the clock, so that equal
 * reports give equal comments.
 */
export function renderMarkdown(shown: Shown, options: MarkdownOptions): string {
  if (isPublicView(shown)) return renderCounts(shown, options)
  let text = ''
  for (const tier of TIERS) {
    text = renderTier(shown, options, tier)
    if (Buffer.byteLength(text) <= options.limit) return text
  }
  return text
}

function renderTier(report: Report, options: MarkdownOptions, tier: Tier): string {
  const { memory } = options
  const names = namesOf(report)
  const days = firstDays(memory)
  const findings = openFindings(report.findings).filter(({ kind }) => kind !== 'silent' && kind !== 'partial')
  const before = [
    ...opening(gistOf(report), options),
    `${assessment(report)}${turned(report, options)}`,
    memory === undefined ? '' : historySection(memory, findings, tier),
    noticeList(report.notices, tier),
    planSection(report, names, tier),
    learnedSection(report, names, tier),
    findingTable(findings, names, tier, days),
    hostMap(findings, names, tier)
  ]
  const after = [
    unassessed(report, names, tier),
    suggestionSection(report, tier),
    clusterTable(report.clusters, names, tier),
    acceptedList(report, names, tier),
    footer(report, options)
  ]
  const fixed = Buffer.byteLength(join([...before, ...after])) + LEFT_OUT_BYTES
  const sections: string[] = []
  let room = options.limit - fixed
  for (const [at, finding] of findings.slice(0, tier.sections).entries()) {
    const section = findingSection(finding, at, names, tier, days)
    room -= Buffer.byteLength(section) + 2
    if (room < 0 && tier.folded === 0) break
    sections.push(section)
    if (room < 0) break
  }
  const rest = findings.slice(sections.length)
  const named = findings.length < 2 ? 0 : Math.min(findings.length, tier.listed)
  const leftOut = findingsLeftOut(rest, Math.max(0, named - sections.length))
  return join([...before, ...sections, leftOut, ...after])
}

/** Kept free for the sentence about findings left out. */
const LEFT_OUT_BYTES = 500

function join(parts: readonly string[]): string {
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

/** The marker and the headline, the name as inert as a host's word. */
function opening(gist: Parameters<typeof headline>[0], { marker }: MarkdownOptions): string[] {
  const title = `## ${headline({ ...gist, name: escapeSentence(gist.name, 64) })}`
  return [marker === undefined ? title : `${marker}\n${title}`]
}

function assessment({ run, summary, findings }: Report): string {
  const against =
    run.baseline === null
      ? 'Compared with each other.'
      : `Compared with the baseline ${escapeText(run.baseline.path, 200)} and with each other.`
  const natures = Object.entries(SIGNS).flatMap(([severity, sign]) => {
    const many = openFindings(findings).filter(finding => finding.severity === severity).length
    return many === 0 ? [] : [`${sign} ${number(many)} ${severity}`]
  })
  const open = natures.length === 0 ? [] : [`**Open findings**: ${natures.join(' · ')}`]
  const outliers = summary.outliers === 0 ? [] : [`**Outliers**: ${count(summary.outliers, 'host')}`]
  return [
    `**Coverage ${percent(summary.coverage)}**: ${coverageSentence(summary)} ${against}`,
    [...open, ...outliers].join(' · ')
  ]
    .filter(line => line !== '')
    .join('\n\n')
}

/** A comment or an issue is only there when something was said before, so a clean one has turned clean. */
function turned({ summary, plan }: Report, { marker, memory }: MarkdownOptions): string {
  const quiet = summary.verdict === 'clean' && summary.findings === 0 && plan === undefined
  return quiet && marker !== undefined
    ? `\n\nWhat this ${memory === undefined ? 'comment' : 'issue'} told of before is gone.`
    : ''
}

function footer(report: Report, options: MarkdownOptions): string {
  const { summary, run, tool } = report
  const said = foldedAway(summary, options.redacted)
  const packs = listed(run.packs.map(({ name }) => escapeText(name, 64)))
  const made = [
    packs === '' ? '' : `Packs ${packs}`,
    escapeText(`${tool.name} ${tool.version}`, 80),
    options.marker === undefined ? `finished ${escapeText(run.finishedAt, 40)}` : ''
  ]
  return `---\n\n<sub>${said}<br>${whereabouts(options)}<br>${made.filter(part => part !== '').join(' · ')}</sub>`
}

/** What is not among the findings, and why. */
function foldedAway({ foldedRows, accepted }: ReportSummary, redacted: number): string {
  const said = [
    foldedRows > 0
      ? `${count(foldedRows, 'row')} that differed folded as benign noise`
      : 'No row folded as noise',
    accepted > 0 ? `${count(accepted, 'finding')} accepted` : '',
    redacted > 0 ? `${count(redacted, 'secret')} redacted` : ''
  ]
  return `${said.filter(part => part !== '').join(' · ')}.`
}

function whereabouts({ whole, runUrl }: MarkdownOptions): string {
  const link =
    runUrl && /^https?:\/\/[\w.:-]+(?:\/[\w.-]+)+$/.test(runUrl) ? ` [Open the run](${runUrl}).` : ''
  return `${escapeSentence(whole, 600)}${link}`
}

/** The report of a public repository: nothing of a host is in {@link PublicView}, so nothing can be said. */
function renderCounts(view: PublicView, options: MarkdownOptions): string {
  const { summary } = view
  const body = view.natures.map(({ severity, kind, verdict, findings, hosts }) => [
    `${SIGNS[severity]} ${severity}`,
    KINDS[kind],
    verdict ?? '',
    number(findings),
    number(hosts)
  ])
  const head = ['Severity', 'Kind', 'Verdict', 'Findings', 'Hosts']
  const clusters = listed(
    view.clusterSizes.slice(0, 20).map(number),
    Math.max(0, view.clusterSizes.length - 20)
  )
  return join([
    ...opening(view, options),
    `**Coverage ${percent(summary.coverage)}**: ${coverageSentence(summary)}`,
    options.memory === undefined ? '' : historySection(options.memory, [], TIERS[0]),
    '> ℹ️ This repository is public, so only counts are shown here. The input `publish-to-public` changes that.',
    view.plan === null ? '' : `This pull request changes the baseline: ${view.plan}.`,
    view.learned === null ? '' : `The baseline: ${view.learned}.`,
    body.length === 0
      ? ''
      : markdownTable([head, ...body], { align: ['', '', '', 'r', 'r'], alignDelimiters: false }),
    view.clusterSizes.length > 1
      ? `${count(view.clusterSizes.length, 'cluster')}, of ${clusters} hosts.`
      : '',
    view.notices > 0 ? `${count(view.notices, 'notice')} about the run in the full report.` : '',
    `---\n\n<sub>${foldedAway(summary, options.redacted)}<br>${whereabouts(options)}</sub>`
  ])
}
