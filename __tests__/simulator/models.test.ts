import { expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { Behavior } from '../../simulator/fleet/host.ts'
import { ServiceError } from '../../simulator/server/call-log.ts'
import { ssmService } from '../../simulator/server/ssm/service.ts'
import type { SsmOptions } from '../../simulator/server/ssm/state.ts'
import { assumeRole } from '../../src/aws/credentials.ts'
import { lockedDocument } from '../../src/collect/script/document.ts'
import { awsModel } from '../support/aws-model.ts'
import { ports, startServices } from '../support/aws-services.ts'
import type { Input } from '../support/simulated-ssm.ts'
import { collect, FILTER, hosts, named, query } from '../support/ssm-collection.ts'

const ssm = awsModel('ssm')
const BEHAVIORS: readonly Behavior[] = [
  'honest',
  'silent',
  'hang',
  'failed',
  'timed-out',
  'offline',
  'other-platform',
  'denied'
]
const CODES: Partial<Record<Behavior, number>> = { failed: 1, 'timed-out': 137 }

/** A simulated SSM with one host of each behavior, whose answers and errors are compared with the model of AWS. */
function service(options: Partial<SsmOptions> = {}, print = () => Buffer.from('out')) {
  const fleet = makeFleet({ hostCount: 14 })
  const members = fleet.hosts.slice(0, BEHAVIORS.length)
  for (const [index, host] of members.entries()) Object.assign(host, { behavior: BEHAVIORS[index] })
  const answer = ssmService(
    { ...fleet, hosts: members },
    {
      run: async ({ behavior }) => ({
        code: CODES[behavior] ?? 0,
        stdout: print(),
        stderr: Buffer.from(behavior === 'honest' ? '' : 'errors')
      })
    },
    { concurrency: 4, unlistedMs: 0, listLagMs: 0, ...options }
  )
  const call = (action: string, input: object): Record<string, unknown> => {
    expect(ssm.problemsOfInput(action, input)).toEqual([])
    const result = JSON.parse(JSON.stringify(answer(action, input)))
    expect(ssm.problemsOfOutput(action, result)).toEqual([])
    return result
  }
  const idOf = (behavior: Behavior) => members[BEHAVIORS.indexOf(behavior)]!.id
  return { call, answer, idOf, members }
}

const SEND = {
  DocumentName: 'AWS-RunShellScript',
  Parameters: { commands: ['true'], executionTimeout: ['60'] }
}
const EVERYONE = { ...SEND, Targets: [{ Key: 'tag:Service', Values: ['checkout'] }] }
const settled = () => new Promise(resolve => setTimeout(resolve, 50))
const commandIn = ({ Command }: Record<string, unknown>) => (Command as { CommandId: string }).CommandId

test('every answer of the simulated SSM fits the model of AWS, whatever state its hosts are in', async () => {
  const { call, members } = service()
  const CommandId = commandIn(call('SendCommand', EVERYONE))
  const readAll = () => {
    call('ListCommands', { CommandId })
    call('ListCommands', { Filters: [{ key: 'InvokedAfter', value: '2026-01-01T00:00:00Z' }], MaxResults: 1 })
    for (const Details of [true, false]) call('ListCommandInvocations', { CommandId, Details, MaxResults: 3 })
    for (const { id } of members) call('GetCommandInvocation', { CommandId, InstanceId: id })
    call('DescribeInstanceInformation', { Filters: [{ Key: 'tag:Service', Values: ['checkout'] }] })
  }
  readAll()
  await settled()
  readAll()
  const listed = call('ListCommandInvocations', { CommandId, Details: true })
  const details = (listed.CommandInvocations as { StatusDetails: string }[]).map(item => item.StatusDetails)
  expect(new Set(details)).toEqual(
    new Set([
      'Success',
      'Failed',
      'Undeliverable',
      'InProgress',
      'ExecutionTimedOut',
      'DeliveryTimedOut',
      'InvalidPlatform',
      'AccessDenied'
    ])
  )
  call('CancelCommand', { CommandId })
  readAll()
})

test.each([0, 1, 2_499, 2_500, 23_999, 24_000, 100_000])(
  'outputs of %d bytes are as long as the model allows',
  async length => {
    const { call, idOf } = service({}, () => Buffer.alloc(length, 'é'))
    const CommandId = commandIn(call('SendCommand', { ...SEND, InstanceIds: [idOf('failed')] }))
    await settled()
    call('ListCommandInvocations', { CommandId, Details: true })
    call('GetCommandInvocation', { CommandId, InstanceId: idOf('failed') })
  }
)

test.each<[string, string, (given: ReturnType<typeof service>) => object]>([
  ['InvalidInstanceId', 'SendCommand', () => ({ ...SEND, InstanceIds: ['i-0123456789abcdef0'] })],
  [
    'UnsupportedPlatformType',
    'SendCommand',
    ({ idOf }) => ({ ...SEND, InstanceIds: [idOf('other-platform')] })
  ],
  ['InvalidDocument', 'SendCommand', () => ({ ...EVERYONE, DocumentHash: 'x' })],
  ['InvalidDocument', 'SendCommand', () => ({ ...EVERYONE, DocumentName: 'acme-none' })],
  ['InvalidDocumentVersion', 'SendCommand', () => ({ ...EVERYONE, DocumentVersion: '9' })],
  [
    'MaxDocumentSizeExceeded',
    'SendCommand',
    () => ({ ...EVERYONE, Parameters: { commands: ['x'.repeat(100_001)] } })
  ],
  [
    'InvalidParameters',
    'SendCommand',
    () => ({ ...EVERYONE, DocumentName: 'acme', Parameters: { odd: ['1'] } })
  ],
  ['InvalidCommandId', 'CancelCommand', () => ({ CommandId: 'c'.repeat(36) })],
  ['InvalidCommandId', 'ListCommands', () => ({ CommandId: 'c'.repeat(36) })],
  ['InvalidCommandId', 'ListCommandInvocations', () => ({ CommandId: 'c'.repeat(36) })],
  [
    'InvalidFilterKey',
    'DescribeInstanceInformation',
    () => ({
      Filters: [
        { Key: 'InstanceIds', Values: ['i-0123456789abcdef0'] },
        { Key: 'tag:a', Values: ['b'] }
      ]
    })
  ]
])('%s is an error that %s is modeled with', (name, action, input) => {
  const given = service({ documents: { acme: lockedDocument([query('users')]) } })
  expect(ssm.errorsOf(action)).toContain(name)
  let thrown: unknown
  try {
    given.answer(action, input(given))
  } catch (error) {
    thrown = error
  }
  expect(thrown instanceof ServiceError && thrown.type).toBe(name)
})

test('everything that a run sends to SSM fits the model of AWS', async () => {
  const long = (nonce: string) => `${nonce}${'x'.repeat(30_000)}`
  const fleet = hosts(70, at => ({
    windows: at === 1,
    registered: at !== 2,
    ...(at === 3 ? { output: long } : {}),
    ...(at === 4 ? { endsAt: 1e9 } : {})
  }))
  const comment = `fleet-drift acme/${'a'.repeat(100)} run 18446744073709551615`
  const group = { key: 'resource-groups:Name', values: ['web'] }
  const runs = [
    { targets: FILTER },
    { targets: named(fleet), queries: [query('everywhere', [])] },
    { targets: FILTER, document: 'acme-locked' },
    { targets: FILTER, document: 'arn:aws-eusc:ssm:eusc-de-east-1:111122223333:document/acme-locked' },
    { targets: FILTER, outputS3: { bucket: 'acme.fleet', prefix: 'drift/nightly' } },
    { targets: { kind: 'filters' as const, filters: [group] } },
    { targets: FILTER, maxConcurrency: '50', timeoutSeconds: 5 }
  ]
  const actions = new Set<string>()
  for (const run of runs) {
    const { calls } = await collect(fleet, { comment, ...run, simulation: { agents: true } })
    for (const { action, input } of calls) {
      actions.add(action)
      // The simulation in memory has short ids of commands.
      const { CommandId, ...rest } = input as Input
      const value = CommandId === undefined ? rest : { ...rest, CommandId: CommandId.padEnd(36, '0') }
      expect([action, ssm.problemsOfInput(action, value)]).toEqual([action, []])
    }
  }
  expect(actions.size).toBe(6)
})

test('what is sent to STS fits the model of AWS', async () => {
  const services = await startServices()
  const request = {
    arn: 'arn:aws:iam::111122223333:role/fleet-drift',
    sessionName: 'fleet-drift-18446744073709551615',
    durationSeconds: 3_600,
    audience: 'sts.amazonaws.com',
    inlineSessionPolicy: '{"Version":"2012-10-17","Statement":[]}',
    region: 'eu-west-1',
    repository: 'acme/infra'
  }
  await assumeRole(request, { ...ports(), tokens: async () => 'head.claims.signature' }).credentials()
  await services.close()
  const { Action, Version, DurationSeconds, ...form } = Object.fromEntries(services.requests[0]!)
  expect([Action, Version]).toEqual(['AssumeRoleWithWebIdentity', '2011-06-15'])
  const input = { ...form, DurationSeconds: Number(DurationSeconds) }
  expect(awsModel('sts').problemsOfInput('AssumeRoleWithWebIdentity', input)).toEqual([])
})
