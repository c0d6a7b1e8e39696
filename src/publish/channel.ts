import type { RunContext } from '../github/context.ts'
import type { GitHub } from '../github/ports.ts'
import type { Inputs } from '../inputs/inputs.ts'
import type { Log } from '../log.ts'
import type { FindingLocator } from '../report/finding-locations.ts'
import type { Shown } from '../report/public-view.ts'
import type { Report } from '../report/report.ts'

/** A report on its way to the channels. */
export interface Publication {
  /** Complete; its secrets are hidden unless the user turned that off. */
  readonly report: Report
  /** How many secrets were hidden. */
  readonly redacted: number
  readonly locator: FindingLocator
  readonly context: RunContext
  readonly inputs: Pick<Inputs, 'comment' | 'issue' | 'formats'> & Partial<Pick<Inputs, 'securityHub'>>
  /** Absolute. */
  readonly outputDir: string
  /** The file that the runner shows as the job summary; `null` if there is none. */
  readonly summaryPath: string | null
}

/** A report on its way to a place that everyone who can read the repository can see. */
export interface VisiblePublication extends Publication {
  /** The report, or only its counts: a visible channel prints nothing else. */
  readonly shown: Shown
}

export interface PublishPorts {
  readonly log: Log
  readonly github: Pick<GitHub, 'comments' | 'issues' | 'isPublic'> | null
  readonly setOutput: (name: string, value: string) => void
}

/** Outputs of the action, by name. */
export type Outputs = Readonly<Record<string, string>>

/** Publishes a report in one place. Returns the outputs that say where. */
export type Channel<P> = (publication: P, ports: Pick<PublishPorts, 'log' | 'github'>) => Promise<Outputs>
