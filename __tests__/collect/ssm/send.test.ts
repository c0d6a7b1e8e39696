import { expect, test } from '@jest/globals'
import type { SsmRequest } from '../../../src/collect/ssm/session.ts'
import type { Platform } from '../../../src/osquery/pack.ts'
import { reply } from '../../support/replies.ts'
import { awsError, type Input, type Simulation } from '../../support/simulated-ssm.ts'
import { collect, FILTER, hosts, id, named, query } from '../../support/ssm-collection.ts'

test("the command is sent within the limits of SSM, with AWS's document pinned", async () => {
  const { calls } = await collect(hosts(1), {
    comment: 'x'.repeat(300),
    timeoutSeconds: 10,
    maxConcurrency: '50%'
  })
  expect(calls.find(call => call.action === 'SendCommand')?.input).toMatchObject({
    DocumentName: 'AWS-RunShellScript',
    DocumentVersion: '1',
    DocumentHash: '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e',
    DocumentHashType: 'Sha256',
    Targets: [{ Key: 'tag:Service', Values: ['web'] }],
    Comment: 'x'.repeat(100),
    TimeoutSeconds: 30,
    MaxConcurrency: '50%',
    MaxErrors: '100%',
    Parameters: { executionTimeout: ['10'] }
  })
  const named = await collect(hosts(1), { document: 'AWS-RunShellScript' })
  expect(named.calls.find(call => call.action === 'SendCommand')?.input).toHaveProperty('DocumentHash')
  const own = await collect(hosts(1), { document: 'acme-locked' })
  expect(own.calls.find(call => call.action === 'SendCommand')?.input).toMatchObject({
    DocumentName: 'acme-locked'
  })
  expect(own.calls.find(call => call.action === 'SendCommand')?.input).not.toHaveProperty('DocumentHash')
})

test('named hosts are sent in batches of fifty', async () => {
  const fleet = hosts(120)
  const { records, calls } = await collect(fleet, { targets: named(fleet) })
  expect(
    calls.filter(call => call.action === 'SendCommand').map(call => call.input.InstanceIds?.length)
  ).toEqual([50, 50, 20])
  expect(records.filter(record => record.status === 'reported')).toHaveLength(120)
})

test('a bad id costs no other host', async () => {
  const fleet = hosts(60, at => ({ registered: ![7, 8, 55].includes(at) }))
  const { records, byId, error } = await collect(fleet, { targets: named(fleet) })
  expect(error).toBe(null)
  expect(records.filter(record => record.status === 'reported')).toHaveLength(57)
  expect(byId[id(7)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: expect.stringMatching(
      /^InvalidInstanceId: its agent does not run, or it is terminated or not registered with SSM/
    )
  })
})

test('an id that the role may not reach costs no other host, and few calls', async () => {
  const fleet = hosts(120, at => ({ denied: [3, 4, 77].includes(at) }))
  const { records, byId, error, count } = await collect(fleet, { targets: named(fleet) })
  expect(error).toBe(null)
  expect(records.filter(record => record.status === 'reported')).toHaveLength(117)
  expect(byId[id(77)]).toMatchObject({
    status: 'silent',
    code: 'access-denied',
    unanswered: false,
    reason: 'the role may not send commands to this host'
  })
  expect(count('SendCommand')).toBe(3 + 3)
})

test.each([3, 400])(
  'when the role may reach none of %d ids, the run ends with the permission',
  async size => {
    const fleet = hosts(size, () => ({ denied: true }))
    const { records, message, count } = await collect(fleet, { targets: named(fleet) })
    expect(message).toMatch(/ssm:SendCommand failed: .*Allow ssm:SendCommand in the role's permissions/)
    expect(records).toEqual([])
    expect(count('SendCommand')).toBeLessThanOrEqual(50)
  }
)

test('a document that the role may not send ends the run, whatever the ids', async () => {
  const fleet = hosts(60)
  const refuse = (action: string) =>
    action === 'SendCommand'
      ? awsError('AccessDeniedException', 'on resource: arn:aws:ssm:eu-west-1::document/AWS-RunShellScript')
      : undefined
  const { message, count } = await collect(fleet, { targets: named(fleet), simulation: { refuse } })
  expect(message).toMatch(/Allow ssm:SendCommand/)
  expect(count('SendCommand')).toBe(1)
})

test('when every id is bad, every host is silent', async () => {
  const fleet = hosts(3, () => ({ registered: false }))
  const { records, error } = await collect(fleet, { targets: named(fleet) })
  expect(error).toBe(null)
  expect(records.map(record => record.status)).toEqual(['silent', 'silent', 'silent'])
})

test('hosts of a mixed group are each sent the document for their platform', async () => {
  const queries = [query('users'), query('services', ['windows']), query('everywhere', [])]
  const fleet = hosts(120, at => ({ windows: at % 3 === 0 }))
  for (const targets of [FILTER, named(fleet)]) {
    const { records, byId, calls } = await collect(fleet, { targets, queries })
    expect(records.map(record => record.status)).toEqual(Array.from({ length: 120 }, () => 'reported'))
    expect(Object.keys(byId[id(0)]!.queries)).toEqual(['services', 'everywhere'])
    expect(Object.keys(byId[id(1)]!.queries)).toEqual(['users', 'everywhere'])
    const sends = calls.filter(call => call.action === 'SendCommand').map(call => call.input)
    expect(sends.at(-1)).toMatchObject({ DocumentName: 'AWS-RunPowerShellScript', DocumentVersion: '1' })
    const asked = sends.filter(input => input.DocumentName === 'AWS-RunPowerShellScript')
    expect(asked.flatMap(input => input.InstanceIds)).toHaveLength(40)
  }
})

test('a group of Windows hosts is sent PowerShell at once', async () => {
  const { records, calls } = await collect(
    hosts(3, () => ({ windows: true })),
    { queries: [query('services', ['windows'])], simulation: { agents: true } }
  )
  expect(records.map(record => record.status)).toEqual(['reported', 'reported', 'reported'])
  expect(calls.filter(call => call.action === 'SendCommand')).toHaveLength(1)
})

test('Linux hosts are not sent PowerShell, where SSM says which hosts run Windows', async () => {
  const fleet = hosts(4, at => ({ windows: at === 0 }))
  const queries = [query('services', ['windows'])]
  for (const targets of [FILTER, named(fleet)]) {
    const { byId, calls } = await collect(fleet, { targets, queries, simulation: { agents: true } })
    const sends = calls.filter(call => call.action === 'SendCommand').map(call => call.input.InstanceIds)
    expect(sends).toEqual([[id(0)]])
    expect(byId[id(0)]).toMatchObject({ status: 'reported' })
    expect(byId[id(1)]).toMatchObject({ status: 'silent', code: 'other-platform', unanswered: false })
  }
})

test.each<[string, Simulation]>([
  ['is denied', {}],
  ['never answers', { agents: true, stuck: 'DescribeInstanceInformation' }]
])(
  'nothing is sent for Windows where the look-up of platforms %s: the document runs on Linux too',
  async (_, simulation) => {
    const fleet = hosts(4, at => ({ windows: at === 0 }))
    for (const targets of [FILTER, named(fleet)]) {
      const { records, message, count } = await collect(fleet, {
        targets,
        queries: [query('services', ['windows'])],
        simulation
      })
      expect(message).toMatch(/ssm:DescribeInstanceInformation.*SSM must say which hosts run Windows\.$/)
      expect([records.length, count('SendCommand')]).toEqual([0, 0])
    }
  }
)

test('hosts of a resource group are looked up once SSM lists them: Linux hosts are not assessed by a pack for Windows', async () => {
  const targets: SsmRequest['targets'] = {
    kind: 'filters',
    filters: [{ key: 'resource-groups:Name', values: ['web'] }]
  }
  const fleet = hosts(120, at => ({ windows: at % 3 === 0 }))
  const run = { targets, queries: [query('services', ['windows'])] }
  const { byId, calls, error } = await collect(fleet, { ...run, simulation: { agents: true } })
  expect(error).toBe(null)
  expect(byId[id(0)]).toMatchObject({ status: 'reported' })
  expect(byId[id(1)]).toMatchObject({ status: 'silent', code: 'other-platform', unanswered: false })
  const asked = calls.filter(call => call.action === 'DescribeInstanceInformation').map(call => call.input)
  expect(asked.map(({ Filters }) => Filters)).toEqual(
    asked.map(() => [{ Key: 'InstanceIds', Values: expect.any(Array) }])
  )
  const denied = await collect(fleet, run)
  expect(denied.byId[id(0)]).toMatchObject({ status: 'reported' })
  expect(denied.byId[id(1)]).toMatchObject({ status: 'silent', code: 'platform-unknown', unanswered: false })
})

test('macOS and Linux hosts of a resource group are judged by what SSM says they are', async () => {
  const targets: SsmRequest['targets'] = {
    kind: 'filters',
    filters: [{ key: 'resource-groups:Name', values: ['web'] }]
  }
  const output = (host: string, missing: string) => (nonce: string) =>
    reply({
      nonce,
      host,
      parts: ['linux', 'mac'].map(name =>
        name === missing ? { name, status: 'unsupported' } : { name, rows: [] }
      )
    })
  const fleet = hosts(2, at => ({
    platformType: at === 0 ? 'Linux' : 'MacOS',
    output: output(id(at), 'linux')
  }))
  const queries = [query('linux', ['linux']), query('mac', ['darwin'])]
  const { byId } = await collect(fleet, { targets, queries, simulation: { agents: true } })
  expect(byId[id(0)]).toMatchObject({
    status: 'partial',
    reason: 'a query was not answered: linux (unsupported)'
  })
  expect(byId[id(1)]).toMatchObject({ status: 'reported' })
})

test('a document that no query of the packs is for is not sent', async () => {
  const judge = async (document: string, platform: Platform) =>
    collect(hosts(1), { document, queries: [query('x', [platform])], simulation: { agents: true } })
  for (const [document, platform] of [
    ['AWS-RunShellScript', 'windows'],
    ['acme-locked', 'windows'],
    ['AWS-RunPowerShellScript', 'linux']
  ] as const) {
    const { message, count } = await judge(document, platform)
    expect(message).toMatch(/^The document .* is for .*, and no query of the packs is\./)
    expect(count('SendCommand')).toBe(0)
  }
  const windows = await collect(
    hosts(1, () => ({ windows: true })),
    {
      document: 'AWS-RunPowerShellScript',
      queries: [query('x', ['windows']), query('y', ['linux'])],
      simulation: { agents: true }
    }
  )
  expect(windows.records).toMatchObject([{ status: 'reported', queries: { x: {} } }])
})

test('Windows hosts stay silent where no query is for them, or the role may not send the other document', async () => {
  const fleet = hosts(4, at => ({ windows: at === 0 }))
  const reason = 'the document is not for the platform of this host'
  const none = await collect(fleet)
  expect(none.byId[id(0)]).toMatchObject({ status: 'silent', reason, unanswered: false })
  const refuse = (action: string, _: number, input: Input) =>
    action === 'SendCommand' && input.DocumentName === 'AWS-RunPowerShellScript'
      ? awsError('AccessDeniedException')
      : undefined
  const denied = await collect(fleet, { queries: [query('everywhere', [])], simulation: { refuse } })
  expect(denied.error).toBe(null)
  expect(denied.byId[id(0)]).toMatchObject({ status: 'silent', reason })
  expect(denied.records.filter(record => record.status === 'reported')).toHaveLength(3)
  expect(denied.lines.filter(line => line.startsWith('warning'))).toHaveLength(1)
})

test('commands that were sent before a refusal are canceled', async () => {
  const fleet = hosts(60)
  const refuse = (action: string, count: number) =>
    action === 'SendCommand' && count === 2 ? awsError('AccessDeniedException') : undefined
  const { calls } = await collect(fleet, { targets: named(fleet), simulation: { refuse } })
  expect(calls.filter(call => call.action === 'CancelCommand').map(call => call.input.CommandId)).toEqual([
    'command-1'
  ])
})

test('expected hosts that SSM did not target are silent', async () => {
  const { byId, records } = await collect(hosts(2), { expectedIds: [id(0), id(5)] })
  expect(records).toHaveLength(3)
  expect(byId[id(5)]).toMatchObject({
    status: 'silent',
    unanswered: false,
    reason: expect.stringMatching(/^expected, but not matched by `targets`/)
  })
})

test('one id of another platform ends no run', async () => {
  const fleet = hosts(60, at => ({ windows: at === 7 }))
  const { error, byId, records } = await collect(fleet, { targets: named(fleet) })
  expect(error).toBe(null)
  expect(records.filter(record => record.status === 'reported')).toHaveLength(59)
  expect(byId[id(7)]).toMatchObject({ status: 'silent', code: 'other-platform', unanswered: false })
})

test('both documents of AWS are sent in the version whose digest is known', async () => {
  const fleet = hosts(2, at => ({ windows: at === 0 }))
  const { calls } = await collect(fleet, { queries: [query('everywhere', [])] })
  const sends = calls.filter(call => call.action === 'SendCommand').map(call => call.input)
  expect(sends.map(input => [input.DocumentName, input.DocumentVersion, input.DocumentHash])).toEqual([
    ['AWS-RunShellScript', '1', '99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e'],
    ['AWS-RunPowerShellScript', '1', '2142e42a19e0955cc09e43600bf2e633df1917b69d2be9693737dfd62e0fdf61']
  ])
})
