import type { SimulatedFleet, SimulatedHost } from '../../fleet/host.ts'
import type { Agent } from '../agent.ts'
import type { Command } from './command.ts'
import type { WorkQueue } from './work-queue.ts'

export interface SsmOptions {
  /** Hosts that run a command at the same time: they may run real processes on this machine. */
  readonly concurrency: number
  /** Milliseconds after sending in which SSM does not list a command and its invocations yet. */
  readonly unlistedMs: number
  /** Milliseconds by which the list of invocations lags behind the command's counts. */
  readonly listLagMs: number
  /** Stores what an agent writes to S3, by bucket and key. */
  readonly store?: (path: string, content: Buffer) => void
  /** Hosts whose agent's last reply is lost: SSM has their output, and never learns that they have ended. */
  readonly unending?: (host: SimulatedHost) => boolean
  /**
   * How long an agent takes to pick a command up: from the first to the second (milliseconds). By default none; the real
   * one takes AGENT_PAUSE (deliver.ts).
   */
  readonly agentPause?: readonly [min: number, max: number]
  /** After how many milliseconds SSM offers a command again that an agent had no room for; by default 10,000. */
  readonly offerAgainMs?: number
  /** Hosts that SSM counts and never lists, with or without their agent. */
  readonly hidden?: (host: SimulatedHost) => 'with-agent' | 'without-agent' | null
  /** The account's own documents, by name: their content. */
  readonly documents?: Readonly<Record<string, string>>
}

export interface SsmState {
  readonly fleet: SimulatedFleet
  readonly agent: Agent
  readonly options: SsmOptions
  readonly commands: Map<string, Command>
  readonly queue: WorkQueue
  /** By host. */
  readonly agentQueues: Map<SimulatedHost, WorkQueue>
}
