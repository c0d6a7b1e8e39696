import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { claimsOf, runnerTokens } from '../../src/aws/oidc.ts'
import { type Answer, hurry, ports, type Services, startServices } from '../support/aws-services.ts'

const ATTEMPTS = 5

let services: Services
let given: ReturnType<typeof ports>
beforeEach(async () => {
  services = await startServices()
  given = ports()
})
afterEach(() => services.close())

const ask = (audience = 'sts.amazonaws.com') => runnerTokens(services.oidc, given)(audience)

test('each call gets a new, masked token for the requested audience', async () => {
  const tokens = [await ask(), await ask('a b&c=d')]
  expect(new Set(tokens).size).toBe(2)
  expect(services.audiences).toEqual(['sts.amazonaws.com', 'a b&c=d'])
  expect(given.masked).toEqual(tokens)
})

test('a token service without a query in its URL is called too', async () => {
  services.oidc.url = services.oidc.url.replace(/\?.*/, '')
  expect(await ask()).toBe(services.tokens[0])
})

test.each<[string, Answer]>([
  ['429', { status: 429, body: '' }],
  ['500', { status: 500, body: '' }],
  ['503', { status: 503, body: 'busy' }],
  ['no token', { body: '{"value":""}' }],
  ['invalid JSON', { body: '<html>' }],
  ['a broken connection', 'resets']
])('%s is retried', async (_name, answer) => {
  services.github = [answer, answer, 'token']
  expect(await ask()).toBe(services.tokens[0])
  expect(given.slept).toHaveLength(2)
})

test.each([400, 401, 403, 404])('%d is reported at once, with the permission to add', async status => {
  services.github = [{ status, body: 'a secret' }]
  const message = await ask().catch((error: Error) => error.message)
  expect(message).toBe(
    `GitHub gave no OIDC token: its token service answered ${status}. Check that the job has the permission id-token: write.`
  )
  expect(services.audiences).toHaveLength(1)
})

test('attempts are limited, and the last failure is reported without the token of the request', async () => {
  services.github = [{ body: '{"value":""}' }]
  await expect(ask()).rejects.toThrow('GitHub gave no OIDC token: its token service sent no token')
  expect(services.audiences).toHaveLength(ATTEMPTS)
  services.github = ['resets']
  const message = await ask().catch((error: Error) => error.message)
  expect(message).toContain('its token service cannot be reached (')
  expect(message).not.toContain(services.oidc.token)
})

test('an attempt that hangs ends at its time limit', async () => {
  services.github = ['hangs', 'token']
  const time = hurry(services)
  try {
    expect(await ask()).toBe(services.tokens[0])
  } finally {
    time.restore()
  }
})

test('issuer and subject of a token are read, sanitized, and never guessed', () => {
  const token = (claims: string) => `head.${Buffer.from(claims).toString('base64url')}.signature`
  expect(
    claimsOf(token('{"sub":"repo:acme/infra:environment:prod","iss":"https://ghe.example/_services/token"}'))
  ).toEqual({
    issuer: 'ghe.example/_services/token',
    subject: 'repo:acme/infra:environment:prod'
  })
  expect(claimsOf(token('{"sub":"a\\n::error::b"}')).subject).not.toContain('\n')
  for (const odd of ['', 'a.b.c', token('{}'), token('{"sub":7}'), token('null')])
    expect(claimsOf(odd)).toEqual({ issuer: 'token.actions.githubusercontent.com', subject: null })
})

test('a token service that cannot be reached is a matter of the network, not of permissions', async () => {
  services.github = ['resets']
  const message = await ask().catch((error: Error) => error.message)
  expect(message).toContain("Check the runner's network")
  expect(message).not.toContain('id-token')
})
