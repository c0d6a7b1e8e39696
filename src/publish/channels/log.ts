import { renderTerminal } from '../../report/terminal.ts'
import type { Outputs, PublishPorts, VisiblePublication } from '../channel.ts'

/** Prints the report in the log. */
export async function printReport(
  { shown }: VisiblePublication,
  { log }: Pick<PublishPorts, 'log'>
): Promise<Outputs> {
  log.info(`\n${renderTerminal(shown, { color: log.color ?? false })}\n`)
  return {}
}
