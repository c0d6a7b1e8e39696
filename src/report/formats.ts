import type { Places } from './finding-locations.ts'
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
  /** @param redacted how many secrets were hidden */
  readonly render: (report: Report, redacted: number, places: Places) => string
}

/** No reader of a Markdown file wants more (bytes). */
const MARKDOWN_FILE_LIMIT = 4 * 1024 * 1024

export const FORMATS: readonly Format[] = [
  { file: 'report.json', output: 'report-json', render: report => renderJson(report) },
  { file: 'report.html', output: 'report-html', render: renderHtml },
  {
    file: 'report.md',
    output: 'report-markdown',
    render: (report, redacted) =>
      renderMarkdown(report, {
        limit: MARKDOWN_FILE_LIMIT,
        redacted,
        whole: 'The full report is report.json beside this file.'
      })
  },
  {
    file: 'report.sarif',
    output: 'report-sarif',
    render: (report, _, places) => renderSarif(report, places)
  }
]
