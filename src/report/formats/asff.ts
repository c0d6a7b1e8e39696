import { escapeUnseen } from '../../text/escape-json.ts'
import { findingTitle } from '../phrases.ts'
import type { Finding, Report, Severity } from '../report.ts'

/** Where findings are imported. */
export interface SecurityHub {
  /** 12 digits. */
  readonly account: string
  readonly region: string
}

const SEVERITIES: Readonly<Record<Severity, string>> = {
  critical: 'CRITICAL',
  high: 'HIGH',
  medium: 'MEDIUM',
  low: 'LOW',
  info: 'INFORMATIONAL'
}
/** Limits of the AWS Security Finding Format, in characters and resources. */
const MAX_TITLE = 256
const MAX_DESCRIPTION = 1_024
const MAX_RESOURCES = 32
const MAX_TYPES = 50

/**
 * Findings in the AWS Security Finding Format (2018-10-08): the array that `aws securityhub batch-import-findings` takes,
 * at most 100 of it in one call. A finding on more than 32 hosts is several, with a number behind its id.
 */
export function renderAsff({ run, findings, tool }: Report, hub: SecurityHub): string {
  const partition = partitionOf(hub.region)
  const product = `arn:${partition}:securityhub:${hub.region}:${hub.account}:product/${hub.account}/default`
  const entries = findings.flatMap(finding =>
    groupsOf(finding.hosts).map((hosts, index) => ({
      SchemaVersion: '2018-10-08',
      Id: `fleet-drift/${run.name}/${finding.id}${index === 0 ? '' : `/${index + 1}`}`,
      ProductArn: product,
      ProductName: 'Fleet Drift',
      GeneratorId: `fleet-drift/${tool.version}/${finding.kind}`,
      AwsAccountId: hub.account,
      Types: typesOf(finding),
      CreatedAt: run.startedAt,
      UpdatedAt: run.finishedAt,
      Severity: { Label: SEVERITIES[finding.severity] },
      Title: findingTitle(finding).slice(0, MAX_TITLE),
      Description: finding.explanation.slice(0, MAX_DESCRIPTION),
      Resources: hosts.length === 0 ? [account(hub, partition)] : hosts.map(id => host(id, hub, partition)),
      Workflow: { Status: finding.acceptedBy === null ? 'NEW' : 'SUPPRESSED' },
      RecordState: 'ACTIVE'
    }))
  )
  return `${escapeUnseen(JSON.stringify(entries, null, 2))}\n`
}

/** The hosts in groups that fit into one finding; one empty group if there are none. */
function groupsOf(hosts: readonly string[]): readonly (readonly string[])[] {
  const count = Math.max(1, Math.ceil(hosts.length / MAX_RESOURCES))
  return Array.from({ length: count }, (_, at) => hosts.slice(at * MAX_RESOURCES, (at + 1) * MAX_RESOURCES))
}

const typesOf = ({ kind, attack }: Finding): readonly string[] =>
  attack.length === 0
    ? [`Unusual Behaviors/VM/${kind}`]
    : attack.slice(0, MAX_TYPES).map(technique => `TTPs/${technique}`)

function host(id: string, { account: owner, region }: SecurityHub, partition: string) {
  const isInstance = /^i-[0-9a-f]{8,17}$/.test(id)
  return {
    Type: isInstance ? 'AwsEc2Instance' : 'Other',
    Id: isInstance ? `arn:${partition}:ec2:${region}:${owner}:instance/${id}` : id.slice(0, 512),
    Partition: partition,
    Region: region
  }
}

const account = ({ account: owner, region }: SecurityHub, partition: string) => ({
  Type: 'AwsAccount',
  Id: `AWS::::Account:${owner}`,
  Partition: partition,
  Region: region
})

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
