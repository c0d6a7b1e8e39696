import { list, number, plural } from '../text/phrases.ts'
import type { FindingLocator, SourceLine } from './finding-locations.ts'
import { type HostNames, hostNamesOf } from './host-names.ts'
import { findingTitle } from './phrases.ts'
import { findingMessage } from './plain-text.ts'
import { isPublicView, type Shown } from './public-view.ts'
import { type Finding, SEVERITIES, type Severity } from './report.ts'
import { atLeast, openFindings, severityCounts } from './summarize.ts'

/** A message that GitHub shows beside a line of a file, and on the page of the run. */
export interface Annotation {
  readonly title: string
  /** Plain text; nothing in it is live. */
  readonly message: string
  /** `null`: about the run as a whole. */
  readonly location: SourceLine | null
}

/** The runner accepts 10 of a type from one step; two are left for the run's other messages. */
const MAX_ANNOTATIONS = 8
const MAX_ROWS = 3
const MAX_HOSTS = 5

/**
 * The open findings of medium severity or worse, worst first, each at its line. They are warnings, so that the one
 * error of a failed run says why it failed. The last annotation counts what does not fit. For a public repository there
 * are only counts.
 */
export function annotationsOf(shown: Shown, locate: FindingLocator): Annotation[] {
  if (isPublicView(shown)) {
    const counts = shown.findingCounts.filter(({ severity }) => atLeast(severity, 'medium'))
    return countAnnotation(counts, 'This repository is public, so only counts are shown here.')
  }
  const findings = openFindings(shown.findings).filter(({ severity }) => atLeast(severity, 'medium'))
  const first = findings.length > MAX_ANNOTATIONS ? findings.slice(0, MAX_ANNOTATIONS - 1) : findings
  const names = hostNamesOf(shown)
  const others = findings.slice(first.length)
  return [
    ...first.map(finding => annotate(finding, names, locate)),
    ...countAnnotation(severityCounts(others), 'There was no room for more annotations. See the job summary.')
  ]
}

function annotate(finding: Finding, names: HostNames, locate: FindingLocator): Annotation {
  return {
    title: findingTitle(finding),
    message: findingMessage(finding, names, { rows: MAX_ROWS, hosts: MAX_HOSTS }),
    location: locate(finding)[0] ?? null
  }
}

/** One annotation for all findings that are only counted; none where there are none. */
function countAnnotation(
  counts: readonly { readonly severity: Severity; readonly findings: number }[],
  message: string
): Annotation[] {
  const total = counts.reduce((sum, { findings }) => sum + findings, 0)
  if (total === 0) return []
  const parts = SEVERITIES.flatMap(severity => {
    const findings = counts.reduce((sum, part) => sum + (part.severity === severity ? part.findings : 0), 0)
    return findings > 0 ? [`${number(findings)} ${severity}`] : []
  })
  return [{ title: `${list(parts)} ${plural(total, 'finding', 'findings')}`, message, location: null }]
}
