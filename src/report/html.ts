import { createHash } from 'node:crypto'
import { builtinPack } from '../osquery/builtin-packs.ts'
import { escapeLine } from './escape.ts'
import { SCRIPT, STYLE } from './html/assets.ts'
import { escapeUnseen } from './json.ts'
import { gistOf, outcome, verdictWords } from './phrases.ts'
import type { Report } from './report.ts'

/**
 * `report.html`: one page that holds the whole report and needs nothing else. It may run its own script and style, by
 * their digests, and nothing more: no address is loaded, no markup is made from text. The report stands in it as JSON
 * and reaches the page as text alone.
 *
 * @param redacted how many secrets were hidden
 */
export function renderHtml(report: Report, redacted: number): string {
  const gist = gistOf(report)
  const title = `${report.run.name}: ${verdictWords(gist)}`
  const data = { report, redacted, sql: sqlOf(report) }
  const policy = [
    "default-src 'none'",
    `script-src ${digest(SCRIPT)}`,
    `style-src ${digest(STYLE)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${escapeMarkup(title)} · Fleet Drift</title>
<style>${STYLE}</style>
</head>
<body>
<noscript><h1>${escapeMarkup(title)}</h1><p>${escapeMarkup(outcome(gist))}.</p><p>The rest of this page is made by its own script, which this browser does not run. report.md and report.json hold the same.</p></noscript>
<script type="application/json" id="data">${embed(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`
}

/** The SQL of the queries in the report's rows, where the run's pack is one that comes with the action. */
function sqlOf({ run, findings }: Report): Record<string, string> {
  const told = new Set(findings.flatMap(finding => finding.rows.map(row => row.query)))
  const sql: Record<string, string> = Object.create(null)
  for (const { name, sha256 } of run.packs) {
    const pack = builtinPack(name)
    if (pack?.sha256 !== sha256) continue
    for (const query of pack.queries) if (told.has(query.name)) sql[query.name] = query.sql
  }
  return sql
}

/** JSON that no parser of HTML takes for anything else, and in which nothing is invisible. */
function embed(value: unknown): string {
  return escapeUnseen(JSON.stringify(value)).replace(
    /[<>&]/g,
    character => `\\u00${character.charCodeAt(0).toString(16)}`
  )
}

function escapeMarkup(text: string): string {
  return escapeLine(text, 300).replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** What allows one inline script or style, and no other (CSP 3, source list syntax). */
function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
