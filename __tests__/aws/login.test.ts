import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { login } from '../../src/aws/login.ts'
import { identity, ports, refusal, type Services, startServices } from '../support/aws-services.ts'

const role = {
  arn: 'arn:aws:iam::111122223333:role/fleet-drift',
  sessionName: 'fleet-drift-7',
  durationSeconds: 3600,
  audience: 'sts.amazonaws.com',
  inlineSessionPolicy: null
}
const AMBIENT = {
  AWS_ACCESS_KEY_ID: 'AKIAAMBIENT',
  AWS_SECRET_ACCESS_KEY: 'ambient',
  AWS_EC2_METADATA_DISABLED: 'true'
}
const repository = { owner: 'acme', repo: 'infra' }

let services: Services
let given: ReturnType<typeof ports>
beforeEach(async () => {
  services = await startServices()
  given = ports()
  Object.assign(process.env, AMBIENT)
})
afterEach(async () => {
  for (const name of Object.keys(AMBIENT)) delete process.env[name]
  await services.close()
})

const enter = (
  inputs: { role?: typeof role | null; allowedAccountIds?: string[] },
  context: { oidc?: { url: string; token: string } | null } = {}
) =>
  login(
    { role, region: 'eu-west-1', allowedAccountIds: [], ...inputs },
    { repository, oidc: services.oidc, ...context },
    given
  )

test('a role gives credentials in its account, and nothing is exported', async () => {
  const before = JSON.stringify(process.env)
  const provider = await enter({ allowedAccountIds: ['999999999999', '111122223333'] })
  expect((await provider!()).accessKeyId).toBe('ASIAONE')
  expect(services.requests).toHaveLength(1)
  expect(given.lines).toEqual(['info: Assumed the role.'])
  expect(JSON.stringify(process.env)).toBe(before)
})

test('a job that may not request a token gets the permission to add, and nothing is called', async () => {
  await expect(enter({}, { oidc: null })).rejects.toThrow(
    'add "id-token: write" to the permissions of the job'
  )
  expect([services.requests, services.audiences]).toEqual([[], []])
})

test('a role in an account that is not allowed is refused', async () => {
  await expect(enter({ allowedAccountIds: ['999999999999'] })).rejects.toThrow(
    'The credentials belong to account 111122223333, and allowed-account-ids names only 999999999999.'
  )
})

test('without a role the ambient credentials are used, and their account is looked up only where accounts are restricted', async () => {
  expect(await enter({ role: null })).toBeNull()
  expect(services.requests).toHaveLength(0)
  services.sts = [identity('111122223333')]
  expect(await enter({ role: null, allowedAccountIds: ['111122223333'] })).toBeNull()
  expect(services.requests.map(form => form.get('Action'))).toEqual(['GetCallerIdentity'])
})

test('ambient credentials of an account that is not allowed are refused', async () => {
  services.sts = [identity('444455556666')]
  await expect(enter({ role: null, allowedAccountIds: ['111122223333'] })).rejects.toThrow(
    'The credentials belong to account 444455556666'
  )
})

test('ambient credentials that are not valid are reported', async () => {
  services.sts = [
    refusal('InvalidClientTokenId', 'The security token included in the request is invalid.', 403)
  ]
  await expect(enter({ role: null, allowedAccountIds: ['111122223333'] })).rejects.toThrow(
    /sts:GetCallerIdentity failed: InvalidClientTokenId: .* The AWS credentials are not valid/
  )
})
