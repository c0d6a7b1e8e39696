import * as ssm from '@aws-sdk/client-ssm'
import { expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import { ServiceError } from '../../simulator/server/call-log.ts'
import { ssmService } from '../../simulator/server/ssm/service.ts'
import { until } from '../support/until.ts'

/** A schema of the AWS SDK: kind, namespace, name, traits, and what depends on the kind. */
type Schema = readonly unknown[]
const LIST = 1
const STRUCTURE = 3
const models = ssm as unknown as Readonly<Record<string, Schema | undefined>>

/** The schema that a reference stands for: itself, a function that returns it, or a schema with traits. */
function resolve(reference: unknown): Schema | number {
  const value = typeof reference === 'function' ? reference() : reference
  if (typeof value === 'number') return value
  const schema = value as Schema
  return typeof schema[0] === 'number' ? schema : resolve(schema[0])
}

/** The members of a value that its model does not have. */
function unknownMembers(reference: unknown, value: unknown, path: string): string[] {
  const schema = resolve(reference)
  if (typeof schema === 'number') return []
  if (schema[0] === LIST)
    return (value as unknown[]).flatMap((item, at) => unknownMembers(schema[4], item, `${path}[${at}]`))
  if (schema[0] !== STRUCTURE) return []
  const names = schema[4] as string[]
  return Object.entries(value as object).flatMap(([name, member]) => {
    const at = names.indexOf(name)
    return at < 0
      ? [`${path}.${name}`]
      : unknownMembers((schema[5] as unknown[])[at], member, `${path}.${name}`)
  })
}

const fleet = makeFleet({ hostCount: 14 })
const [first, windows] = fleet.hosts
Object.assign(first!, { behavior: 'honest' })
Object.assign(windows!, { behavior: 'other-platform' })
const printing = { code: 1, stdout: Buffer.from('out'), stderr: Buffer.from('errors') }
const service = ssmService(
  fleet,
  { run: async () => printing },
  { concurrency: 4, unlistedMs: 0, listLagMs: 0 }
)
const call = (action: string, input: object): Record<string, unknown> => {
  const answer = JSON.parse(JSON.stringify(service(action, input)))
  const [, , , , request, result] = models[`${action}$`]!
  expect(unknownMembers(request, input, action)).toEqual([])
  expect(unknownMembers(result, answer, action)).toEqual([])
  return answer
}
const SEND = {
  DocumentName: 'AWS-RunShellScript',
  Parameters: { commands: ['true'], executionTimeout: ['60'] }
}

test('every member that the simulated SSM answers with is one of the AWS model', async () => {
  const { Command } = call('SendCommand', { ...SEND, InstanceIds: [first!.id] })
  const { CommandId } = Command as { CommandId: string }
  const completed = () => call('ListCommands', { CommandId }) as { Commands: { CompletedCount: number }[] }
  await until(() => completed().Commands[0]?.CompletedCount === 1)
  expect(call('ListCommandInvocations', { CommandId, Details: true })).toMatchObject({
    CommandInvocations: [
      {
        StatusDetails: 'Failed',
        CommandPlugins: [
          {
            ResponseCode: 1,
            Output: 'out\n----------ERROR-------\nerrorsfailed to run commands: exit status 1'
          }
        ]
      }
    ]
  })
  call('GetCommandInvocation', { CommandId, InstanceId: first!.id })
  call('CancelCommand', { CommandId })
  call('DescribeInstanceInformation', { Filters: [{ Key: 'InstanceIds', Values: [first!.id] }] })
})

test.each<[string, () => object]>([
  ['InvalidInstanceId', () => service('SendCommand', { ...SEND, InstanceIds: ['i-0'] })],
  ['UnsupportedPlatformType', () => service('SendCommand', { ...SEND, InstanceIds: [windows!.id] })],
  ['InvalidDocument', () => service('SendCommand', { ...SEND, DocumentHash: 'x', InstanceIds: [first!.id] })],
  [
    'InvalidDocumentVersion',
    () => service('SendCommand', { ...SEND, DocumentVersion: '9', InstanceIds: [] })
  ],
  ['InvalidCommandId', () => service('CancelCommand', { CommandId: 'x' })]
])('%s is an error of the AWS model', (name, act) => {
  expect(models[`${name}$`]).toBeDefined()
  let thrown: unknown
  try {
    act()
  } catch (error) {
    thrown = error
  }
  expect(thrown instanceof ServiceError && thrown.type).toBe(name)
})
