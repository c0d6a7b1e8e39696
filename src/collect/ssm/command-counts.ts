import { type Command, ListCommandsCommand, type ListCommandsResult } from '@aws-sdk/client-ssm'
import { errorName, errorText } from '../../aws/errors.ts'
import type { SsmApi } from './api.ts'
import { invocationState } from './invocation-status.ts'
import type { SsmPorts } from './ports.ts'
import type { SentCommand } from './send.ts'

/** How far a command is, in hosts. */
export interface CommandCount {
  readonly targeted: number
  readonly completed: number
  /** Nothing will change any more. */
  readonly terminal: boolean
}

/** Counts how far commands are, with few calls. */
export interface CommandCounter {
  readonly ports: SsmPorts
  readonly api: SsmApi
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** Filters whose hosts are counted in their list: since when the list has had this length. */
  readonly stableSince: Map<SentCommand, { readonly targeted: number; readonly at: number }>
  /** Whether the role may call ListCommands. */
  mayListCommands: boolean
}

/** SSM lists at most this many commands per page (API reference). */
const MAX_RESULTS = 50
/** More open commands than this are not looked up one by one: the account's latest commands are listed. */
const MAX_SINGLE_LOOKUPS = 2
/** An account may run many other commands: after this many pages the remaining ones are looked up one by one. */
const MAX_PAGES = 6
/** The runner's clock may be ahead of the service's (milliseconds). */
const CLOCK_SKEW = 5 * 60_000
/** Without ListCommands, a list that stays empty for this long means that nothing matched (milliseconds). */
const EMPTY_FOR = 30_000
/**
 * Without ListCommands, a filter's hosts appear only as SSM dispatches to them: a list without a new host for this long
 * is complete (milliseconds).
 */
const STABLE_FOR = 10_000
const OPEN_STATUSES: readonly string[] = ['Pending', 'InProgress', 'Cancelling', 'Delayed']

export function commandCounter(ports: SsmPorts, api: SsmApi): CommandCounter {
  return { ports, api, startedAt: ports.clock.now(), stableSince: new Map(), mayListCommands: true }
}

/** How far each command is; commands that SSM cannot count yet are left out. */
export async function countCommands(
  counter: CommandCounter,
  open: readonly SentCommand[]
): Promise<Map<SentCommand, CommandCount>> {
  const counts = new Map<SentCommand, CommandCount>()
  if (counter.mayListCommands && open.length > MAX_SINGLE_LOOKUPS) {
    for (const [command, listed] of await listLatest(counter, open))
      counts.set(command, readCount(command, listed))
    if (counter.mayListCommands) {
      for (const command of open.filter(command => !counts.has(command))) {
        const count = await countOne(counter, command)
        // SSM does not know it yet, and so probably none that was sent later.
        if (count === null) break
        counts.set(command, count)
      }
      return counts
    }
  }
  for (const command of open) {
    const count = await countOne(counter, command)
    if (count !== null) counts.set(command, count)
  }
  return counts
}

/** The latest commands of the account that are among the wanted ones: one call for 50 of them. */
async function listLatest(
  counter: CommandCounter,
  open: readonly SentCommand[]
): Promise<Map<SentCommand, Command>> {
  const wanted = new Map(open.map(command => [command.id, command]))
  const found = new Map<SentCommand, Command>()
  const value = new Date(counter.startedAt - CLOCK_SKEW).toISOString().replace(/\.\d+Z$/, 'Z')
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES && found.size < wanted.size; page++) {
    const listed = await listCommands(
      counter,
      new ListCommandsCommand({
        Filters: [{ key: 'InvokedAfter', value }],
        MaxResults: MAX_RESULTS,
        ...(token ? { NextToken: token } : {})
      })
    ).catch(error => {
      counter.ports.log.debug(`${errorText(error)}. The commands are counted one by one.`)
      return null
    })
    for (const command of listed?.Commands ?? []) {
      const own = wanted.get(command.CommandId ?? '')
      if (own !== undefined) found.set(own, command)
    }
    token = listed?.NextToken
    if (!token) break
  }
  return found
}

async function countOne(counter: CommandCounter, command: SentCommand): Promise<CommandCount | null> {
  if (!counter.mayListCommands) return countInvocations(counter, command)
  const listed = await listCommands(counter, new ListCommandsCommand({ CommandId: command.id }))
  if (listed === null && !counter.mayListCommands) return countInvocations(counter, command)
  const [found] = listed?.Commands ?? []
  if (found === undefined) return null
  const count = readCount(command, found)
  if (!count.terminal || count.targeted > 0 || found.StatusDetails === 'NoInstancesInTag') return count
  // Its counts may lag or be missing: the list of invocations shows whether it has hosts.
  const invocations = await countInvocations(counter, command)
  return invocations === null ? null : { ...invocations, terminal: true }
}

/** One call of ListCommands; `null` where SSM cannot say. A refusal sets `mayListCommands` to false. */
async function listCommands(
  counter: CommandCounter,
  call: ListCommandsCommand
): Promise<ListCommandsResult | null> {
  const { ssm, log } = counter.ports
  try {
    return await ssm.send(call)
  } catch (error) {
    const name = errorName(error)
    if (name === 'InvalidCommandId') return null
    if (/AccessDenied|UnknownOperation/.test(name)) {
      if (counter.mayListCommands)
        log.debug(`ListCommands is refused (${name}): the invocations are counted instead.`)
      counter.mayListCommands = false
    } else counter.api.warnIfTransient(error, 'ssm:ListCommands')
    return null
  }
}

function readCount({ hosts }: SentCommand, found: Command): CommandCount {
  const status = (found.Status ?? 'Pending').replaceAll(' ', '')
  const targeted = Math.max(found.TargetCount ?? 0, hosts?.length ?? 0)
  return { targeted, completed: found.CompletedCount ?? 0, terminal: !OPEN_STATUSES.includes(status) }
}

async function countInvocations(counter: CommandCounter, command: SentCommand): Promise<CommandCount | null> {
  let targeted = 0
  let completed = 0
  try {
    for await (const { Status, StatusDetails } of counter.api.invocations(command, false)) {
      targeted++
      if (invocationState(Status, StatusDetails).terminal) completed++
    }
  } catch (error) {
    counter.api.warnIfTransient(error, 'ssm:ListCommandInvocations')
    return null
  }
  return { targeted, completed, terminal: completed === targeted && isComplete(counter, command, targeted) }
}

/** Whether a list of this length has all invocations of the command. */
function isComplete({ ports, stableSince }: CommandCounter, command: SentCommand, targeted: number): boolean {
  if (command.hosts !== null && targeted >= command.hosts.length) return true
  const now = ports.clock.now()
  const before = stableSince.get(command)
  if (before?.targeted !== targeted) {
    stableSince.set(command, { targeted, at: now })
    return false
  }
  return now - before.at >= (targeted === 0 ? EMPTY_FOR : STABLE_FOR)
}
