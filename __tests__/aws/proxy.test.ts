import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ListCommandsCommand } from '@aws-sdk/client-ssm'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { ambientAccount, ssmClient } from '../../src/aws/clients.ts'
import { assumeRole } from '../../src/aws/credentials.ts'
import { get, proxyAgents } from '../../src/aws/http.ts'
import { runnerTokens } from '../../src/aws/oidc.ts'
import { ports } from '../support/aws-services.ts'
import { recordingLog } from '../support/recording-log.ts'

/** What the proxy was asked for. */
let asked: string[]
let proxy: string
let close: () => Promise<unknown>

beforeEach(async () => {
  asked = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('by proxy')
  })
  server.on('connect', (request, socket) => {
    asked.push(`${request.method} ${request.url}`)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  }
})
const NAMES = ['HTTPS_PROXY', 'NO_PROXY', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
afterEach(async () => {
  for (const name of NAMES) delete process.env[name]
  await close()
})

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_000 }

test('GitHub and S3 are called through the proxy of the environment, except where NO_PROXY names them', async () => {
  const call = (env: Record<string, string>) =>
    get(new URL('http://service.invalid/x'), {}, LIMITS, proxyAgents(env))
  expect((await call({ HTTP_PROXY: proxy })).body.toString()).toBe('by proxy')
  await expect(call({ HTTP_PROXY: proxy, NO_PROXY: 'service.invalid' })).rejects.toThrow()
  const secure = get(new URL('https://service.invalid/x'), {}, LIMITS, proxyAgents({ https_proxy: proxy }))
  await expect(secure).rejects.toThrow()
  expect(asked).toEqual(['GET http://service.invalid/x', 'CONNECT service.invalid:443'])
})

test('AWS is called through the proxy of the environment', async () => {
  Object.assign(process.env, { HTTPS_PROXY: proxy, AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'x' })
  await expect(ambientAccount('eu-west-1')).rejects.toThrow('sts:GetCallerIdentity failed')
  expect(asked).toContain('CONNECT sts.eu-west-1.amazonaws.com:443')
})

test.each([
  ['us-gov-west-1', 'amazonaws.com'],
  ['cn-north-1', 'amazonaws.com.cn'],
  ['eusc-de-east-1', 'amazonaws.eu'],
  ['us-iso-east-1', 'c2s.ic.gov'],
  ['us-isob-east-1', 'sc2s.sgov.gov'],
  ['us-isof-south-1', 'csp.hci.ic.gov'],
  ['eu-isoe-west-1', 'cloud.adc-e.uk']
])('in %s, STS and SSM are called in their own partition', async (region, suffix) => {
  Object.assign(process.env, { HTTPS_PROXY: proxy, AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'x' })
  const clock = { now: () => Date.now(), sleep: async () => undefined }
  await expect(ambientAccount(region)).rejects.toThrow('sts:GetCallerIdentity failed')
  const partition = region.startsWith('eusc') ? 'aws-eusc' : 'aws'
  const request = {
    arn: `arn:${partition}:iam::111122223333:role/fleet-drift`,
    sessionName: 'run',
    durationSeconds: 3_600,
    audience: 'sts.amazonaws.com',
    inlineSessionPolicy: null,
    region,
    repository: 'acme/infra'
  }
  const ports = { clock, log: recordingLog(), mask: () => undefined, tokens: async () => 'a.b.c' }
  await expect(assumeRole(request, ports).credentials()).rejects.toThrow('could not be assumed')
  const ssm = ssmClient(region, null, clock)
  await expect(ssm.send(new ListCommandsCommand({}))).rejects.toThrow()
  ssm.destroy()
  expect(new Set(asked)).toEqual(
    new Set([`CONNECT sts.${region}.${suffix}:443`, `CONNECT ssm.${region}.${suffix}:443`])
  )
})

test('a proxy that refuses is named in the error, and its password is not', async () => {
  Object.assign(process.env, {
    HTTPS_PROXY: proxy.replace('://', '://user:sesame@'),
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 'x'
  })
  const refused = await ambientAccount('eu-west-1').catch(String)
  expect(refused).toMatch(/The proxy of HTTPS_PROXY refuses the connection: check its address, its user/)
  expect(refused).not.toContain('sesame')
  const given = ports()
  const tokens = runnerTokens({ url: 'https://tokens.invalid/x?y=1', token: 'secret' }, given)
  const message = await tokens('aud').catch(String)
  expect(message).toMatch(/cannot be reached \(ERR_PROXY_TUNNEL\)\. The proxy of HTTPS_PROXY refuses/)
  expect(message).not.toMatch(/sesame|secret/)
})

test('a proxy without a scheme is one of HTTP, as for curl', async () => {
  const env = { HTTPS_PROXY: proxy.replace('http://', '') }
  await expect(get(new URL('https://service.invalid/x'), {}, LIMITS, proxyAgents(env))).rejects.toThrow()
  expect(asked).toEqual(['CONNECT service.invalid:443'])
})

test('without a proxy no agent is made', () => {
  expect(proxyAgents({})).toEqual({})
})
