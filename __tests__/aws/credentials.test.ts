import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { assumeRole, CredentialsError, type RoleRequest } from '../../src/aws/credentials.ts'
import { runnerTokens } from '../../src/aws/oidc.ts'
import {
  type Answer,
  hurry,
  ports,
  refusal,
  type Services,
  session,
  startServices
} from '../support/aws-services.ts'

const request: RoleRequest = {
  arn: 'arn:aws:iam::111122223333:role/fleet-drift',
  sessionName: 'fleet-drift-7',
  durationSeconds: 3600,
  audience: 'sts.amazonaws.com',
  inlineSessionPolicy: null,
  region: 'eu-west-1',
  repository: 'acme/infra'
}
const MAX_ATTEMPTS = 6
const UNREACHED = "Couldn't retrieve verification key from your identity provider"

let services: Services
let given: ReturnType<typeof ports>
beforeEach(async () => {
  services = await startServices()
  given = ports()
})
afterEach(() => services.close())

const role = (change: Partial<RoleRequest> = {}) =>
  assumeRole({ ...request, ...change }, { ...given, tokens: runnerTokens(services.oidc, given) })

const refused = async (answer: Answer, change: Partial<RoleRequest> = {}): Promise<string> => {
  services.sts = [answer]
  const error = await role(change)
    .credentials()
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CredentialsError)
  return (error as Error).message
}

describe('a role that STS grants', () => {
  test('is requested with the token, the session and nothing else', async () => {
    const credentials = await role().credentials()
    expect(credentials).toMatchObject({
      accessKeyId: 'ASIAONE',
      secretAccessKey: 'secret-of-ASIAONE',
      sessionToken: 'session-of-ASIAONE'
    })
    expect(Object.fromEntries(services.requests[0]!)).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: request.arn,
      RoleSessionName: 'fleet-drift-7',
      DurationSeconds: '3600',
      WebIdentityToken: services.tokens[0]
    })
    expect(services.audiences).toEqual(['sts.amazonaws.com'])
  })

  test('is restricted by the session policy', async () => {
    await role({ inlineSessionPolicy: '{"Version":"2012-10-17"}' }).credentials()
    expect(services.requests[0]!.get('Policy')).toBe('{"Version":"2012-10-17"}')
  })

  test('has an account', async () => {
    expect(await role().account()).toBe('111122223333')
  })

  test('is masked, like the token, before anyone can print it', async () => {
    await role().credentials()
    expect(given.masked).toEqual([services.tokens[0], 'ASIAONE', 'secret-of-ASIAONE', 'session-of-ASIAONE'])
    for (const line of given.lines) for (const secret of given.masked) expect(line).not.toContain(secret)
  })

  test('is assumed once for all concurrent requests', async () => {
    const held = role()
    await Promise.all([held.credentials(), held.account(), held.credentials()])
    expect(services.requests).toHaveLength(1)
  })

  test('is renewed with a new token when less than five minutes remain', async () => {
    const start = given.clock.now()
    services.sts = [session('ASIAONE', start + 3_600_000), session('ASIATWO', start + 7_200_000)]
    const held = role()
    expect((await held.credentials()).accessKeyId).toBe('ASIAONE')
    given.clock.advance(54 * 60_000)
    expect((await held.credentials()).accessKeyId).toBe('ASIAONE')
    given.clock.advance(61_000)
    expect((await held.credentials()).accessKeyId).toBe('ASIATWO')
    expect(new Set(services.requests.map(form => form.get('WebIdentityToken'))).size).toBe(2)
  })

  test('is requested again after a failure', async () => {
    services.sts = [refusal('AccessDenied', 'no', 403)]
    const held = role()
    await expect(held.credentials()).rejects.toThrow('AccessDenied')
    services.sts = [session()]
    expect((await held.credentials()).accessKeyId).toBe('ASIAONE')
  })
})

describe('a transient failure is retried with a new token', () => {
  test.each<[string, Answer]>([
    ['AWS could not reach GitHub', refusal('IDPCommunicationError', 'An error occurred')],
    ['AWS could not fetch the keys', refusal('InvalidIdentityToken', UNREACHED)],
    ['the token expired on the way', refusal('ExpiredTokenException', 'Token expired')],
    ['throttling', refusal('Throttling', 'Rate exceeded')],
    ['an internal error of the service', refusal('InternalFailure', 'oops', 500)],
    ['a page from a proxy', { status: 503, body: '<html>busy</html>' }],
    ['a connection that breaks', 'resets']
  ])('%s', async (_name, answer) => {
    services.sts = [answer, answer, session()]
    expect((await role().credentials()).accessKeyId).toBe('ASIAONE')
    const sent = services.requests.map(form => form.get('WebIdentityToken'))
    expect(sent).toEqual(services.tokens)
    expect(new Set(sent).size).toBe(3)
    expect(given.slept).toHaveLength(2)
  })

  test('an attempt that hangs ends at its time limit', async () => {
    services.sts = ['hangs', session()]
    const time = hurry(services)
    try {
      expect((await role().credentials()).accessKeyId).toBe('ASIAONE')
    } finally {
      time.restore()
    }
    expect(services.requests).toHaveLength(2)
  })

  test('six attempts in all, with longer and longer pauses', async () => {
    expect(await refused(refusal('InvalidIdentityToken', UNREACHED))).toContain(UNREACHED)
    expect(services.requests).toHaveLength(MAX_ATTEMPTS)
    expect(given.slept).toHaveLength(MAX_ATTEMPTS - 1)
    for (const [index, slept] of given.slept.entries()) {
      const longest = Math.min(15_000, 500 * 2 ** (index + 1))
      expect(slept).toBeGreaterThanOrEqual(longest / 2)
      expect(slept).toBeLessThanOrEqual(longest)
    }
  })
})

describe('any other refusal is reported at once, with what to change', () => {
  test.each<[string, Answer, RegExp]>([
    [
      'a trust policy that does not match',
      refusal('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403),
      /Check that the role exists and that its trust policy allows sts:AssumeRoleWithWebIdentity/
    ],
    [
      'a policy of the organization',
      refusal('AccessDenied', 'not authorized with an explicit deny in a service control policy', 403),
      /A policy denies this explicitly/
    ],
    [
      'an account without the provider',
      refusal('InvalidIdentityToken', 'No OpenIDConnect provider found in your account'),
      /Check that the account has the OIDC provider token\.actions\.githubusercontent\.com with audience "sts\.amazonaws\.com"/
    ],
    [
      'another audience',
      refusal('InvalidIdentityToken', 'Incorrect token audience'),
      /with audience "sts\.amazonaws\.com"/
    ],
    [
      'too long a session',
      refusal('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration'),
      /role-duration-seconds may exceed the role's maximum session duration/
    ],
    [
      'an ARN of no role',
      refusal('ValidationError', 'Request ARN is invalid'),
      /Request ARN is invalid\. Check role-to-assume/
    ],
    ['a broken session policy', refusal('MalformedPolicyDocument', 'bad'), /Check inline-session-policy/],
    ['too large a session policy', refusal('PackedPolicyTooLarge', 'bad'), /Check inline-session-policy/],
    [
      'a region that is off',
      refusal('RegionDisabledException', 'off', 403),
      /STS is not active in eu-west-1/
    ],
    ['an unknown code', refusal('Strange', 'odd words.'), /could not be assumed: Strange: odd words\.$/]
  ])('%s', async (_name, answer, advice) => {
    const message = await refused(answer)
    expect(message).toMatch(advice)
    expect(message).toContain(request.arn)
    expect(message).not.toContain('..')
    expect(services.requests).toHaveLength(1)
  })

  test('a refused role names both forms of sub, and that of this job', async () => {
    const message = await refused(refusal('AccessDenied', 'Not authorized', 403))
    expect(message).toContain('"repo:acme/infra:…"')
    expect(message).toContain('"repo:acme@OWNER_ID/infra@REPOSITORY_ID:…"')
    expect(message).toContain('this job\'s token says "repo:acme@1234/infra@5678:ref:refs/heads/main"')
  })

  test('a job without a repository gets the forms as a pattern', async () => {
    expect(await refused(refusal('AccessDenied', 'no', 403), { repository: '' })).toContain(
      '"repo:OWNER/REPOSITORY:…"'
    )
  })

  test('the text of the service is one line, and not a command', async () => {
    const message = await refused(refusal('Strange', 'a&#10;::error::b##[group]'))
    expect(message).not.toMatch(/\n|##\[/)
  })

  test('a response without credentials is reported', async () => {
    expect(await refused({ body: '<AssumeRoleWithWebIdentityResponse/>' })).toContain('without credentials')
  })

  test('a network that keeps failing is reported as such', async () => {
    expect(await refused('resets')).toContain("check aws-region and the runner's network")
    expect(services.requests).toHaveLength(MAX_ATTEMPTS)
  })

  test('a token service that refuses is reported, and STS is not called', async () => {
    services.github = [{ status: 403, body: '{}' }]
    expect(await refused(session())).toContain('GitHub gave no OIDC token: its token service answered 403')
    expect(services.requests).toHaveLength(0)
  })
})
