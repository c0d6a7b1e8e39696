import type { FindingLocator } from './finding-locations.ts'
import { renderHistory } from './fleet-memory.ts'
import { renderAsff, type SecurityHub } from './formats/asff.ts'
import { renderEcs } from './formats/ecs.ts'
import { renderJunit } from './formats/junit.ts'
import { renderNavigator } from './formats/navigator.ts'
import { renderOcsf } from './formats/ocsf.ts'
import { renderTimeline } from './formats/timeline.ts'
import { renderHtml } from './html.ts'
import { renderJson } from './json.ts'
import { renderMarkdown } from './markdown.ts'
import type { Report } from './report.ts'
import { renderSarif } from './sarif.ts'

/** A report as a file. A new format is one renderer and one line in {@link FORMATS}. */
export interface Format {
  /** Name of the file in the output folder. */
  readonly file: string
  /** The action's output that holds the file's path. */
  readonly output: string
  /** @param redacted how many secrets were redacted */
  readonly render: (report: Report, redacted: number, locate: FindingLocator) => string
}

/** In bytes: more than anyone reads of a Markdown file. */
const MAX_MARKDOWN_BYTES = 4 * 1024 * 1024

export const FORMATS: readonly Format[] = [
  { file: 'report.json', output: 'report-json', render: report => renderJson(report) },
  { file: 'report.html', output: 'report-html', render: renderHtml },
  {
    file: 'report.md',
    output: 'report-markdown',
    render: (report, redacted) =>
      renderMarkdown(report, {
        limit: MAX_MARKDOWN_BYTES,
        redacted,
        fullReport: 'The full report is report.json, next to this file.'
      })
  },
  {
    file: 'report.sarif',
    output: 'report-sarif',
    render: (report, _, locate) => renderSarif(report, locate)
  },
  { file: 'history.json', output: 'history', render: report => renderHistory(report) }
]

/** Formats of other tools, by the names of the `formats` input. */
export const MORE_FORMATS = {
  navigator: { file: 'attack-navigator.json', render: renderNavigator },
  ocsf: { file: 'findings.ocsf.ndjson', render: renderOcsf },
  asff: {
    file: 'findings.asff.json',
    render: (report: Report, hub: SecurityHub | null = null) =>
      hub === null ? '[]\n' : renderAsff(report, hub)
  },
  ecs: { file: 'findings.ecs.ndjson', render: renderEcs },
  junit: { file: 'junit.xml', render: renderJunit },
  timeline: { file: 'timeline.jsonl', render: renderTimeline }
} as const satisfies Readonly<
  Record<
    string,
    { readonly file: string; readonly render: (report: Report, hub: SecurityHub | null) => string }
  >
>
