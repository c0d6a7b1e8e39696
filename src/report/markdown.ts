import { markdownTable } from 'markdown-table'
import { count, list, number } from '../text/phrases.ts'
import { escapeSentence, escapeText } from './escape.ts'
import { type Headline, headline, headlineOf } from './headline.ts'
import { firstDays } from './history-text.ts'
import { hostNamesOf } from './host-names.ts'
import { findingSection, findingsLeftOut, findingTable, minorSections } from './markdown/findings.ts'
import { historySection } from './markdown/history.ts'
import { inventorySection } from './markdown/inventory.ts'
import { learnedSection } from './markdown/learned.ts'
import { hostMap } from './markdown/map.ts'
import { planSection } from './markdown/plan.ts'
import { acceptedList, clusterTable, noticeList } from './markdown/run-sections.ts'
import { suggestionSection } from './markdown/suggestion.ts'
import { TIERS, type Tier } from './markdown/tier.ts'
import { unassessedSection } from './markdown/unassessed.ts'
import { SEVERITY_MARKS } from './marks.ts'
import type { Memory } from './memory.ts'
import { nextSteps } from './next-steps.ts'
import { coverageFindingsText, coverageSentence, KINDS, listFirst, percent } from './phrases.ts'
import { isPublicView, type PublicView, type Shown } from './public-view.ts'
import type { Report, ReportSummary } from './report.ts'
import { atLeast, nonCoverageFindings, openFindings, severityCounts } from './summarize.ts'

export interface MarkdownOptions {
  /** Bytes of UTF-8, everything included. */
  readonly limit: number
  /** First line, when the text is a comment: `<!-- fleet-drift:NAME -->`. */
  readonly marker?: string
  /** How many secrets were redacted. */
  readonly redacted: number
  /** A sentence of ours that says where the full report is. */
  readonly fullReport: string
  /** What a rolling report remembers of earlier runs. */
  readonly memory?: Memory
  /** Address of the run that made the report, for a link. */
  readonly runUrl?: string | null
}

/**
 * A report as GitHub Flavored Markdown of at most `limit` bytes: verdict and coverage first, then findings, worst
 * first. Each tier is rendered at most once, and the first that fits is used; a tier whose sections do not fit keeps as
 * many of them as do. The text says what was left out and where to find it. Nothing depends on the clock, so equal
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
  const memory = options.memory ?? report.history?.memory.findings
  const names = hostNamesOf(report)
  const days = firstDays(memory)
  const findings = nonCoverageFindings(report.findings)
  const before = [
    ...opening(headlineOf(report), options),
    assessment(report),
    stepList(report, tier),
    resolvedText(report, options),
    memory === undefined ? '' : historySection(memory, findings, tier),
    noticeList(report.notices, tier),
    planSection(report, names, tier),
    learnedSection(report, names, tier),
    findingTable(findings, names, tier, days),
    hostMap(findings, names, tier),
    inventorySection(report, tier),
    unassessedSection(report, names, tier)
  ]
  const after = [
    suggestionSection(report, tier),
    clusterTable(report.clusters, names, tier),
    acceptedList(report, names, tier),
    footer(report, options)
  ]
  let room = options.limit - Buffer.byteLength(join([...before, ...after])) - LEFT_OUT_BYTES
  const sections: string[] = []
  for (const [index, finding] of findings.slice(0, tier.sections).entries()) {
    const section = findingSection(finding, index + 1, names, tier, days, report.run.targets)
    room -= Buffer.byteLength(section) + 2
    if (room < 0 && tier.folded === 0) break
    sections.push(section)
    if (room < 0) break
  }
  const listed = findings.length < 2 ? 0 : Math.min(findings.length, tier.listed)
  const leftOut = findingsLeftOut(findings.slice(sections.length), Math.max(0, listed - sections.length))
  const serious = findings.filter(({ severity }) => atLeast(severity, 'medium')).length
  const minor = minorSections(sections.slice(serious), serious + 1)
  return join([...before, ...sections.slice(0, serious), minor, leftOut, ...after])
}

/** Reserved for the sentence about findings that are left out, and the frame around minor ones. */
const LEFT_OUT_BYTES = 600

function join(parts: readonly string[]): string {
  return `${parts.filter(part => part !== '').join('\n\n')}\n`
}

/** The marker and the headline. The name is escaped like a host's words. */
function opening(from: Headline, { marker }: MarkdownOptions): string[] {
  const title = `## ${headline({ ...from, name: escapeSentence(from.name, 64) })}`
  return [marker === undefined ? title : `${marker}\n${title}`]
}

function assessment(report: Report): string {
  const { run, summary, findings } = report
  const comparison =
    summary.reported + summary.partial === 0
      ? ''
      : run.baseline === null
        ? report.inventory === undefined
          ? ' Compared with each other.'
          : ''
        : ` Compared with the baseline ${escapeText(run.baseline.path, 200)} and with each other.`
  const severities = severityCounts(openFindings(findings)).map(
    ({ severity, findings }) => `${SEVERITY_MARKS[severity]} ${number(findings)} ${severity}`
  )
  const about = coverageFindingsText(findings)
  const counts = [
    severities.length === 0
      ? ''
      : `**Open findings**: ${severities.join(' · ')}${about === '' ? '' : `, ${about}`}`,
    summary.outliers === 0 ? '' : `**Outliers**: ${count(summary.outliers, 'host')}`
  ]
  const coverage = `**Coverage ${percent(summary.coverage)}**: ${coverageSentence(summary)}${comparison}`
  const found = counts.filter(part => part !== '').join(' · ')
  return found === '' ? coverage : `${coverage}\n\n${found}`
}

function stepList(report: Report, tier: Tier): string {
  if (tier.sections === 0) return ''
  const steps = nextSteps(report).map(step => `- ${escapeSentence(step)}`)
  return steps.length === 0 ? '' : `**What to do**\n\n${steps.join('\n')}`
}

/** A comment or an issue exists only because something was reported, so a clean report means that it is resolved. */
function resolvedText({ summary, plan }: Report, { marker }: MarkdownOptions): string {
  const nothing = summary.verdict === 'clean' && summary.findings === 0 && plan === undefined
  return nothing && marker !== undefined ? 'Everything reported here earlier is resolved.' : ''
}

function footer(report: Report, options: MarkdownOptions): string {
  const { summary, run, tool } = report
  const packs = list(run.packs.map(({ name }) => escapeText(name, 64)))
  const origin = [
    packs === '' ? '' : `Packs ${packs}`,
    escapeText(`${tool.name} ${tool.version}`, 80),
    options.marker === undefined ? `finished ${escapeText(run.finishedAt, 40)}` : ''
  ]
  return `---\n\n<sub>${leftOutText(summary, options.redacted)}<br>${fullReportText(options)}<br>${origin.filter(part => part !== '').join(' · ')}</sub>`
}

/** What is not among the open findings, and why. */
function leftOutText({ foldedRows, accepted }: ReportSummary, redacted: number): string {
  const parts = [
    foldedRows > 0
      ? `${count(foldedRows, 'differing row')} folded as benign noise`
      : 'No rows folded as noise',
    accepted > 0 ? `${count(accepted, 'finding')} accepted` : '',
    redacted > 0 ? `${count(redacted, 'secret')} redacted` : ''
  ]
  return `${parts.filter(part => part !== '').join(' · ')}.`
}

function fullReportText({ fullReport, runUrl }: MarkdownOptions): string {
  const link =
    runUrl && /^https?:\/\/[\w.:-]+(?:\/[\w.-]+)+$/.test(runUrl) ? ` [Open the run](${runUrl}).` : ''
  return `${escapeSentence(fullReport, 600)}${link}`
}

/** The report of a public repository: {@link PublicView} holds nothing of a host, so nothing can be printed. */
function renderCounts(view: PublicView, options: MarkdownOptions): string {
  const { summary, clusterSizes, plan, learned, notices } = view
  const body = view.findingCounts.map(({ severity, kind, verdict, findings, hosts }) => [
    `${SEVERITY_MARKS[severity]} ${severity}`,
    KINDS[kind],
    verdict ?? '',
    number(findings),
    number(hosts)
  ])
  const headers = ['Severity', 'Kind', 'Verdict', 'Findings', 'Hosts']
  return join([
    ...opening(view, options),
    `**Coverage ${percent(summary.coverage)}**: ${coverageSentence(summary)}`,
    options.memory === undefined ? '' : historySection(options.memory, [], TIERS[0]),
    '> ℹ️ This repository is public, so only counts are shown here. Set `publish-to-public: true` to show everything.',
    plan === null ? '' : `This pull request changes the baseline: ${plan}.`,
    learned === null ? '' : `The baseline: ${learned}.`,
    body.length === 0
      ? ''
      : markdownTable([headers, ...body], { align: ['', '', '', 'r', 'r'], alignDelimiters: false }),
    clusterSizes.length > 1
      ? `${count(clusterSizes.length, 'cluster')}, with ${listFirst(clusterSizes, 20, number)} hosts.`
      : '',
    notices > 0 ? `The full report has ${count(notices, 'notice')} about the run.` : '',
    `---\n\n<sub>${leftOutText(summary, options.redacted)}<br>${fullReportText(options)}</sub>`
  ])
}
