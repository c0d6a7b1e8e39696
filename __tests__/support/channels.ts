import fc from 'fast-check'
import type { Log } from 'sarif'
import { annotationsOf } from '../../src/report/annotations.ts'
import { placesIn } from '../../src/report/finding-locations.ts'
import { readMemory, remember, writeMemory } from '../../src/report/history.ts'
import { renderJson } from '../../src/report/json.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import { redactReport } from '../../src/report/redact.ts'
import type { Report } from '../../src/report/report.ts'
import { renderSarif } from '../../src/report/sarif.ts'
import { renderTerminal } from '../../src/report/terminal.ts'
import { HOSTILE } from './hostile.ts'
import { outsideSpans } from './rendered.ts'
import { spoken } from './spoken.ts'

const MARKER = '<!-- fleet-drift:checkout -->'

const pieces = fc.constantFrom(
  ...HOSTILE.filter(text => text.length < 200),
  ...'`|\\<>&*_~[]()#@:/!$ \n\r\t\u202e\u200b\ud83d'.split(''),
  'www.',
  'word'
)

/** Something that a host may say: attacks and odd characters, in any mixture. */
export const hostileText = fc
  .array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 12 })
  .map(all => all.join(''))

/** A report in which every place that a host can speak in says something else. */
export const hostileReport: fc.Arbitrary<Report> = fc
  .array(hostileText, { minLength: 18, maxLength: 18 })
  .map(said => spoken(at => said[at] ?? ''))

/** A report as every channel tells it. */
export function channelsOf(report: Report) {
  const memory = remember(null, report, '2026-11-25')
  const options = { limit: 60_000, redacted: 1, whole: 'It is in report.json.' }
  const places = placesIn({ path: 'baselines/checkout.json', text: '{}' }, null)
  return {
    summary: renderMarkdown(report, options),
    comment: renderMarkdown(report, { ...options, marker: MARKER }),
    issue: `${renderMarkdown(report, { ...options, marker: MARKER, memory })}\n${writeMemory(memory)}\n`,
    log: renderTerminal(report),
    annotations: annotationsOf(report, places)
      .map(({ title, message }) => `${title}\n${message}`)
      .join('\n'),
    sarif: renderSarif(report, places),
    json: renderJson(report)
  }
}

export type Channels = ReturnType<typeof channelsOf>

/** What could still be obeyed, followed or hidden in one of the channels: `channel: what`. Empty where all is inert. */
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

/** All that must hold of a report, whatever its hosts said. @throws Error telling what does not. */
export function checkHostile(report: Report): void {
  const problems = liveIn(channelsOf(report))
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const once = redactReport(report).report
  const twice = redactReport(once)
  if (twice.count > 0) throw new Error('redacting twice finds more')
  const rows = (told: Report) =>
    JSON.stringify(told.findings.map(finding => finding.rows.map(({ row }) => row)))
  if (rows(JSON.parse(renderJson(report))) !== rows(report))
    throw new Error('report.json says something else')
  const memory = remember(null, report, '2026-11-25')
  const back = readMemory(writeMemory(memory))
  if (JSON.stringify(back) !== JSON.stringify(memory)) throw new Error('the memory does not come back')
}
