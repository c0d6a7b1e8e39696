import type { SimulatedHost } from '../../fleet/host.ts'
import {
  type Command,
  type Invocation,
  platformOf,
  STATUS_WITHOUT_RUNNING,
  setStatus,
  statusOfExit
} from './command.ts'
import type { SsmState } from './state.ts'
import { WorkQueue } from './work-queue.ts'

/** An agent polls in these steps (milliseconds, measured). */
export const AGENT_PAUSE: readonly [min: number, max: number] = [2_000, 2_500]
/** An agent runs so many commands at a time, queues so many more, and refuses others. */
const COMMANDS_PER_AGENT = 5
const QUEUED_PER_AGENT = 5
const OFFER_AGAIN_MS = 10_000
/** Takes a command to the agent of one host, which runs the script. */
export function deliver(
  { fleet, agent, options, queue, agentQueues }: SsmState,
  command: Command,
  invocation: Invocation,
  script: readonly string[],
  timeoutSeconds: number
): void {
  const { host } = invocation
  const { signal } = command.cancellation
  const fixed = STATUS_WITHOUT_RUNNING[host.behavior]
  if (fixed !== undefined) {
    setStatus(invocation, ...fixed)
    return
  }
  if (!command.document.platforms.includes(platformOf(host))) {
    setStatus(invocation, 'Failed', 'InvalidPlatform')
    return
  }
  const work = async () => {
    // A command that is canceled in the queue never runs, and its agent says nothing more of it.
    if (signal.aborted) return
    invocation.startedAt = Date.now()
    const impersonated = host.behavior === 'impostor' ? fleet.hosts.find(other => other !== host) : host
    const limit = AbortSignal.timeout(timeoutSeconds * 1_000)
    const result =
      command.document.plugin === 'aws:runPowerShellScript'
        ? WITHOUT_POWERSHELL
        : await agent.run(
            host,
            impersonated?.id ?? host.id,
            script,
            command.id,
            AbortSignal.any([signal, limit])
          )
    const isKilled = limit.aborted || signal.aborted
    invocation.exitCode = isKilled ? 137 : result.code
    invocation.stdout = result.stdout
    invocation.stderr =
      invocation.exitCode === 0
        ? result.stderr
        : Buffer.concat([
            result.stderr,
            Buffer.from(`failed to run commands: exit status ${invocation.exitCode}`)
          ])
    if (command.bucket !== null && result.stdout.length > 0)
      options.store?.(objectPath(command, host), result.stdout)
    if (options.unending?.(host)) return
    if (signal.aborted) setStatus(invocation, 'Cancelled')
    else setStatus(invocation, ...statusOfExit(invocation.exitCode))
  }
  const agentQueue = agentQueues.get(host) ?? new WorkQueue(COMMANDS_PER_AGENT, QUEUED_PER_AGENT)
  agentQueues.set(host, agentQueue)
  const offer = () => {
    if (signal.aborted) return
    if (agentQueue.isFull) {
      setTimeout(offer, options.offerAgainMs ?? OFFER_AGAIN_MS).unref()
      return
    }
    setStatus(invocation, 'InProgress')
    agentQueue.add(() => queue.add(work))
  }
  const [min, max] = options.agentPause ?? [0, 0]
  if (max === 0) offer()
  else setTimeout(offer, min + Math.random() * (max - min)).unref()
}

const WITHOUT_POWERSHELL = {
  code: 1,
  stdout: Buffer.alloc(0),
  stderr: Buffer.from('exec: "pwsh": executable file not found in $PATH\n')
}

/** Where an agent stores its output: bucket and key. */
function objectPath({ id, bucket, keyPrefix, document }: Command, host: SimulatedHost): string {
  const plugin = document.plugin.replace('aws:', 'aws')
  return [bucket, keyPrefix, id, host.id, plugin, document.step, 'stdout']
    .filter(part => part !== '')
    .join('/')
}
