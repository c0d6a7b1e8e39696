import type { RunContext } from '../github/context.ts'
import type { Inputs } from '../inputs/inputs.ts'
import { findingLocator, type SourceFile } from '../report/finding-locations.ts'
import { countsOnly } from '../report/public-view.ts'
import { redactReport } from '../report/redact.ts'
import type { Report } from '../report/report.ts'
import type { Channel, Publication, PublishPorts } from './channel.ts'
import { PRIVATE_CHANNELS, VISIBLE_CHANNELS } from './channels.ts'

export interface PublishRequest extends Pick<Publication, 'context' | 'outputDir' | 'summaryPath'> {
  readonly report: Report
  /** The baseline file, whose lines findings can point at; `null` if there is none. */
  readonly baseline: SourceFile | null
  readonly inputs: Pick<Inputs, 'redact' | 'publishToPublic' | 'comment' | 'issue' | 'formats'> &
    Partial<Pick<Inputs, 'securityHub'>>
}

/**
 * Publishes a report in every channel: private ones first, so that the files are complete whatever GitHub does.
 * What GitHub refuses is a warning: a failed upload never changes the result of a run.
 * @throws Error when the report files cannot be written.
 */
export async function publish(request: PublishRequest, ports: PublishPorts): Promise<void> {
  const { report, count: redacted } = request.inputs.redact
    ? redactReport(request.report)
    : { report: request.report, count: 0 }
  const publication = {
    ...request,
    report,
    redacted,
    locator: findingLocator(request.baseline, request.context.workflow)
  }
  await publishIn(PRIVATE_CHANNELS, publication, ports)
  const shown = (await mayShowHosts(request, ports)) ? report : countsOnly(report)
  await publishIn(VISIBLE_CHANNELS, { ...publication, shown }, ports)
}

async function publishIn<P>(
  channels: readonly Channel<P>[],
  publication: P,
  ports: PublishPorts
): Promise<void> {
  for (const channel of channels) {
    const outputs = await channel(publication, ports)
    for (const [name, value] of Object.entries(outputs)) ports.setOutput(name, value)
  }
}

/** Whether visible channels may name hosts. A repository whose visibility is unknown counts as public. */
export async function mayShowHosts(
  { context, inputs }: { readonly context: RunContext; readonly inputs: Pick<Inputs, 'publishToPublic'> },
  { github }: Pick<PublishPorts, 'github'>
): Promise<boolean> {
  if (inputs.publishToPublic || context.repository === null) return true
  if (context.isPrivate !== null) return context.isPrivate
  return (await github?.isPublic()) === false
}
