import { z } from 'zod'
import { sanitize } from '../text/sanitize.ts'
import {
  type ExpectedHosts,
  isFolder,
  parseBaselinePath,
  parseExpectedHosts,
  parseOsquery,
  parseSessionPolicy,
  truth,
  whole
} from './fields.ts'
import { listOf } from './lists.ts'
import type { OsquerySource } from './osquery-sources.ts'
import { parseS3Location, type S3Location } from './s3-location.ts'
import { parseTargets, type Targets } from './targets.ts'

/** The action's inputs, parsed: nothing below this reads or checks a raw string again. */
export interface Inputs {
  readonly mode: 'check' | 'baseline' | 'collect'
  readonly name: string
  readonly collector: 'ssm' | 'local' | 'files'
  readonly targets: Targets
  /** The lines of `targets`, for the report. */
  readonly targetLines: readonly string[]
  /** Glob patterns, for the collector `files`. */
  readonly files: readonly string[]
  readonly expectedHosts: ExpectedHosts | null
  readonly packs: readonly string[]
  readonly baseline: string | null
  /** Ids of the clean hosts that mode `baseline` learns from; empty: every host that answered. */
  readonly baselineHosts: readonly string[]
  /** Whether mode `baseline` learns what looks like an intruder too. */
  readonly baselineAcceptRare: boolean
  readonly indicators: string | null
  readonly region: string
  readonly role: RoleInputs | null
  readonly allowedAccountIds: readonly string[]
  readonly document: string | null
  /** Where SSM stores answers that do not fit in its replies. */
  readonly outputS3: S3Location | null
  /** Where hosts that have no osquery may get it; empty: nowhere. */
  readonly osquery: readonly OsquerySource[]
  readonly maxConcurrency: string
  /** Seconds. */
  readonly timeoutSeconds: number
  /** Percent. */
  readonly minCoverage: number
  readonly failOn: 'critical' | 'high' | 'medium' | 'low' | 'never'
  readonly redact: boolean
  readonly publishToPublic: boolean
  readonly comment: 'auto' | 'never'
  readonly issue: 'never' | 'rolling'
  readonly githubToken: string
  readonly outputDir: string
}

/** The role to assume through OIDC. */
export interface RoleInputs {
  readonly arn: string
  readonly sessionName: string
  /** Seconds. */
  readonly durationSeconds: number
  readonly audience: string
  /** JSON. */
  readonly inlineSessionPolicy: string | null
}

/** What of the runner's environment the inputs' defaults come from. */
export interface InputEnvironment {
  readonly region: string | undefined
  readonly runId: string | undefined
  readonly temp: string
}

/** The inputs are wrong. Nothing was called. */
export class InputError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'An input is' : `${problems.length} inputs are`} not usable:\n${problems.join('\n')}`
    )
    this.problems = problems
  }
}

const ROLE = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/
const DOCUMENT = /^(?:arn:aws(?:-[a-z]+)*:ssm:[a-z0-9-]+:\d{0,12}:document\/)?[\w./-]{3,128}$/

const fields = {
  mode: z.enum(['check', 'baseline', 'collect'], 'must be check, baseline or collect'),
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -'),
  collector: z.enum(['ssm', 'local', 'files'], 'must be ssm, local or files'),
  files: z.string().transform(listOf),
  'expected-hosts': z.string().transform(parseExpectedHosts),
  packs: z.string().transform(listOf).pipe(z.array(z.string()).min(1, 'names no pack')),
  baseline: z.string().transform(parseBaselinePath),
  'baseline-hosts': z
    .string()
    .transform(listOf)
    .pipe(z.array(z.string().regex(/^[\w.:@-]{1,256}$/, 'must be host ids, one a line'))),
  'baseline-accept-rare': truth(),
  indicators: z.string().transform(text => (text.trim() === '' ? null : text)),
  'aws-region': z
    .string()
    .refine(region => region === '' || REGION.test(region), 'must be a region such as eu-west-1'),
  'role-to-assume': z
    .string()
    .refine(
      arn => arn === '' || ROLE.test(arn),
      'must be the full ARN of a role, arn:aws:iam::111122223333:role/NAME'
    ),
  'role-session-name': z.string().regex(/^[\w+=,.@-]{2,64}$/, 'must be 2 to 64 of A-Z a-z 0-9 _ + = , . @ -'),
  'role-duration-seconds': whole(900, 43_200),
  audience: z.string().regex(/^\S{1,256}$/, 'must be one word'),
  'inline-session-policy': z.string().transform(parseSessionPolicy),
  'allowed-account-ids': z
    .string()
    .transform(listOf)
    .pipe(z.array(z.string().regex(/^\d{12}$/, 'must be 12 digits a line'))),
  document: z
    .string()
    .refine(name => name === '' || DOCUMENT.test(name), 'must be the name or the ARN of an SSM document'),
  'output-s3': z
    .string()
    .refine(text => text === '' || parseS3Location(text) !== null, 'must be s3://bucket or s3://bucket/prefix'),
  osquery: z.string().transform(parseOsquery),
  'max-concurrency': z
    .string()
    .regex(/^(?:[1-9]\d{0,6}|(?:[1-9]\d?|100)%)$/, 'must be a number of hosts or a percentage such as 50%'),
  'timeout-seconds': whole(5, 172_800),
  'min-coverage': z
    .string()
    .regex(/^(?:100|\d{1,2}(?:\.\d{1,2})?)%?$/, 'must be a percentage from 0 to 100')
    .transform(text => Number.parseFloat(text)),
  'fail-on': z.enum(
    ['critical', 'high', 'medium', 'low', 'never'],
    'must be critical, high, medium, low or never'
  ),
  redact: truth(),
  'publish-to-public': truth(),
  comment: z.enum(['auto', 'never'], 'must be auto or never'),
  issue: z.enum(['never', 'rolling'], 'must be never or rolling'),
  'github-token': z.string(),
  'output-dir': z.string().refine(isFolder, 'must be one path: absolute, or inside the workspace')
}

/**
 * Parses all inputs. Pure: it reads through `read` only and calls nothing.
 * @throws InputError with every problem, one sentence each.
 */
export function parseInputs(read: (name: string) => string, environment: InputEnvironment): Inputs {
  const text = (name: string) => read(name).trim()
  const defaults = defaultsFor(text, environment)
  const raw = Object.fromEntries(
    Object.keys(fields).map(name => [name, text(name) || (defaults[name] ?? '')])
  )
  const parsed = z.object(fields).safeParse(raw)
  const targetLines = listOf(read('targets'))
  const targets = parseTargets(targetLines)
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map(issue => problemOf(issue, raw, text))),
    ...('problems' in targets ? targets.problems.map(problem => `targets: ${sanitize(problem)}`) : []),
    ...missingFor(raw, targetLines.length > 0)
  ]
  if (problems.length > 0 || !parsed.success || 'problems' in targets)
    throw new InputError([...new Set(problems)])
  const values = parsed.data
  return {
    mode: values.mode,
    name: values.name,
    collector: values.collector,
    targets: targets.targets,
    targetLines,
    files: values.files,
    expectedHosts: values['expected-hosts'],
    packs: values.packs,
    baseline: values.baseline,
    baselineHosts: values['baseline-hosts'],
    baselineAcceptRare: values['baseline-accept-rare'],
    indicators: values.indicators,
    region: values['aws-region'],
    role:
      values['role-to-assume'] === ''
        ? null
        : {
            arn: values['role-to-assume'],
            sessionName: values['role-session-name'],
            durationSeconds: values['role-duration-seconds'],
            audience: values.audience,
            inlineSessionPolicy: values['inline-session-policy']
          },
    allowedAccountIds: values['allowed-account-ids'],
    document: values.document === '' ? null : values.document,
    outputS3: parseS3Location(values['output-s3']),
    osquery: values.osquery,
    maxConcurrency: values['max-concurrency'],
    timeoutSeconds: values['timeout-seconds'],
    minCoverage: values['min-coverage'],
    failOn: values['fail-on'],
    redact: values.redact,
    publishToPublic: values['publish-to-public'],
    comment: values.comment,
    issue: values.issue,
    githubToken: values['github-token'],
    outputDir: values['output-dir']
  }
}

/** What the chosen mode and collector cannot do without, or with. */
function missingFor(raw: Readonly<Record<string, string>>, targeted: boolean): string[] {
  const problems: string[] = []
  if (raw.mode === 'baseline' && raw.baseline === '')
    problems.push('baseline: is empty; name the file to write, for example baselines/checkout.json')
  if (raw.mode !== 'baseline' && listOf(raw['baseline-hosts'] ?? '').length > 0)
    problems.push('baseline-hosts: only mode baseline learns from them')
  if (raw.collector === 'ssm') {
    if (!targeted) problems.push('targets: is empty; say which hosts, for example tag:Service=checkout')
    if (raw['aws-region'] === '')
      problems.push('aws-region: is empty; name a region such as eu-west-1, or set AWS_REGION')
  }
  if (raw.collector === 'files' && listOf(raw.files ?? '').length === 0) {
    problems.push('files: is empty; say which snapshots to read, for example snapshots/*.ndjson.gz')
  }
  return problems
}

/** What an empty input stands for; the same defaults stand in action.yml where they are constant. */
function defaultsFor(
  text: (name: string) => string,
  environment: InputEnvironment
): Readonly<Record<string, string>> {
  const baselineName = text('baseline')
    .split('/')
    .at(-1)
    ?.replace(/\.json$/, '')
  const china = text('role-to-assume').startsWith('arn:aws-cn:')
  return {
    mode: 'check',
    name: baselineName || 'fleet',
    collector: 'ssm',
    packs: 'linux',
    'aws-region': environment.region ?? '',
    'role-session-name': `fleet-drift-${environment.runId ?? 'local'}`,
    'role-duration-seconds': '3600',
    audience: china ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com',
    'max-concurrency': '100%',
    'timeout-seconds': '600',
    'min-coverage': '0',
    'fail-on': 'high',
    'baseline-accept-rare': 'false',
    redact: 'true',
    'publish-to-public': 'false',
    comment: 'auto',
    issue: 'never',
    'output-dir': `${environment.temp}/fleet-drift`
  }
}

/** Where a default that is not constant comes from. */
const ORIGIN: Readonly<Record<string, string>> = {
  name: 'the file name of baseline',
  'aws-region': 'from AWS_REGION',
  'role-session-name': 'from the id of the run',
  'output-dir': 'from RUNNER_TEMP'
}

function problemOf(
  issue: z.core.$ZodIssue,
  raw: Readonly<Record<string, string>>,
  text: (name: string) => string
): string {
  const name = String(issue.path[0] ?? '')
  const value = raw[name] ?? ''
  const origin = text(name) === '' && name in ORIGIN ? `(${ORIGIN[name]}) ` : ''
  const shown = value === '' || name === 'github-token' ? '' : `"${sanitize(value, 100)}" ${origin}`
  return `${name}: ${shown}${issue.message}`
}
