import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { renderJson } from '../../src/report/json.ts'
import { type MarkdownOptions, renderMarkdown } from '../../src/report/markdown.ts'
import { countsOnly } from '../../src/report/public-view.ts'
import type { Report } from '../../src/report/report.ts'
import { renderTerminal } from '../../src/report/terminal.ts'
import { HOSTILE } from '../support/hostile.ts'
import { hasCmark, outsideCode, outsideSpans, toHtml } from '../support/rendered.ts'
import { reportSaying } from '../support/report-saying.ts'
import { cluster, finding, host, report, row } from '../support/reports.ts'
import { drifted, enormous, healthy, incomplete } from '../support/samples.ts'

const MARKER = '<!-- fleet-drift:checkout -->'
const summary: MarkdownOptions = {
  limit: 1_040_000,
  redacted: 2,
  fullReport: 'The full report is report.json in the output folder of this run.',
  runUrl: 'https://github.com/acme/fleet/actions/runs/42'
}
const comment: MarkdownOptions = { ...summary, limit: 60_000, marker: MARKER }

/** `UPDATE_GOLDEN=1 npm test` rewrites the files. */
function expectGolden(name: string, text: string): void {
  const path = `__tests__/report/golden/${name}`
  if (process.env.UPDATE_GOLDEN || !existsSync(path)) writeFileSync(path, text)
  expect(text).toBe(readFileSync(path, 'utf8'))
}

test.each<[string, string]>([
  ['drifted.md', renderMarkdown(drifted(), summary)],
  ['drifted-comment.md', renderMarkdown(drifted(), comment)],
  ['drifted-counts.md', renderMarkdown(countsOnly(drifted()), summary)],
  ['drifted-brief.md', renderMarkdown(drifted(), { ...summary, limit: 3_500 })],
  ['healthy.md', renderMarkdown(healthy(), summary)],
  ['healthy-comment.md', renderMarkdown(healthy(), comment)],
  ['incomplete.md', renderMarkdown(incomplete(), summary)],
  ['drifted.txt', renderTerminal(drifted())],
  ['healthy.txt', renderTerminal(healthy())]
])('renders %s as it was approved', expectGolden)

test('the first line gives verdict and coverage; in a comment it is the second', () => {
  const first = (shown: Report) => renderMarkdown(shown, summary).split('\n', 1)[0]
  expect(first(drifted())).toBe(
    '## 🟥 checkout: drift. 3 findings on 7 hosts and 1 rollout on 16 hosts; 62 of 64 hosts assessed'
  )
  expect(first(healthy())).toBe('## ✅ checkout: clean. No drift, all 62 hosts assessed')
  expect(first(incomplete())).toBe(
    '## ⚠️ checkout: incomplete. No drift found, but only 46 of 64 hosts assessed'
  )
  expect(first(report([host('i-1')], [], { run: { mode: 'baseline' } }))).toBe(
    '## 📦 checkout: baseline. Its only host assessed'
  )
  const lines = renderMarkdown(drifted(), comment).split('\n')
  expect(lines[0]).toBe(MARKER)
  expect(lines[1]).toBe(first(drifted()))
})

test('hosts that were expected but not found are reported', () => {
  const text = renderMarkdown(incomplete(), summary)
  expect(text).toContain('46 of 64 hosts fully assessed, 16 silent, 2 expected but not found')
  expect(text).toContain('| not found | 2 hosts | Expected, or counted by SSM, but not among the hosts')
  expect(renderTerminal(incomplete())).toMatch(
    /Not fully assessed[\s\S]* {3}2 hosts not found\n {6}Expected, or counted/
  )
  const fromFiles = { ...incomplete(), run: { ...incomplete().run, collector: 'files' } }
  expect(renderMarkdown(fromFiles, summary)).toContain('Expected, but in none of the files, or in a part')
})

test('a healthy report is short, and its comment says that everything reported earlier is resolved', () => {
  expect(renderMarkdown(healthy(), summary).length).toBeLessThan(700)
  expect(renderMarkdown(healthy(), comment)).toContain('Everything reported here earlier is resolved.')
  expect(renderMarkdown(healthy(), summary)).not.toContain('reported here earlier')
})

test('equal reports give equal comments, whenever they were made', () => {
  const later = {
    ...drifted(),
    run: { ...drifted().run, startedAt: '2027-01-01T00:00:00Z', finishedAt: '2027-01-01T00:01:00Z' }
  }
  expect(renderMarkdown(later, comment)).toBe(renderMarkdown(drifted(), comment))
})

test.each([1_040_000, 60_000, 20_000, 8_000])(
  '300 findings on 2,000 hosts fit in %d bytes, and whatever is left out is counted',
  limit => {
    const sample = enormous()
    const text = renderMarkdown(sample, { ...comment, limit })
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit)
    const sections = (text.match(/^### \S+ \d+ · /gm) ?? []).length
    const leftOut = Number(/\*\*(\d+) findings are not shown in full\*\*/.exec(text)?.[1] ?? 0)
    expect(sections + leftOut).toBe(300)
    expect(text).toContain('2,000 hosts')
    expect(text).toMatch(/The full report is `report\.json`/)
    if (limit >= 60_000) expect(sections).toBeGreaterThan(5)
  }
)

test('minor findings accuse nobody and are closed, and the numbers of a report add up', () => {
  const hosts = [host('i-1'), host('i-2'), host('i-3', { status: 'silent', reason: 'why' })]
  const text = renderMarkdown(
    report(hosts, [
      finding('a', { hosts: ['i-1'] }),
      finding('s', { kind: 'silent', verdict: null, severity: 'medium', hosts: ['i-3'] }),
      finding('b', { severity: 'low', hosts: ['i-2'] }),
      finding('c', { severity: 'info', hosts: ['i-2'] })
    ]),
    summary
  )
  expect(text).toContain('🔴 1 high · 🟠 1 medium · 🟡 1 low · ⚪ 1 info, 1 of them about coverage ·')
  expect(text).toContain('drift. 1 finding on 1 host and 2 minor findings; 2 of 3 hosts assessed')
  const closed = text.indexOf('<details><summary>Minor findings 2 to 3</summary>')
  expect(closed).toBeGreaterThan(text.indexOf('### 🔴 1 · High intruder'))
  expect(text.indexOf('### 🟡 2 · Low anomaly')).toBeGreaterThan(closed)
  expect(text.match(/intruder/g)).toHaveLength(2)
})

test('the table of findings says why a finding without rows is one', () => {
  const blind = finding('b', {
    verdict: 'broken-control',
    explanation: 'It did not answer: osquery was removed. What it has is not known.'
  })
  const text = renderMarkdown(report([host('i-1')], [blind, finding('a')]), summary)
  expect(text).toContain('| | It did not answer')
  expect(text).toMatch(/high broken control .*osquery was removed\. \|/)
})

test('rows that are not shown are counted in their finding', () => {
  const rows = Array.from({ length: 300 }, (_, at) => row('processes', { path: `/bin/${at}` }))
  const text = renderMarkdown(report([host('i-0000000000000001')], [finding('f', { rows })]), summary)
  expect(text).toContain('<summary>190 more rows</summary>')
  expect(text).toContain('And 100 more rows in the full report.')
})

test('a long list of hosts shows ten and counts the others', () => {
  const hosts = Array.from({ length: 47 }, (_, at) => host(`i-${at}`))
  const text = renderMarkdown(report(hosts, [finding('f', { hosts: hosts.map(({ id }) => id) })]), summary)
  expect(text).toContain('`i-9` and 37 more')
})

test('hosts with the same name are distinguished by their ids, and no host can pass for another', () => {
  const hosts = [
    host('i-1', { name: 'localhost.localdomain' }),
    host('i-2', { name: 'localhost.localdomain' }),
    host('i-3', { name: 'i-1' })
  ]
  const rows = [row('q', { a: 'b' })]
  const findings = hosts.map(({ id }) => finding(`f-${id}`, { hosts: [id], rows }))
  const text = renderMarkdown(report(hosts, findings), summary)
  expect(text).toContain('| high intruder | `i-3` |')
  expect(text).toContain('**Hosts**: `i-1` (`i-3`)')
  expect(text).toContain('| high intruder | `i-2` |')
})

/** The number of words in a sentence depends on the quoted text; everything else keeps its form. */
const form = (text: string): string =>
  text
    .replace(/&quot;/g, '"')
    .split('\n')
    .map(line =>
      line.replace(/(?:\(code\)|<code\/>|<em>empty<\/em>|\*empty\*|[\w.,'"’;:!?()%=·×–—→$-]+|\s)+/g, ' ')
    )
    .join('\n')

const benign = reportSaying(() => 'word')

test('whatever a host sends, report and comment keep their form', () => {
  for (const [options, name] of [
    [summary, 'summary'],
    [comment, 'comment']
  ] as const) {
    const expected = form(outsideSpans(renderMarkdown(benign, options)))
    for (const text of HOSTILE) {
      const actual = form(
        outsideSpans(
          renderMarkdown(
            reportSaying(() => text),
            options
          )
        )
      )
      if (text.trim() === '') continue
      expect([name, text.slice(0, 80), actual]).toEqual([name, text.slice(0, 80), expected])
    }
  }
})

const whenRendered = hasCmark ? test : test.skip

whenRendered('rendered as on GitHub, a hostile report has the same tags as a benign one', () => {
  const tags = (shown: Report) =>
    (outsideCode(toHtml(renderMarkdown(shown, comment))).match(/<[^>]+>/g) ?? []).filter(
      tag => !/^<(?:code\/|\/?em)>$/.test(tag)
    )
  const expected = tags(benign)
  for (const text of HOSTILE.filter(text => text.trim() !== ''))
    expect([text.slice(0, 80), tags(reportSaying(() => text))]).toEqual([text.slice(0, 80), expected])
})

test('a planted marker is never at the start of a line', () => {
  const text = renderMarkdown(
    reportSaying(() => `\n${MARKER}\n`),
    comment
  )
  expect(text.split('\n').filter(line => line.startsWith('<!--'))).toEqual([MARKER])
})

test('no hostile text reaches the terminal or the log as a command, a control character or a new line', () => {
  const lines = renderTerminal(benign).split('\n').length
  for (const text of HOSTILE) {
    const output = renderTerminal(reportSaying(() => text))
    expect(output.split('\n')).toHaveLength(lines)
    expect(output).not.toMatch(/(?!\n)[\p{Cc}]|[\u202a-\u202e\u2066-\u2069\u200b-\u200f]/u)
    expect(output).not.toMatch(/^\s*::|##\[/m)
    expect(output.length).toBeLessThan(40_000)
  }
})

test('only our own text has colors', () => {
  const plain = renderTerminal(drifted(), { color: false })
  const colored = renderTerminal(drifted(), { color: true })
  expect(colored).not.toBe(plain)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape is what is looked for
  expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(plain)
})

test('the public view holds no word of a host that could be printed', () => {
  const secret = reportSaying(at => `WORD${at}`)
  const named: Report = {
    ...secret,
    hosts: secret.hosts.map(host => ({ ...host, name: 'WORDNAME', id: `WORD-${host.id}` })),
    run: { ...secret.run, targets: ['WORDTARGET'], region: 'WORDREGION' }
  }
  const view = countsOnly(named)
  for (const text of [JSON.stringify(view), renderMarkdown(view, comment), renderTerminal(view)]) {
    expect(text).not.toContain('WORD')
    expect(text).not.toMatch(/i-\d/)
  }
  expect(view.findingCounts).toEqual([
    { severity: 'high', kind: 'deviation', verdict: 'intruder', findings: 2, hosts: 1 }
  ])
  expect(renderJson(named)).toContain('WORD')
})

test('a cluster that was split by additions only is marked', () => {
  const hosts = [host('i-1'), host('i-2')]
  const clusters = [
    cluster('c1', ['i-1']),
    cluster('c2', ['i-2'], { label: 'node exporter', code: 'additions-only' })
  ]
  expect(renderMarkdown(report(hosts, [], { clusters }), summary)).toContain(
    '| node exporter (split by additions only) |'
  )
})

test('a run without hosts gives a report too', () => {
  expect(renderMarkdown(report([]), comment)).toContain('incomplete')
  expect(renderMarkdown(countsOnly(report([])), comment)).toContain('no host was assessed')
})
