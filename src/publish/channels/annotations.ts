import { annotationsOf } from '../../report/annotations.ts'
import type { Outputs, PublishPorts, VisiblePublication } from '../channel.ts'

/** Shows the findings of a check beside the lines they are about. */
export async function showAnnotations(
  { shown, report, locator }: VisiblePublication,
  { log }: Pick<PublishPorts, 'log'>
): Promise<Outputs> {
  if (report.run.mode !== 'check') return {}
  for (const { title, message, location } of annotationsOf(shown, locator)) {
    log.warning(message, location === null ? { title } : { title, file: location.path, line: location.line })
  }
  return {}
}
