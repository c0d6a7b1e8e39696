import { expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import { AGENT_PAUSE } from '../../simulator/server/ssm/deliver.ts'
import { listedOutput } from '../../simulator/server/ssm/responses.ts'
import { ssmService } from '../../simulator/server/ssm/service.ts'
import type { SsmOptions } from '../../simulator/server/ssm/state.ts'

const sleep = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

/** One host whose commands run until they are released; the state of each is how SSM lists it. */
function oneHost(options: Partial<SsmOptions> = {}) {
  const fleet = makeFleet({ hostCount: 14 })
  const host = Object.assign(fleet.hosts[0]!, { behavior: 'honest' })
  const releases: (() => void)[] = []
  const answer = ssmService(
    { ...fleet, hosts: [host] },
    {
      run: async (_host, _name, _commands, _id, signal) => {
        await new Promise<void>(resolve => {
          releases.push(resolve)
          signal.addEventListener('abort', () => resolve())
        })
        return { code: 0, stdout: Buffer.from('out'), stderr: Buffer.alloc(0) }
      }
    },
    { concurrency: 100, unlistedMs: 0, listLagMs: 0, ...options }
  )
  const send = () => {
    const input = {
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [host.id],
      Parameters: { commands: ['true'] }
    }
    return (answer('SendCommand', input) as { Command: { CommandId: string } }).Command.CommandId
  }
  const stateOf = (CommandId: string) =>
    (answer('GetCommandInvocation', { CommandId, InstanceId: host.id }) as { Status: string }).Status
  return { send, stateOf, releases, cancel: (CommandId: string) => answer('CancelCommand', { CommandId }) }
}

test('an agent runs five commands and queues five; SSM offers it the others again later', async () => {
  const { send, stateOf, releases } = oneHost({ offerAgainMs: 1_500 })
  const ids = Array.from({ length: 12 }, send)
  await sleep(20)
  // What waits in the agent is in progress, as far as SSM knows.
  const states = () => ids.map(stateOf)
  expect(states()).toEqual([...Array(10).fill('InProgress'), 'Pending', 'Pending'])
  expect(releases).toHaveLength(5)
  releases[0]!()
  await sleep(20)
  expect(releases).toHaveLength(6)
  expect(states().slice(10)).toEqual(['Pending', 'Pending'])
  await sleep(1_700)
  expect(states()).toEqual(['Success', ...Array(10).fill('InProgress'), 'Pending'])
})

test('a command that is canceled in the queue of its agent never runs, and its agent never replies', async () => {
  const { send, stateOf, releases, cancel } = oneHost()
  const ids = Array.from({ length: 6 }, send)
  await sleep(20)
  for (const id of ids) cancel(id)
  await sleep(50)
  expect(releases).toHaveLength(5)
  expect(ids.map(stateOf)).toEqual([...Array(5).fill('Cancelled'), 'Cancelling'])
})

test('an agent picks a command up after its pause', async () => {
  expect(AGENT_PAUSE).toEqual([2_000, 2_500])
  const { send, stateOf, releases } = oneHost({ agentPause: [100, 120] })
  const id = send()
  await sleep(50)
  expect([stateOf(id), releases.length]).toEqual(['Pending', 0])
  await sleep(150)
  expect([stateOf(id), releases.length]).toEqual(['InProgress', 1])
})

test.each([
  ['both are short', 100, 100, 100, 100],
  ['there are no errors', 2_499, 0, 2_499, 0],
  ['the output is long', 2_500, 0, 2_477, 0],
  ['the output is long and the errors are short', 24_000, 100, 2_353, 100],
  ['the errors are long', 100, 8_000, 100, 2_353],
  ['both are long', 24_000, 8_000, 1_215, 1_215]
])('where %s, the list shows as much as the agent sends', (_, stdout, stderr, shownOutput, shownErrors) => {
  const text = listedOutput(Buffer.alloc(stdout, '0'), Buffer.alloc(stderr, '1'))
  expect(text.length).toBeLessThanOrEqual(2_500)
  expect(text.replace(/[^0]/g, '')).toHaveLength(shownOutput)
  expect(text.replace(/[^1]/g, '')).toHaveLength(shownErrors)
  expect(text.includes('\n---Output truncated---')).toBe(shownOutput < stdout)
  expect(text.includes('\n---Error truncated----')).toBe(shownErrors < stderr)
})
