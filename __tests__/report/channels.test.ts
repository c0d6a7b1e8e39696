import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { channelsOf, checkHostile, hostileReport, liveIn } from '../support/channels.ts'
import { HOSTILE } from '../support/hostile.ts'
import { spoken } from '../support/spoken.ts'

test('no attack of the corpus is live in any channel', () => {
  for (const text of HOSTILE) {
    expect([text.slice(0, 60), liveIn(channelsOf(spoken(() => text)))]).toEqual([text.slice(0, 60), []])
  }
})

test('whatever mixture of attacks hosts send, every channel is inert and says the same', () => {
  fc.assert(fc.property(hostileReport, checkHostile), { numRuns: 200 })
})

test('what is live is seen to be', () => {
  const { summary, ...rest } = channelsOf(spoken(() => 'word'))
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
