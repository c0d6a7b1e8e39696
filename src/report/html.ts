import { createHash } from 'node:crypto'
import { builtinPack } from '../osquery/builtin-packs.ts'
import { escapeUnseen } from '../text/escape-json.ts'
import { escapeLine } from './escape.ts'
import { headlineOf, headlineText } from './headline.ts'
import { SCRIPT, STYLE } from './html/assets.ts'
import type { Report } from './report.ts'

/**
 * `report.html`: one self-contained page with the whole report. Its policy allows its own script and style, by their
 * digests, and nothing else: no address is loaded, and no text becomes markup. The report is embedded as JSON and
 * reaches the page only as text.
 *
 * @param redacted how many secrets were redacted
 */
export function renderHtml(report: Report, redacted: number): string {
  const { verdict, outcome } = headlineText(headlineOf(report))
  const title = `${report.run.name}: ${verdict}`
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
<noscript><h1>${escapeMarkup(title)}</h1><p>${escapeMarkup(outcome)}.</p><p>The rest of this page needs JavaScript, which is off in this browser. report.md and report.json have the same content.</p></noscript>
<script type="application/json" id="data">${embed(data)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`
}

/** The SQL of the queries in the report's rows, for packs that come with the action. */
function sqlOf({ run, findings }: Report): Record<string, string> {
  const queries = new Set(findings.flatMap(finding => finding.rows.map(row => row.query)))
  const sql: Record<string, string> = Object.create(null)
  for (const { name, sha256 } of run.packs) {
    const pack = builtinPack(name)
    if (pack?.sha256 !== sha256) continue
    for (const query of pack.queries) if (queries.has(query.name)) sql[query.name] = query.sql
  }
  return sql
}

/** JSON that is safe inside `<script>`, with nothing invisible in it. */
function embed(value: unknown): string {
  return escapeUnseen(JSON.stringify(value)).replace(
    /[<>&]/g,
    character => `\\u00${character.charCodeAt(0).toString(16)}`
  )
}

function escapeMarkup(text: string): string {
  return escapeLine(text, 300).replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** Allows exactly one inline script or style (CSP 3, source lists). */
function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
