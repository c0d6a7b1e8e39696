import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { channelsOf, checkHostile, hostileReport, liveIn } from '../support/channels.ts'
import { HOSTILE } from '../support/hostile.ts'
import { reportSaying } from '../support/report-saying.ts'

/** How long to try random mixtures; `npm run fuzz` sets it. Otherwise a fixed number is tried. */
const FUZZ_SECONDS = Number(process.env.FUZZ_SECONDS ?? 0)

test('no attack of the corpus is live in any channel', () => {
  for (const text of HOSTILE) {
    expect([text.slice(0, 60), liveIn(channelsOf(reportSaying(() => text)))]).toEqual([text.slice(0, 60), []])
  }
})

test('whatever mixture of attacks hosts send, every channel is inert, and nothing is lost', () => {
  const limit =
    FUZZ_SECONDS > 0
      ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: FUZZ_SECONDS * 1_000 }
      : { numRuns: 200 }
  fc.assert(fc.property(hostileReport, checkHostile), limit)
})

test('the check itself finds live text', () => {
  const { summary, ...rest } = channelsOf(reportSaying(() => 'word'))
  for (const attack of [
    '@octocat',
    '[x](https://evil.example)',
    '<img src=x>',
    '<!-- x -->',
    '\u202e',
    'see #1'
  ])
    expect(liveIn({ summary: `${summary}\n${attack}\n`, ...rest })).not.toEqual([])
  expect(liveIn({ summary, ...rest, log: ' ::error::x' })).not.toEqual([])
})
