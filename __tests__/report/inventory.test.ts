import { expect, test } from '@jest/globals'
import { renderMarkdown } from '../../src/report/markdown.ts'
import type { Report } from '../../src/report/report.ts'
import { HOSTILE } from '../support/hostile.ts'
import { hasCmark, outsideCode, toHtml } from '../support/rendered.ts'
import { host, report } from '../support/reports.ts'

const OPTIONS = { limit: 1_000_000, redacted: 0, fullReport: 'The full report is report.json.' }

function withInventory(query: string, value: string): Report {
  const row = { [value]: value, name: value }
  return {
    ...report([host('i-1')], [], { run: { baseline: null } }),
    inventory: { hosts: ['i-1'], queries: [{ query, total: 1, rows: [{ row, hosts: 1 }] }] }
  }
}

const tags = (text: string) => outsideCode(toHtml(text)).match(/<[^>]*>/g)

test('a table of the inventory is named in the line that opens it, as code and without backticks', () => {
  const text = renderMarkdown(withInventory('kernel_modules', 'ext4'), OPTIONS)
  expect(text).toContain('<details><summary><code>kernel_modules</code>: 1 row</summary>')
  expect(renderMarkdown(withInventory('<b>@acme & "x"', 'ext4'), OPTIONS)).toContain(
    '<summary><code>&#60;b&#62;@acme &#38; &#34;x&#34;</code>: 1 row</summary>'
  )
})

const rendered = hasCmark ? test : test.skip
rendered('whatever a table and its rows are called, an inventory has the same tags', () => {
  const expected = tags(renderMarkdown(withInventory('kernel_modules', 'ext4'), OPTIONS))
  for (const text of HOSTILE.filter(text => text.trim() !== ''))
    expect([text.slice(0, 80), tags(renderMarkdown(withInventory(text, text), OPTIONS))]).toEqual([
      text.slice(0, 80),
      expected
    ])
})
