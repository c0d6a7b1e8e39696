import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { escapeCell, escapeLine, escapeSentence, escapeText, fenced } from '../../src/report/escape.ts'
import { hostileText as hostile } from '../support/channels.ts'
import { HOSTILE } from '../support/hostile.ts'
import { hasCmark, outsideCode, outsideSpans, toHtml } from '../support/rendered.ts'

test('a text is one code span, whatever the host sends', () => {
  for (const text of HOSTILE) {
    expect(outsideSpans(escapeText(text))).toMatch(text === '' ? /^\*empty\*$/ : /^\(code\)$/)
  }
  fc.assert(
    fc.property(hostile, text => {
      if (text !== '') expect(outsideSpans(`a ${escapeText(text)} b`)).toBe('a (code) b')
    })
  )
})

test('a cell never ends its table cell early', () => {
  fc.assert(
    fc.property(hostile, text => {
      const cell = escapeCell(text)
      expect(cell).not.toMatch(/[\n\r]/)
      expect(cell.replaceAll('\\|', '')).not.toContain('|')
      expect(cell).not.toContain('\\\\|')
    })
  )
  expect(escapeCell('curl x | sh')).toBe('`curl x \\| sh`')
  expect(escapeCell('a\\|b')).toBe('`a\\u{5c}\\|b`')
})

test('nothing invisible is left in what a host sent', () => {
  for (const text of HOSTILE) {
    for (const shown of [escapeText(text), escapeCell(text), escapeSentence(text), escapeLine(text)]) {
      expect(shown.replaceAll('\u200a', '')).not.toMatch(
        /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u00a0]/u
      )
    }
  }
  expect(escapeText('a\u202eb')).toBe('`a\\u{202e}b`')
  expect(escapeText('a\u0301\u0302\u0303')).toBe('`a\u0301\\u{302}\\u{303}`')
})

test('a long text is cut between characters and ends in an ellipsis', () => {
  expect(escapeText('😀'.repeat(100), 5)).toBe('`😀😀😀😀…`')
  expect(escapeText('x'.repeat(1_000_000)).length).toBeLessThan(210)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, limit) => {
      expect(escapeText(text, limit).isWellFormed()).toBe(true)
    })
  )
})

test('blanks and backticks at the ends of a text are kept', () => {
  expect(escapeText('`')).toBe('`` ` ``')
  expect(escapeText(' x')).toBe('`  x `')
  expect(escapeText('a``b')).toBe('```a``b```')
})

test.each([
  [
    'None of the other 1,000 hosts has this row of kernel_modules.',
    'None of the other 1,000 hosts has this row of `kernel_modules`.'
  ],
  [
    'The program (/usr/bin/x y) runs on 96.9% of hosts',
    'The program (`/usr/bin/x`  y) runs on 96.9% of hosts'.replace('  ', ' ')
  ],
  ['1. first', '`1`. first'],
  ['see GH-1, acme/app#1 and 1234567', 'see `GH-1`, `acme/app#1` and `1234567`'],
  ['ask @octocat!', 'ask `@octocat`!'],
  ['commit deadbeef effaced', 'commit `deadbeef effaced`'],
  ['load test until 2026-12-31 (@acme/perf)', 'load test until `2026-12-31` (`@acme/perf`)']
])('a sentence keeps its plain words: %s', (sentence, expected) => {
  expect(escapeSentence(sentence)).toBe(expected)
})

test('outside of code a sentence has only plain words', () => {
  const inert =
    /^(?:[("']*(?:[A-Za-z]+(?:['’-][a-z]+)*|[\d,.%]+|\(code\)|\*empty\*|[–—·×→%=])?[)"'.,;:!?]*\s?)*$/
  fc.assert(
    fc.property(hostile, text => {
      const outside = outsideSpans(escapeSentence(text))
      expect(outside).toMatch(inert)
      expect(outside).not.toMatch(/[0-9a-f]{7}|www\.|:\/\/|[@#<>[\]|_~]/i)
    })
  )
})

test('a fence is longer than any run of backticks in its block', () => {
  const block = fenced(HOSTILE.map(text => escapeLine(text)))
  expect(outsideSpans(block)).toBe('(block)')
})

const whenRendered = hasCmark ? test : test.skip

whenRendered('rendered as on GitHub, a host’s words are text in code and nothing else', () => {
  const words = fc
    .sample(hostile, { numRuns: 400, seed: 7 })
    .concat(HOSTILE.filter(text => text.length < 2_000))
  const texts = words.filter(text => text !== '')
  const paragraphs = toHtml(texts.map(text => `a ${escapeText(text)} b`).join('\n\n'))
  expect(outsideCode(paragraphs)).toBe('<p>a <code/> b</p>\n'.repeat(texts.length))
  const rows = toHtml(`| a | b |\n|-|-|\n${texts.map(text => `| ${escapeCell(text)} | end |`).join('\n')}`)
  expect(outsideCode(rows).match(/<tr>\n<td><code\/><\/td>\n<td>end<\/td>\n<\/tr>/g)).toHaveLength(
    texts.length
  )
  const sentences = toHtml(texts.map(text => escapeSentence(text)).join('\n\n'))
  expect(outsideCode(sentences)).not.toMatch(/<(?!\/?p>|code\/>|\/?em>)/)
  const block = toHtml(fenced(texts.map(text => escapeLine(text))))
  expect(outsideCode(block)).toBe('<pre><code/></pre>\n')
})
