import type { Location, Log, Notification, Result } from 'sarif'
import { count, number, plural } from '../text/phrases.ts'
import { escapePlain } from './escape.ts'
import type { FindingLocator, SourceLine } from './finding-locations.ts'
import { type HostNames, hostNamesOf } from './host-names.ts'
import { printJson } from './json.ts'
import { findingTitle } from './phrases.ts'
import { findingMessage } from './plain-text.ts'
import type { Finding, Report, Severity } from './report.ts'
import { ruleIdOf, rulesOf } from './sarif-rules.ts'
import { openFindings } from './summarize.ts'

/** GitHub code scanning shows the first 5,000 results of a run, and refuses a file with more than 25,000. */
const MAX_RESULTS = 5_000
const MAX_ROWS = 5
const MAX_HOSTS = 10
const MAX_NOTICES = 100
/** GitHub shows up to 100 locations of a result; the message names the hosts too. */
const MAX_LOGICAL_LOCATIONS = 100

const LEVELS: Readonly<Record<Severity, Result.level>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note'
}

/**
 * The open findings as SARIF 2.1.0 for GitHub code scanning: one result for each finding, at its line of the baseline,
 * with the finding's id as its fingerprint. The category is the name of the run, so that the alerts of one group never
 * close those of another. Messages are plain text in which nothing that a host sent is live.
 */
export function renderSarif(report: Report, locate: FindingLocator): string {
  const { run, tool } = report
  const open = openFindings(report.findings)
  const shown = open.slice(0, MAX_RESULTS)
  const rules = rulesOf(shown)
  const names = hostNamesOf(report)
  const indexOf = new Map(rules.map((rule, index) => [rule.id, index]))
  const results = shown.map((finding): Result => {
    const ruleId = ruleIdOf(finding)
    return {
      ruleId,
      ruleIndex: indexOf.get(ruleId) ?? -1,
      level: LEVELS[finding.severity],
      kind: 'fail',
      message: { text: messageOf(finding, names) },
      ...locationsOf(finding, locate),
      partialFingerprints: {
        // GitHub identifies an alert by this one. Computed from the line, it would merge findings about one query.
        primaryLocationLineHash: `${finding.id}:1`,
        'fleetDriftFinding/v1': finding.id
      },
      properties: { severity: finding.severity, hosts: finding.hosts.length, surprise: finding.surprise }
    }
  })
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Fleet Drift',
            fullName: `Fleet Drift ${tool.version}`,
            semanticVersion: tool.version,
            rules
          }
        },
        automationDetails: { id: `fleet-drift/${run.name}/` },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: true,
            startTimeUtc: run.startedAt,
            endTimeUtc: run.finishedAt,
            toolExecutionNotifications: notificationsOf(report, open.length - shown.length)
          }
        ],
        results
      }
    ]
  }
  return printJson(log)
}

/** GitHub uses the first sentence as the title of the alert. */
function messageOf(finding: Finding, names: HostNames): string {
  return `${findingTitle(finding)}.\n${findingMessage(finding, names, { rows: MAX_ROWS, hosts: MAX_HOSTS })}`
}

function locationsOf(
  finding: Finding,
  locate: FindingLocator
): Pick<Result, 'locations' | 'relatedLocations'> {
  const [primary, ...others] = locate(finding)
  if (primary === undefined) return {}
  const logicalLocations = finding.hosts
    .slice(0, MAX_LOGICAL_LOCATIONS)
    .map(id => ({ fullyQualifiedName: escapePlain(id, 256), kind: 'resource' }))
  return {
    locations: [{ ...locationOf(primary), ...(logicalLocations.length > 0 ? { logicalLocations } : {}) }],
    ...(others.length > 0
      ? { relatedLocations: others.map((line, index) => ({ id: index + 1, ...locationOf(line) })) }
      : {})
  }
}

function locationOf({ path, line }: SourceLine): Location {
  const uri = path.split('/').map(encodeURIComponent).join('/')
  return {
    physicalLocation: { artifactLocation: { uri, uriBaseId: '%SRCROOT%' }, region: { startLine: line } }
  }
}

/** What is not among the results, and notices about the run. */
function notificationsOf({ summary, notices }: Report, leftOut: number): Notification[] {
  const messages = [
    leftOut > 0
      ? `${count(leftOut, 'more finding')} in report.json: GitHub shows at most ${number(MAX_RESULTS)}.`
      : '',
    summary.accepted > 0
      ? `${count(summary.accepted, 'accepted finding')} ${plural(summary.accepted, 'is', 'are')} left out.`
      : '',
    ...notices.slice(0, MAX_NOTICES).map(notice => escapePlain(notice, 600)),
    notices.length > MAX_NOTICES
      ? `And ${count(notices.length - MAX_NOTICES, 'more notice')} in report.json.`
      : ''
  ]
  return messages.filter(text => text !== '').map(text => ({ level: 'note', message: { text } }))
}
