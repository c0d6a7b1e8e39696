import { escapePlain } from './escape.ts'
import type { Place, Places } from './finding-locations.ts'
import { count, listed, number } from './phrases.ts'
import { type HostNames, plainHosts, plainRow, plainTitle } from './plain-text.ts'
import { isPublicView, type Shown } from './public-view.ts'
import { type Finding, SEVERITIES, type Severity } from './report.ts'
import { atLeast, openFindings } from './summarize.ts'

/** A sentence that GitHub shows beside a line of a file, and on the page of the run. */
export interface Annotation {
  readonly title: string
  /** Plain text; nothing in it is live. */
  readonly message: string
  /** `null`: about the run as a whole. */
  readonly place: Place | null
}

/** The runner takes 10 of a type from a step; some are left for what else the run has to say. */
const MOST = 8
const MAX_ROWS_IN_ANNOTATION = 3
const MAX_HOSTS_IN_ANNOTATION = 5

/**
 * The open findings of medium or above, worst first, each at its place. They are warnings, so that the one error of a
 * run that fails is why it fails. What does not fit is counted in the last. Of a public repository there are counts only.
 */
export function annotationsOf(shown: Shown, places: Places): Annotation[] {
  if (isPublicView(shown)) {
    const natures = shown.natures.filter(({ severity }) => atLeast(severity, 'medium'))
    return about(natures, 'This repository is public, so only counts are shown here.')
  }
  const findings = openFindings(shown.findings).filter(({ severity }) => atLeast(severity, 'medium'))
  const first = findings.length > MOST ? findings.slice(0, MOST - 1) : findings
  const names: HostNames = new Map(shown.hosts.map(host => [host.id, host.name]))
  const rest = findings.slice(first.length).map(({ severity }) => ({ severity, findings: 1 }))
  return [
    ...first.map(finding => annotate(finding, names, places)),
    ...about(rest, 'They are not shown beside the file, and are in the job summary.')
  ]
}

function annotate(finding: Finding, names: HostNames, places: Places): Annotation {
  const { hosts, rows, explanation } = finding
  const lines = [
    escapePlain(explanation, 600),
    hosts.length > 0 ? `Hosts: ${plainHosts(hosts, names, MAX_HOSTS_IN_ANNOTATION)}.` : '',
    ...rows.slice(0, MAX_ROWS_IN_ANNOTATION).map(plainRow),
    rows.length > MAX_ROWS_IN_ANNOTATION
      ? `And ${count(rows.length - MAX_ROWS_IN_ANNOTATION, 'more row')} in the report.`
      : ''
  ]
  return {
    title: plainTitle(finding),
    message: lines.filter(line => line !== '').join('\n'),
    place: places(finding)[0] ?? null
  }
}

/** One annotation for all that is only counted; none where there is nothing to count. */
function about(
  counted: readonly { readonly severity: Severity; readonly findings: number }[],
  why: string
): Annotation[] {
  const all = counted.reduce((sum, { findings }) => sum + findings, 0)
  if (all === 0) return []
  const parts = SEVERITIES.flatMap(severity => {
    const many = counted.reduce((sum, part) => sum + (part.severity === severity ? part.findings : 0), 0)
    return many > 0 ? [`${number(many)} ${severity}`] : []
  })
  const title = `${listed(parts)} ${all === 1 ? 'finding' : 'findings'}`
  return [{ title, message: why, place: null }]
}
