import { expect, test } from '@jest/globals'
import { Refusal } from '../../src/github/api-error.ts'
import { markerOf } from '../../src/github/author.ts'
import { upsertComment } from '../../src/publish/comment.ts'
import { keptLog, PullRequest } from '../support/publish-ports.ts'

const marker = markerOf('checkout')
const body = `${marker}\n## drift\n`
const clean = `${marker}\n## clean\n`

test('a first comment is made, and later ones take its place', async () => {
  const pull = new PullRequest()
  const log = keptLog()
  expect(await upsertComment(marker, body, true, pull, log)).toBe(
    'https://github.com/acme/fleet/pull/1#issuecomment-1'
  )
  expect(await upsertComment(marker, clean, true, pull, log)).toBe(
    'https://github.com/acme/fleet/pull/1#issuecomment-1'
  )
  expect(pull.all.map(comment => comment.body)).toEqual([clean])
  expect(log.warnings).toEqual([])
})

test('with nothing to say none is made, and one that stands says that all is clean', async () => {
  const pull = new PullRequest()
  expect(await upsertComment(marker, clean, false, pull, keptLog())).toBeNull()
  expect(pull.calls).toEqual(['list'])
  pull.say('github-actions[bot]', body)
  expect(await upsertComment(marker, clean, false, pull, keptLog())).toMatch(/#issuecomment-1$/)
  expect(pull.all[0]!.body).toBe(clean)
})

test('a comment that says the same is left alone, whatever its line ends and its link to the run', async () => {
  const pull = new PullRequest()
  const linked = (run: number) => `${body}https://github.com/acme/fleet/actions/runs/${run}\n`
  pull.say('github-actions[bot]', linked(41).replaceAll('\n', '\r\n'))
  expect(await upsertComment(marker, linked(42), true, pull, keptLog())).toMatch(/#issuecomment-1$/)
  expect(pull.calls).toEqual(['list'])
})

test('a marker that somebody else planted does not count', async () => {
  const pull = new PullRequest()
  pull.say('mallory', body)
  pull.say('github-actions', body)
  pull.say('github-actions[bot]', `Quoted:\n${body}`)
  pull.say('github-actions[bot]', `${markerOf('checkout-2')}\nother group`)
  pull.say('github-actions[bot]', ` ${body}`)
  await upsertComment(marker, clean, true, pull, keptLog())
  expect(pull.all.map(({ body }) => body === clean)).toEqual([false, false, false, false, false, true])
})

test('a comment of the token’s own user is ours where GitHub says who that is', async () => {
  const pull = new PullRequest()
  pull.self = 'acme-ci'
  pull.say('mallory', body)
  pull.say('acme-ci', body)
  await upsertComment(marker, clean, true, pull, keptLog())
  expect(pull.all.map(({ body }) => body === clean)).toEqual([false, true])
  expect(pull.calls).toEqual(['list', 'whoami', 'update'])
})

test('of several the oldest is kept up to date, and the others are left', async () => {
  const pull = new PullRequest()
  pull.say('github-actions[bot]', body)
  pull.say('github-actions[bot]', body)
  await upsertComment(marker, clean, true, pull, keptLog())
  await upsertComment(marker, clean, true, pull, keptLog())
  expect(pull.all.map(({ body }) => body)).toEqual([clean, body])
})

test.each([401, 403, 404, 422, 500, 503])(
  'a comment refused with %d is a warning and no failure',
  async status => {
    const pull = new PullRequest()
    const refusals = [1, 2, 3].map(() => ({ call: 'create', error: new Refusal('No::\n::error::x', status) }))
    pull.failing.push(...refusals)
    const log = keptLog()
    expect(await upsertComment(marker, body, true, pull, log)).toBeNull()
    expect(log.warnings).toHaveLength(1)
    expect(log.warnings[0]).toContain(String(status))
    expect(log.warnings[0]).not.toContain('\n')
    expect(log.warnings[0]!.includes('pull-requests: write')).toBe(status < 422)
  }
)

test('a comment that was made though the answer was lost is not made twice', async () => {
  const pull = new PullRequest()
  pull.failing.push({ call: 'create', error: new Refusal('Bad gateway', 502), afterwards: true })
  const log = keptLog()
  expect(await upsertComment(marker, body, true, pull, log)).toMatch(/#issuecomment-1$/)
  expect(pull.all).toHaveLength(1)
  expect(log.warnings).toEqual([])
})

test('a list that cannot be read makes no comment, for there may be one', async () => {
  const pull = new PullRequest()
  pull.failing.push({ call: 'list', error: new Refusal('Server error', 500) })
  const log = keptLog()
  expect(await upsertComment(marker, body, true, pull, log)).toBeNull()
  expect(pull.all).toEqual([])
  expect(log.warnings).toHaveLength(1)
})

test('a token whose comments cannot be recognized again is told of', async () => {
  const pull = new PullRequest()
  pull.writer = 'acme-app[bot]'
  const log = keptLog()
  expect(await upsertComment(marker, body, true, pull, log)).toMatch(/#issuecomment-1$/)
  expect(log.warnings[0]).toContain('acme-app[bot]')
})
