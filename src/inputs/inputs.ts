import type * as z from 'zod'
import {
  anyText,
  boolean,
  expectedHosts,
  type Field,
  folder,
  integer,
  lines,
  matching,
  oneOf,
  optional,
  optionalText,
  osquerySources,
  percentage,
  repositoryJson,
  sessionPolicy,
  someLines,
  someOf,
  targetHosts
} from './fields.ts'
import { parseS3Location } from './s3-location.ts'

/** The part of the runner's environment that defaults come from. */
export interface InputEnvironment {
  readonly region: string | undefined
  readonly runId: string | undefined
  /** A folder for temporary files. */
  readonly temp: string
}

/** Returns the text of an input by its name, '' if it is not set. */
export type ReadInput = (name: string) => string

export interface Input<T> {
  /** As in action.yml. */
  readonly name: string
  /** What an empty input stands for. */
  readonly default: string | DerivedDefault
  readonly field: Field<T>
  /** Whether a message about the input repeats its value: not if that is a secret, or if the message quotes a line. */
  readonly quoted: boolean
}

/** A default that is known only when the action runs; action.yml declares it empty. */
interface DerivedDefault {
  /** Where a bad value comes from, for the message. */
  readonly source: string
  readonly of: (read: ReadInput, environment: InputEnvironment) => string
}

function input<T>(
  name: string,
  field: Field<T>,
  byDefault: Input<T>['default'] = '',
  quoted = true
): Input<T> {
  return { name, default: byDefault, field, quoted }
}

const ROLE = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/
const REGION = /^(?:[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})?$/
const DOCUMENT = /^(?:arn:aws(?:-[a-z]+)*:ssm:[a-z0-9-]+:\d{0,12}:document\/)?[\w./-]{3,128}$/
const CONCURRENCY = /^(?:[1-9]\d{0,6}|(?:[1-9]\d?|100)%)$/

/** Every input of the action, in the order of action.yml: its name, how its text is parsed, its default. */
export const INPUTS = {
  mode: input('mode', oneOf('check', 'baseline', 'collect'), 'check'),
  /** Names the group of hosts: in the report's title, the comment and the issue. */
  name: input('name', matching(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 . _ -'), {
    source: 'the file name of baseline',
    of: read =>
      read('baseline')
        .split('/')
        .at(-1)
        ?.replace(/\.json$/, '') || 'fleet'
  }),
  collector: input('collector', oneOf('ssm', 'local', 'files'), 'ssm'),
  targets: input('targets', targetHosts(), '', false),
  expectedHosts: input('expected-hosts', expectedHosts()),
  /** Glob patterns, for the collector `files`. */
  files: input('files', lines()),
  packs: input('packs', someLines('names no pack'), 'linux'),
  baseline: input('baseline', repositoryJson()),
  /** IDs of the clean hosts that mode `baseline` learns from; empty: every host that answered. */
  baselineHosts: input('baseline-hosts', lines(/^[\w.:@-]{1,256}$/, 'must be host IDs, one per line')),
  /** Whether mode `baseline` also learns rows that look like an intruder's. */
  baselineAcceptRare: input('baseline-accept-rare', boolean(), 'false'),
  indicators: input(
    'indicators',
    optional(text => text, '')
  ),
  /** Empty unless the collector needs one. */
  region: input('aws-region', matching(REGION, 'must be a region such as eu-west-1'), {
    source: 'from AWS_REGION',
    of: (_, { region }) => region ?? ''
  }),
  roleArn: input(
    'role-to-assume',
    optionalText(ROLE, 'must be the full ARN of a role, arn:aws:iam::111122223333:role/NAME')
  ),
  sessionName: input(
    'role-session-name',
    matching(/^[\w+=,.@-]{2,64}$/, 'must be 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -'),
    { source: 'from the id of the run', of: (_, { runId }) => `fleet-drift-${runId ?? 'local'}` }
  ),
  durationSeconds: input('role-duration-seconds', integer(900, 43_200), '3600'),
  audience: input('audience', matching(/^\S{1,256}$/, 'must be one word'), {
    source: 'from role-to-assume',
    of: read =>
      read('role-to-assume').startsWith('arn:aws-cn:') ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'
  }),
  /** JSON. */
  inlineSessionPolicy: input('inline-session-policy', sessionPolicy()),
  allowedAccountIds: input(
    'allowed-account-ids',
    lines(/^\d{12}$/, 'must be account IDs of 12 digits, one per line')
  ),
  document: input('document', optionalText(DOCUMENT, 'must be the name or the ARN of an SSM document')),
  /** Where SSM stores replies that do not fit in its API. */
  outputS3: input('output-s3', optional(parseS3Location, 'must be s3://bucket or s3://bucket/prefix')),
  /** Where hosts without osquery may download it; empty: nowhere. */
  osquery: input('osquery', osquerySources(), 'system'),
  maxConcurrency: input(
    'max-concurrency',
    matching(CONCURRENCY, 'must be a number of hosts or a percentage such as 50%'),
    '100%'
  ),
  timeoutSeconds: input('timeout-seconds', integer(5, 172_800), '600'),
  minCoverage: input('min-coverage', percentage(), '0'),
  failOn: input('fail-on', oneOf('critical', 'high', 'medium', 'low', 'never'), 'high'),
  redact: input('redact', boolean(), 'true'),
  publishToPublic: input('publish-to-public', boolean(), 'false'),
  comment: input('comment', oneOf('auto', 'never'), 'auto'),
  issue: input('issue', oneOf('never', 'rolling'), 'never'),
  githubToken: input('github-token', anyText(), '', false),
  outputDir: input('output-dir', folder(), {
    source: 'from RUNNER_TEMP',
    of: (_, { temp }) => `${temp}/fleet-drift`
  }),
  /** Paths of what earlier runs left: report.json, history.json or a snapshot. */
  previous: input('previous', lines()),
  /** SQL. */
  query: input(
    'query',
    optional(text => text, '')
  ),
  formats: input('formats', someOf('navigator', 'ocsf', 'asff', 'ecs', 'junit', 'timeline'))
} as const

export type Values = { readonly [K in keyof typeof INPUTS]: z.output<(typeof INPUTS)[K]['field']> }

type RoleKey = 'sessionName' | 'durationSeconds' | 'audience' | 'inlineSessionPolicy'

/** The role to assume through OIDC. */
export type RoleInputs = Pick<Values, RoleKey> & { readonly arn: string }

/** The action's inputs, parsed: nothing below this reads or checks a raw string again. */
export type Inputs = Omit<Values, RoleKey | 'roleArn'> & {
  readonly role: RoleInputs | null
  /** The lines of `targets`, for the report. */
  readonly targetLines: readonly string[]
  /** Where the format `asff` is imported; `null`: the account or the region is not known. */
  readonly securityHub: { readonly account: string; readonly region: string } | null
}
