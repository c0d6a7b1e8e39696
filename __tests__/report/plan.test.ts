import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { type MarkdownOptions, renderMarkdown } from '../../src/report/markdown.ts'
import { countsOnly } from '../../src/report/public-view.ts'
import { redactReport } from '../../src/report/redact.ts'
import type { Report } from '../../src/report/report.ts'
import { renderTerminal } from '../../src/report/terminal.ts'
import { HOSTILE } from '../support/hostile.ts'
import { CHANGES, goodPlan, learnedBaseline, poisonedPlan, staticPlan, suggested } from '../support/plans.ts'
import { hasCmark, outsideCode, outsideSpans, toHtml } from '../support/rendered.ts'

const summary: MarkdownOptions = {
  limit: 1_040_000,
  redacted: 0,
  fullReport: 'The full report is report.json in the output folder of this run.'
}
const comment: MarkdownOptions = { ...summary, limit: 60_000, marker: '<!-- fleet-drift:checkout -->' }

/** `UPDATE_GOLDEN=1 npm test` rewrites the files. */
function expectGolden(name: string, text: string): void {
  const path = `__tests__/report/golden/${name}`
  if (process.env.UPDATE_GOLDEN || !existsSync(path)) writeFileSync(path, text)
  expect(text).toBe(readFileSync(path, 'utf8'))
}

test.each<[string, string]>([
  ['plan-poisoned-comment.md', renderMarkdown(poisonedPlan(), comment)],
  ['plan-good-comment.md', renderMarkdown(goodPlan(), comment)],
  ['plan-static.md', renderMarkdown(staticPlan(), summary)],
  ['plan-counts.md', renderMarkdown(countsOnly(poisonedPlan()), comment)],
  ['learned.md', renderMarkdown(learnedBaseline(), summary)],
  ['learned.txt', renderTerminal(learnedBaseline())],
  ['suggested.md', renderMarkdown(suggested(), summary)]
])('renders %s as it was approved', expectGolden)

/** A report with the same text wherever a plan, a baseline or a suggestion can quote a host or an author. */
function planSaying(text: string): Report {
  const changes = {
    rows: CHANGES.rows.map(change => ({
      ...change,
      role: text,
      query: text,
      row: { [text]: text, column: text }
    })),
    queries: CHANGES.queries.map(change => ({ ...change, query: text })),
    acceptances: CHANGES.acceptances.map(({ change, acceptance }) => ({
      change,
      acceptance: {
        ...acceptance,
        query: text,
        match: { [text]: text },
        hosts: [text],
        reason: text,
        owner: text
      }
    })),
    packs: [text]
  }
  const { plan, run, ...rest } = poisonedPlan()
  const planned = {
    id: text,
    severity: 'high' as const,
    verdict: 'rollout' as const,
    hosts: [text],
    queries: [text]
  }
  return {
    ...rest,
    run: { ...run, baseline: { path: text, sha256: '' } },
    plan: {
      changes,
      integrity: [text],
      effect: { becomeClean: [text], becomeDrifted: [text], vanished: [planned], appeared: [planned] }
    },
    learned: {
      integrity: [text],
      path: text,
      changed: true,
      changes,
      refused: [{ query: text, row: { [text]: text }, hosts: [text], reason: text }]
    },
    suggestion: { file: text, changes }
  }
}

const shape = (markdown: string): string =>
  outsideSpans(markdown)
    .split('\n')
    .map(line => line.replace(/(?:\(code\)|\*empty\*|[\w.,'"’;:!?()%=·×–—→$-]+|\s)+/g, ' '))
    .join('\n')

test('whatever a row, a role or an acceptance holds, the report keeps its form', () => {
  const expected = shape(renderMarkdown(planSaying('word'), comment))
  for (const text of HOSTILE.filter(words => words.trim() !== '')) {
    const actual = renderMarkdown(planSaying(text), comment)
    expect([text.slice(0, 80), shape(actual)]).toEqual([text.slice(0, 80), expected])
    expect(Buffer.byteLength(actual)).toBeLessThanOrEqual(60_000)
    const log = renderTerminal(planSaying(text))
    expect(log).not.toMatch(/(?!\n)[\p{Cc}]|[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/u)
    expect(log).not.toMatch(/^\s*::|##\[/m)
  }
})

const whenRendered = hasCmark ? test : test.skip

whenRendered('rendered as on GitHub, a hostile plan has the same tags as a benign one', () => {
  const tags = (shown: Report) =>
    (outsideCode(toHtml(renderMarkdown(shown, comment))).match(/<[^>]+>/g) ?? []).filter(
      tag => tag !== '<code/>'
    )
  const expected = tags(planSaying('word'))
  for (const text of HOSTILE.filter(words => words.trim() !== ''))
    expect([text.slice(0, 80), tags(planSaying(text))]).toEqual([text.slice(0, 80), expected])
})

test('a change of 20,000 rows fits in a comment that counts what is left out', () => {
  const { plan, ...rest } = poisonedPlan()
  const rows = Array.from({ length: 20_000 }, (_, at) => ({
    ...CHANGES.rows[0]!,
    query: `query_${at % 30}`,
    row: { name: `x${at}`, path: 'y'.repeat(200) }
  }))
  const text = renderMarkdown({ ...rest, plan: { ...plan!, changes: { ...CHANGES, rows } } }, comment)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000)
  expect(text).toContain('20,000 rows added')
  expect(text).toMatch(/And [\d,]+ more lines in the file itself/)
})

test('secrets in a plan, a baseline and a suggestion are hidden in the report', () => {
  const { report, count } = redactReport(planSaying('--password hunter2'))
  expect(count).toBeGreaterThan(10)
  const { path: _, ...learned } = report.learned!
  expect(
    JSON.stringify([
      report.plan!.changes.rows.map(({ row }) => Object.values(row)),
      learned.refused.map(({ row }) => Object.values(row)),
      report.suggestion!.changes.acceptances.map(({ acceptance }) => [
        Object.values(acceptance.match),
        acceptance.reason,
        acceptance.owner
      ])
    ])
  ).not.toContain('hunter2')
})

test('the public view of a plan holds only numbers', () => {
  const view = countsOnly(planSaying('WORD'))
  for (const text of [JSON.stringify(view), renderMarkdown(view, comment)]) expect(text).not.toContain('WORD')
})
