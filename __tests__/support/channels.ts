import fc from 'fast-check'
import type { Log } from 'sarif'
import { annotationsOf } from '../../src/report/annotations.ts'
import { findingLocator } from '../../src/report/finding-locations.ts'
import { readMemory, remember, writeMemory } from '../../src/report/history.ts'
import { renderJson } from '../../src/report/json.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { redactReport } from '../../src/report/redact.ts'
import type { Report } from '../../src/report/report.ts'
import { renderSarif } from '../../src/report/sarif.ts'
import { renderTerminal } from '../../src/report/terminal.ts'
import { HOSTILE } from './hostile.ts'
import { outsideSpans } from './rendered.ts'
import { reportSaying } from './report-saying.ts'

const MARKER = '<!-- fleet-drift:checkout -->'

const pieces = fc.constantFrom(
  ...HOSTILE.filter(text => text.length < 200),
  ...'`|\\<>&*_~[]()#@:/!$ \n\r\t\u202e\u200b\ud83d'.split(''),
  'www.',
  'word'
)

/** Something that a host may send: attacks and odd characters in any mixture. */
export const hostileText = fc
  .array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 12 })
  .map(all => all.join(''))

/** A report with a different text in every place that can quote a host. */
export const hostileReport: fc.Arbitrary<Report> = fc
  .array(hostileText, { minLength: 18, maxLength: 18 })
  .map(texts => reportSaying(place => texts[place] ?? ''))

/** A report in every channel. */
export function channelsOf(report: Report) {
  const memory = remember(null, report, '2026-11-25')
  const options = { limit: 60_000, redacted: 1, fullReport: 'It is in report.json.' }
  const locate = findingLocator({ path: 'baselines/checkout.json', text: '{}' }, null)
  return {
    summary: renderMarkdown(report, options),
    comment: renderMarkdown(report, { ...options, marker: MARKER }),
    issue: `${renderMarkdown(report, { ...options, marker: MARKER, memory })}\n${writeMemory(memory)}\n`,
    log: renderTerminal(report),
    annotations: annotationsOf(report, locate)
      .map(({ title, message }) => `${title}\n${message}`)
      .join('\n'),
    sarif: renderSarif(report, locate),
    json: renderJson(report)
  }
}

export type Channels = ReturnType<typeof channelsOf>

/** Whatever could still be obeyed, followed or hidden in a channel, as `channel: text`. Empty if everything is inert. */
export function liveIn(channels: Channels): string[] {
  const problems: string[] = []
  const refuse = (channel: string, text: string, pattern: RegExp) => {
    const found = pattern.exec(text)
    if (found !== null)
      problems.push(
        `${channel}: ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 60))}`
      )
  }
  for (const [channel, text] of Object.entries(channels)) refuse(channel, text.replaceAll(SIGNS, ''), HIDDEN)
  for (const channel of ['summary', 'comment', 'issue'] as const) {
    const outside = outsideSpans(channels[channel])
    refuse(
      channel,
      outside.replaceAll(OURS, ''),
      /@\w|(?<![\w&])#\d|\]\((?!https:\/\/attack\.mitre\.org\/)|(?<!\]\(https?):\/\/|www\.|<(?!\/?(?:details|summary|sub|br)>)[a-z/!]/i
    )
    const comments = outside.split('\n').filter(line => line.includes('<!--')).length
    const expected = { summary: 0, comment: 1, issue: 2 }[channel]
    if (comments !== expected) problems.push(`${channel}: ${comments} hidden comments`)
  }
  refuse('log', channels.log, /^\s*::|##\[/m)
  const { results, invocations } = (JSON.parse(channels.sarif) as Log).runs[0]!
  const messages = [...results!, ...invocations![0]!.toolExecutionNotifications!].map(
    ({ message }) => message.text!
  )
  for (const text of [...messages, channels.annotations]) refuse('plain text', text, LIVE)
  return problems
}

/** Controls, format characters and separators; line breaks are ours. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u
/** Our own signs, which have a variation selector each. */
const SIGNS = /[ℹ⚠✏]\ufe0f/gu
const LIVE = /@\w|#\d|\]\(|\]\[|:\/\/|www\.|<[a-z/!]|\{\d|GH-\d|^\s*::|##\[/im
/** Hidden lines of ours. */
const OURS = /^<!-- fleet-drift(?::checkout|-memory:[A-Za-z0-9+/=]+) -->$/gm

/** Checks everything that must hold for a report, whatever its hosts sent. @throws Error that lists what does not */
export function checkHostile(report: Report): void {
  const problems = liveIn(channelsOf(report))
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const once = redactReport(report).report
  const twice = redactReport(once)
  if (twice.count > 0) throw new Error('redacting twice finds more')
  const rows = (from: Report) =>
    JSON.stringify(from.findings.map(finding => finding.rows.map(({ row }) => row)))
  if (rows(JSON.parse(renderJson(report))) !== rows(report)) throw new Error('report.json has other rows')
  const memory = remember(null, report, '2026-11-25')
  const back = readMemory(writeMemory(memory))
  if (JSON.stringify(back) !== JSON.stringify(memory))
    throw new Error('the memory does not survive writing and reading')
}
