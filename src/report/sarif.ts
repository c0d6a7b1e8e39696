import type { Location, Log, Notification, Result } from 'sarif'
import { escapePlain } from './escape.ts'
import type { Place, Places } from './finding-locations.ts'
import { printJson } from './json.ts'
import { count } from './phrases.ts'
import { type HostNames, plainHosts, plainRow, plainTitle } from './plain-text.ts'
import type { Finding, Report, Severity } from './report.ts'
import { ruleIdOf, rulesOf } from './sarif-rules.ts'
import { openFindings } from './summarize.ts'

/** GitHub code scanning shows no more results of a run; it refuses a file with more than 25,000. */
const MAX_RESULTS = 5_000
const MAX_ROWS_IN_RESULT = 5
const MAX_HOSTS_IN_RESULT = 10
const MAX_NOTICES = 100
/** GitHub shows so many locations of a result; the hosts are named in the message too. */
const MAX_LOGICAL_LOCATIONS = 100

const LEVELS: Readonly<Record<Severity, Result.level>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note'
}

/**
 * The open findings as SARIF 2.1.0, as GitHub code scanning takes it: one result a finding, at its place in the
 * baseline, known again by the finding's id from run to run. A run's category is its name, so that the alerts of one
 * group never close those of another. Messages are plain text in which nothing that a host said is live.
 */
export function renderSarif(report: Report, places: Places): string {
  const { run, tool } = report
  const open = openFindings(report.findings)
  const shown = open.slice(0, MAX_RESULTS)
  const rules = rulesOf(shown)
  const names: HostNames = new Map(report.hosts.map(host => [host.id, host.name]))
  const indexOf = new Map(rules.map((rule, index) => [rule.id, index]))
  const results = shown.map((finding): Result => {
    const ruleId = ruleIdOf(finding)
    return {
      ruleId,
      ruleIndex: indexOf.get(ruleId) ?? -1,
      level: LEVELS[finding.severity],
      kind: 'fail',
      message: { text: messageOf(finding, names) },
      ...locationsOf(finding, places),
      partialFingerprints: {
        // The one that GitHub goes by. Left to its own it would take findings about one line for the same.
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

/** GitHub shows the first sentence as the alert's title. */
function messageOf(finding: Finding, names: HostNames): string {
  const { hosts, rows } = finding
  const lines = [
    `${plainTitle(finding)}.`,
    escapePlain(finding.explanation, 600),
    hosts.length > 0 ? `Hosts: ${plainHosts(hosts, names, MAX_HOSTS_IN_RESULT)}.` : '',
    ...rows.slice(0, MAX_ROWS_IN_RESULT).map(plainRow),
    rows.length > MAX_ROWS_IN_RESULT
      ? `And ${count(rows.length - MAX_ROWS_IN_RESULT, 'more row')} in report.json.`
      : ''
  ]
  return lines.filter(line => line !== '').join('\n')
}

function locationsOf(finding: Finding, places: Places): Pick<Result, 'locations' | 'relatedLocations'> {
  const [primary, ...others] = places(finding)
  if (primary === undefined) return {}
  const logicalLocations = finding.hosts
    .slice(0, MAX_LOGICAL_LOCATIONS)
    .map(id => ({ fullyQualifiedName: escapePlain(id, 256), kind: 'resource' }))
  return {
    locations: [{ ...locationOf(primary), ...(logicalLocations.length > 0 ? { logicalLocations } : {}) }],
    ...(others.length > 0
      ? { relatedLocations: others.map((place, at) => ({ id: at + 1, ...locationOf(place) })) }
      : {})
  }
}

function locationOf({ path, line }: Place): Location {
  const uri = path.split('/').map(encodeURIComponent).join('/')
  return {
    physicalLocation: { artifactLocation: { uri, uriBaseId: '%SRCROOT%' }, region: { startLine: line } }
  }
}

/** What is not among the results, and what a reader must know of the run. */
function notificationsOf({ summary, notices }: Report, leftOut: number): Notification[] {
  const said = [
    leftOut > 0 ? `${count(leftOut, 'further finding')} in report.json, for GitHub shows no more.` : '',
    summary.accepted > 0 ? `${count(summary.accepted, 'accepted finding')} left out.` : '',
    ...notices.slice(0, MAX_NOTICES).map(notice => escapePlain(notice, 600)),
    notices.length > MAX_NOTICES
      ? `And ${count(notices.length - MAX_NOTICES, 'more notice')} in report.json.`
      : ''
  ]
  return said.filter(text => text !== '').map(text => ({ level: 'note', message: { text } }))
}
