import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ASSETS, pageAssets } from '../../scripts/page.ts'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { SCRIPT, STYLE } from '../../src/report/html/assets.ts'
import { renderHtml } from '../../src/report/html.ts'
import { hostile } from '../support/html-samples.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted } from '../support/samples.ts'

/** The data that a page holds. */
function dataOf(html: string): { report: unknown; redacted: number; sql: Record<string, string> } {
  return JSON.parse(/<script type="application\/json" id="data">([^<]*)<\/script>/.exec(html)?.[1] ?? '')
}

test('the checked-in page is built from its sources', async () => {
  expect(readFileSync(ASSETS, 'utf8') === (await pageAssets())).toBe(true)
})

test("the page's own code is small", () => {
  expect(SCRIPT.length + STYLE.length).toBeLessThan(70_000)
})

test('a page allows its own script and style by their digests, and nothing else', () => {
  const html = renderHtml(drifted(), 0)
  const digest = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.split('; ')
  expect(policy).toEqual([
    "default-src 'none'",
    `script-src ${digest(SCRIPT)}`,
    `style-src ${digest(STYLE)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ])
  expect(html.replace(SCRIPT, '').match(/\s(?:src|srcset|style|on\w+)=/g)).toBeNull()
})

test('a page holds the whole report, whatever its hosts send', () => {
  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '</script><script>alert(1)</script>',
      '<!--<script>',
      ']]>',
      '&amp;',
      '\u2028\u2029\u202e\u0000'
    )
  )
  fc.assert(
    fc.property(words, words, (name, value) => {
      const sample = report([host('i-1', { name })], [finding('f', { rows: [row('q', { value })] })])
      const html = renderHtml(sample, 3)
      expect(dataOf(html)).toEqual({ report: JSON.parse(JSON.stringify(sample)), redacted: 3, sql: {} })
      expect(html.match(/<script/g)).toHaveLength(2)
      expect(
        /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(html.replace(STYLE, '').replace(SCRIPT, '').replaceAll('\n', ''))
      ).toBe(false)
    })
  )
})

test('the corpus of attacks adds no tag to the page', () => {
  const tags = (html: string) =>
    html
      .replace(STYLE, '')
      .replace(SCRIPT, '')
      .match(/<[a-z!/][^\s>]*/gi)
  expect(tags(renderHtml(hostile(), 0))).toEqual(tags(renderHtml(report([]), 0)))
})

test('the page has the SQL of the queries in the report, if the digest of their pack is known', () => {
  const linux = builtinPack('linux')!
  const query = linux.queries.find(({ name }) => name === 'kernel_modules')!
  const sample = (sha256: string) =>
    report(
      [host('i-1')],
      [finding('f', { rows: [row('kernel_modules', { name: 'x' }), row('other', { a: 'b' })] })],
      {
        run: { packs: [{ name: 'linux', sha256 }] }
      }
    )
  expect(dataOf(renderHtml(sample(linux.sha256), 0)).sql).toEqual({ kernel_modules: query.sql })
  expect(dataOf(renderHtml(sample(`sha256:${'0'.repeat(64)}`), 0)).sql).toEqual({})
})
