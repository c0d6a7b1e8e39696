import { expect, test } from '@jest/globals'
import { ApiError } from '../../src/github/api-error.ts'
import { stickyComment } from '../../src/publish/channels/comment.ts'
import { markerOf } from '../../src/publish/find-or-create.ts'
import { PullRequest } from '../support/publish-ports.ts'
import { recordingLog } from '../support/recording-log.ts'

const marker = markerOf('checkout')
const body = `${marker}\n## drift\n`
const clean = `${marker}\n## clean\n`

test('the first run creates a comment, and later runs update it', async () => {
  const pull = new PullRequest()
  const log = recordingLog()
  expect(await stickyComment({ marker, body, isWorthCreating: true }, pull, log)).toBe(
    'https://github.com/acme/fleet/pull/1#issuecomment-1'
  )
  expect(await stickyComment({ marker, body: clean, isWorthCreating: true }, pull, log)).toBe(
    'https://github.com/acme/fleet/pull/1#issuecomment-1'
  )
  expect(pull.all.map(comment => comment.body)).toEqual([clean])
  expect(log.warnings).toEqual([])
})

test('without drift no comment is created, and an existing one says that all is clean', async () => {
  const pull = new PullRequest()
  expect(
    await stickyComment({ marker, body: clean, isWorthCreating: false }, pull, recordingLog())
  ).toBeNull()
  expect(pull.calls).toEqual(['list'])
  pull.add('github-actions[bot]', body)
  expect(await stickyComment({ marker, body: clean, isWorthCreating: false }, pull, recordingLog())).toMatch(
    /#issuecomment-1$/
  )
  expect(pull.all[0]!.body).toBe(clean)
})

test('a comment with the same text is left alone, whatever its line breaks and its link to the run', async () => {
  const pull = new PullRequest()
  const linked = (run: number) => `${body}https://github.com/acme/fleet/actions/runs/${run}\n`
  pull.add('github-actions[bot]', linked(41).replaceAll('\n', '\r\n'))
  expect(
    await stickyComment({ marker, body: linked(42), isWorthCreating: true }, pull, recordingLog())
  ).toMatch(/#issuecomment-1$/)
  expect(pull.calls).toEqual(['list'])
})

test('a marker that someone else planted does not count', async () => {
  const pull = new PullRequest()
  pull.add('mallory', body)
  pull.add('github-actions', body)
  pull.add('github-actions[bot]', `Quoted:\n${body}`)
  pull.add('github-actions[bot]', `${markerOf('checkout-2')}\nother group`)
  pull.add('github-actions[bot]', ` ${body}`)
  await stickyComment({ marker, body: clean, isWorthCreating: true }, pull, recordingLog())
  expect(pull.all.map(({ body }) => body === clean)).toEqual([false, false, false, false, false, true])
})

test('a comment by the token’s own user is ours if GitHub says who that is', async () => {
  const pull = new PullRequest()
  pull.self = 'acme-ci'
  pull.add('mallory', body)
  pull.add('acme-ci', body)
  await stickyComment({ marker, body: clean, isWorthCreating: true }, pull, recordingLog())
  expect(pull.all.map(({ body }) => body === clean)).toEqual([false, true])
  expect(pull.calls).toEqual(['list', 'whoami', 'update'])
})

test('the oldest of several is updated, and the others are left', async () => {
  const pull = new PullRequest()
  pull.add('github-actions[bot]', body)
  pull.add('github-actions[bot]', body)
  await stickyComment({ marker, body: clean, isWorthCreating: true }, pull, recordingLog())
  await stickyComment({ marker, body: clean, isWorthCreating: true }, pull, recordingLog())
  expect(pull.all.map(({ body }) => body)).toEqual([clean, body])
})

test.each([401, 403, 404, 422, 500, 503])(
  'a comment refused with %d is a warning, not a failure',
  async status => {
    const pull = new PullRequest()
    const refusals = [1, 2, 3].map(() => ({
      call: 'create',
      error: new ApiError('No::\n::error::x', status)
    }))
    pull.failing.push(...refusals)
    const log = recordingLog()
    expect(await stickyComment({ marker, body, isWorthCreating: true }, pull, log)).toBeNull()
    expect(log.warnings).toHaveLength(1)
    expect(log.warnings[0]).toContain(String(status))
    expect(log.warnings[0]).not.toContain('\n')
    expect(log.warnings[0]!.includes('pull-requests: write')).toBe(status < 422)
  }
)

test('a comment is not created twice when the answer is lost', async () => {
  const pull = new PullRequest()
  pull.failing.push({ call: 'create', error: new ApiError('Bad gateway', 502), afterwards: true })
  const log = recordingLog()
  expect(await stickyComment({ marker, body, isWorthCreating: true }, pull, log)).toMatch(/#issuecomment-1$/)
  expect(pull.all).toHaveLength(1)
  expect(log.warnings).toEqual([])
})

test('no comment is created when the list cannot be read, because there may be one', async () => {
  const pull = new PullRequest()
  pull.failing.push({ call: 'list', error: new ApiError('Server error', 500) })
  const log = recordingLog()
  expect(await stickyComment({ marker, body, isWorthCreating: true }, pull, log)).toBeNull()
  expect(pull.all).toEqual([])
  expect(log.warnings).toHaveLength(1)
})

test('a token that could not find its comment again is reported', async () => {
  const pull = new PullRequest()
  pull.author = 'acme-app[bot]'
  const log = recordingLog()
  expect(await stickyComment({ marker, body, isWorthCreating: true }, pull, log)).toMatch(/#issuecomment-1$/)
  expect(log.warnings[0]).toContain('acme-app[bot]')
})
