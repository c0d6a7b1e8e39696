import { count, plural } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import {
  INPUTS,
  type Input,
  type InputEnvironment,
  type Inputs,
  type ReadInput,
  type Values
} from './inputs.ts'
import { linesOf } from './lists.ts'

/** The inputs cannot be used. Nothing was called. */
export class InputError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const subject = problems.length === 1 ? 'An input' : count(problems.length, 'input')
    super(`${subject} ${plural(problems.length, 'is', 'are')} not usable:\n${problems.join('\n')}`)
    this.problems = problems
  }
}

/**
 * Parses all inputs. Pure: it reads through `read` only and calls nothing.
 * @throws InputError with every problem, one sentence each.
 */
export function parseInputs(read: ReadInput, environment: InputEnvironment): Inputs {
  const trimmed: ReadInput = name => read(name).trim()
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [key, declared] of Object.entries<Input<unknown>>(INPUTS)) {
    const text = textOf(declared, trimmed, environment)
    const parsed = declared.field.safeParse(text)
    if (parsed.success) values[key] = parsed.data
    else
      problems.push(...parsed.error.issues.map(({ message }) => problemOf(declared, text, trimmed, message)))
  }
  problems.push(...combinationProblems(input => textOf(input, trimmed, environment)))
  if (problems.length > 0) throw new InputError([...new Set(problems)])
  const { roleArn, sessionName, durationSeconds, audience, inlineSessionPolicy, ...rest } = values as Values
  return {
    ...rest,
    role:
      roleArn === null ? null : { arn: roleArn, sessionName, durationSeconds, audience, inlineSessionPolicy },
    targetLines: linesOf(read(INPUTS.targets.name)),
    securityHub: securityHubOf(roleArn ?? '', rest.allowedAccountIds, rest.region)
  }
}

/** The account is that of the role, or the only one that is allowed. */
function securityHubOf(role: string, allowed: readonly string[], region: string): Inputs['securityHub'] {
  const account = /:iam::(\d{12}):/.exec(role)?.[1] ?? (allowed.length === 1 ? allowed[0] : undefined)
  return account === undefined || region === '' ? null : { account, region }
}

/** The text of an input, or what an empty one stands for. */
function textOf(
  { name, default: byDefault }: Input<unknown>,
  read: ReadInput,
  environment: InputEnvironment
): string {
  return read(name) || (typeof byDefault === 'string' ? byDefault : byDefault.of(read, environment))
}

function problemOf(
  { name, default: byDefault, quoted }: Input<unknown>,
  text: string,
  read: ReadInput,
  message: string
): string {
  const source = read(name) === '' && typeof byDefault !== 'string' ? `(${byDefault.source}) ` : ''
  const value = text === '' || !quoted ? '' : `"${sanitize(text, 100)}" ${source}`
  return `${name}: ${value}${sanitize(message)}`
}

/** What the chosen mode and collector need, or do not use. */
function combinationProblems(text: (input: Input<unknown>) => string): string[] {
  const mode = text(INPUTS.mode)
  const collector = text(INPUTS.collector)
  const isEmpty = (input: Input<unknown>) => linesOf(text(input)).length === 0
  const problems: string[] = []
  if (mode === 'baseline' && isEmpty(INPUTS.baseline))
    problems.push('baseline: is empty; name the file to write, for example baselines/checkout.json')
  if (mode !== 'baseline' && !isEmpty(INPUTS.baselineHosts))
    problems.push('baseline-hosts: only mode baseline learns from them')
  if (collector === 'ssm' && isEmpty(INPUTS.targets))
    problems.push('targets: is empty; name the hosts, for example tag:Service=checkout')
  if (collector === 'ssm' && isEmpty(INPUTS.region))
    problems.push('aws-region: is empty; name a region such as eu-west-1, or set AWS_REGION')
  if (mode !== 'check' && !isEmpty(INPUTS.previous))
    problems.push('previous: only mode check compares with it')
  if (collector === 'files' && text(INPUTS.query) !== '')
    problems.push('query: nothing can be asked of files; add the query to a pack of the run that collects')
  if (
    linesOf(text(INPUTS.formats)).includes('asff') &&
    securityHubOf(text(INPUTS.roleArn), linesOf(text(INPUTS.allowedAccountIds)), text(INPUTS.region)) === null
  )
    problems.push(
      'formats: asff names an account and a region; give aws-region, and role-to-assume or one of allowed-account-ids'
    )
  if (collector === 'files' && isEmpty(INPUTS.files))
    problems.push('files: is empty; name the snapshots to read, for example snapshots/*.ndjson.gz')
  return problems
}
