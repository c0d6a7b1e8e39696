import type { SimulatedHost } from '../fleet/host.ts'

/** Runs a document's commands on a host. */
export interface Agent {
  /** @param name the id that the agent gives to the script: another host's id if the host lies */
  run(
    host: SimulatedHost,
    name: string,
    commands: readonly string[],
    commandId: string,
    signal: AbortSignal
  ): Promise<CommandResult>
}

/** How a command ended on a host. */
export interface CommandResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}
