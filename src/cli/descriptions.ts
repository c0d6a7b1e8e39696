/** What the inputs mean, from action.yml (npm run readme). */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  mode: 'check (collect, analyze, report), baseline (collect, write the baseline) or collect (write a snapshot only)',
  name: "Name of this group of hosts, in the report's title, the comment and the issue. Default: the baseline's file name, else fleet",
  collector: 'ssm, local (osquery on the runner itself) or files (data collected earlier)',
  targets: 'Hosts, one per line: i-…, mi-…, tag:Key=Value[,Value], asg:NAME, resource-group:NAME',
  'expected-hosts': 'How many hosts there should be: a number, or their IDs, one per line',
  files: 'For the collector files: glob patterns of snapshots and osquery results, one per line',
  packs: 'Built-in packs (linux, windows, macos, incident) or paths to osquery pack files, one per line',
  baseline: 'Path in the repository of the baseline to compare with, or to write',
  'baseline-hosts':
    'For mode baseline: IDs of the clean hosts to learn from, one per line. Default: every host that answered',
  'baseline-accept-rare': "For mode baseline: also learn rows that look like an intruder's",
  indicators:
    'Indicators to search every row for: indicators and files of them in any mix, one per line: words, /regex/, table.column=value, digests, addresses, networks, domains and URLs, also defanged; CSV, STIX, MISP and Sigma files',
  'aws-region': 'Region of the fleet. Default: AWS_REGION',
  'role-to-assume': 'Full ARN of the role to assume through OIDC. Empty: the ambient AWS credentials',
  'role-session-name': 'Name of the role session. Default: fleet-drift-RUNID',
  'role-duration-seconds': 'How long the role session lasts, 900 to 43200',
  audience: 'OIDC audience. Default: sts.amazonaws.com, in China sts.amazonaws.com.cn',
  'inline-session-policy': 'An IAM policy (JSON) that limits the session further',
  'allowed-account-ids': 'AWS account IDs, one per line: the run stops in any other account',
  document: 'Name or ARN of the SSM document. Default: AWS-RunShellScript, pinned to its version and digest',
  'output-s3': 's3://bucket/prefix for output that does not fit in an SSM reply',
  osquery: 'system, or one line per architecture, x86_64 https://…#sha256=HEX',
  'max-concurrency': 'How many hosts SSM runs the command on at once: a number or a percentage',
  'timeout-seconds': 'Deadline of the collection: a host that has not answered by then is silent',
  'min-coverage': 'Percentage of the targeted hosts that must be fully assessed',
  'fail-on': 'The run fails at this severity or above: critical, high, medium, low, never',
  redact: 'Hide secrets in everything that is published',
  'publish-to-public':
    'Allow host data in the log, summary, comment, issue and annotations of a public repository',
  comment: 'auto (on pull requests) or never',
  issue: 'never, or rolling: one issue per name, updated in place',
  'github-token': 'Token for the comment and the issue, and to find out whether the repository is public',
  'output-dir':
    'Folder for the report files: absolute, or inside the workspace. Default: $RUNNER_TEMP/fleet-drift',
  previous:
    'For mode check: what earlier runs left, one path per line: report.json, history.json or a snapshot. Findings then say since when they are there, and what is new or gone',
  query: 'One SELECT that is run beside the packs, for example during an incident',
  formats: 'Further report files, one per line: navigator, ocsf, ecs, junit, timeline'
}
