import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { SimulatorServer } from '../../simulator/server/server.ts'
import { closeFleets, serveScripted } from '../support/collection-fleet.ts'
import { act, errorsOf, PRIVATE, pullRequest, removeRuns } from '../support/end-to-end.ts'

const fleet = makeFleet({ seed: 5, hostCount: 14 })
const rootkit = fleet.compromises.find(compromise => compromise.name === 'rootkit')!.hosts[0]!
const quiet = fleet.hosts
  .filter(
    host =>
      host.behavior === 'honest' && !fleet.compromises.some(compromise => compromise.hosts.includes(host.id))
  )
  .map(host => host.id)
let server: SimulatorServer

/** A baseline with the kernel modules of the fleet. */
const BASELINE = JSON.stringify({
  version: 1,
  name: 'checkout',
  queries: {
    kernel_modules: {
      columns: ['name'],
      required: fleet.hosts
        .find(({ id }) => id === quiet[0])!
        .tables.kernel_modules!.map(row => [String(row.name)])
    }
  }
})
const files = { 'baselines/checkout.json': BASELINE }
const targets = [rootkit, ...quiet.slice(0, 4)].join('\n')
const healthy = quiet.slice(0, 4).join('\n')
const calls = (service: string) => server.calls.filter(call => call.service === service)

beforeAll(async () => {
  server = await serveScripted(fleet)
  server.github.baseFiles.set('baselines/checkout.json', BASELINE)
})

beforeEach(() => {
  server.calls.length = 0
  server.setFault(undefined)
})

afterAll(async () => {
  await closeFleets()
  await removeRuns()
})

describe('a pull request', () => {
  const inputs = { targets, baseline: 'baselines/checkout.json' }

  test('gets one comment, which is updated in place and says when everything is clean', async () => {
    server.github.write(7, '<!-- fleet-drift:checkout -->\nwritten by somebody else', 'mallory')
    const first = await act(server, { event: pullRequest(7), inputs, files })
    const ours = () => server.github.comments.get(7)!.filter(({ user }) => user.login !== 'mallory')
    expect(ours()).toHaveLength(1)
    expect(ours()[0]!.body).toMatch(/^<!-- fleet-drift:checkout -->\n## .*drift/)
    expect(ours()[0]!.body).toContain(rootkit)
    expect(first.outputs['comment-url']).toBe(ours()[0]!.html_url)

    const second = await act(server, {
      event: pullRequest(7),
      inputs: { ...inputs, targets: healthy },
      files
    })
    expect(second.code).toBe(0)
    expect(second.outputs.verdict).toBe('clean')
    expect(ours()).toHaveLength(1)
    expect(ours()[0]!.body).toMatch(/clean/)
    expect(server.github.comments.get(7)!.map(({ body }) => body)).toContain(
      '<!-- fleet-drift:checkout -->\nwritten by somebody else'
    )
  })

  test('gets no comment if all hosts are healthy', async () => {
    const run = await act(server, { event: pullRequest(8), inputs: { ...inputs, targets: healthy }, files })
    expect(run.code).toBe(0)
    expect(server.github.comments.get(8)).toBeUndefined()
  })

  test('whose comment is refused gets a warning, and the report decides the result', async () => {
    server.setFault(call =>
      call.action.startsWith('POST')
        ? { status: 403, type: 'Resource not accessible by integration' }
        : undefined
    )
    const run = await act(server, { event: pullRequest(9), inputs: { ...inputs, 'fail-on': 'never' }, files })
    expect(run.code).toBe(0)
    expect(run.log).toMatch(/::warning::The pull-request comment was refused: 403.*pull-requests: write/)
    expect(run.outputs.verdict).toBe('drift')
  })

  test('from a fork contacts no host, says so, and does not fail', async () => {
    const {
      ACTIONS_ID_TOKEN_REQUEST_URL: _url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: _token,
      ...env
    } = server.env()
    const run = await act(server, {
      event: pullRequest(10, 'mallory/infra'),
      inputs,
      files,
      env: { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }
    })
    expect(run.code).toBe(0)
    expect(run.outputs.verdict).toBe('incomplete')
    expect(run.log).toMatch(
      /::warning::Pull requests from forks and from Dependabot never reach a host\. No host was contacted/
    )
    expect(run.summary).toMatch(/incomplete/)
    expect([...calls('ssm'), ...calls('sts'), ...calls('oidc')]).toEqual([])
    expect(server.github.comments.get(10)).toBeUndefined()
  })
})

describe('with the token of a GitHub App', () => {
  const app = (isDrifted: boolean) => ({
    inputs: {
      targets: isDrifted ? targets : healthy,
      baseline: 'baselines/checkout.json',
      issue: 'rolling',
      'fail-on': 'never'
    },
    files
  })

  test('comment and rolling issue are kept up to date, and the issue is closed when all is clean', async () => {
    const own = await serveScripted(fleet, fleet.hosts, { login: 'acme-drift[bot]' })
    own.github.baseFiles.set('baselines/checkout.json', BASELINE)
    own.github.open('planted', '<!-- fleet-drift:checkout -->\nall clear', 'mallory')
    own.github.open('planted', '<!-- fleet-drift:checkout -->\nall clear', 'other-app[bot]')
    for (const isDrifted of [true, true, false]) {
      const run = await act(own, app(isDrifted))
      expect(run.log).not.toMatch(/::warning::The/)
      const [, , issue, ...others] = own.github.issues
      expect(others).toEqual([])
      expect(issue).toMatchObject({
        user: { login: 'acme-drift[bot]' },
        state: isDrifted ? 'open' : 'closed'
      })
    }
    for (const isDrifted of [true, false]) {
      await act(own, { ...app(isDrifted), event: pullRequest(7) })
      const comments = own.github.comments.get(7)!
      expect(comments).toHaveLength(1)
      expect(comments[0]!.body).toContain(isDrifted ? 'drift.' : 'clean')
    }
    expect(own.github.issues.slice(0, 2).map(({ body }) => body)).toEqual(
      Array(2).fill('<!-- fleet-drift:checkout -->\nall clear')
    )
  }, 120_000)
})

test.each(['pull_request_target', 'pull_request_review'])(
  'a fork reaches no role and no host under %s either, although the run could have a token',
  async name => {
    const run = await act(server, {
      event: { ...pullRequest(11, 'mallory/infra'), name },
      inputs: { targets, baseline: 'baselines/checkout.json' },
      files
    })
    expect([run.code, run.outputs.verdict]).toEqual([0, 'incomplete'])
    expect(run.log).toMatch(
      /::warning::Pull requests from forks and from Dependabot never reach a host\. No host was contacted/
    )
    expect([...calls('ssm'), ...calls('sts'), ...calls('oidc')]).toEqual([])
  }
)

describe('every problem is one sentence, and nothing is called', () => {
  test('every bad input at once', async () => {
    const run = await act(server, {
      inputs: {
        mode: 'chek',
        'role-to-assume': 'fleet-drift',
        targets: 'checkout\ntag:x',
        'timeout-seconds': 'soon',
        'fail-on': 'always',
        'expected-hosts': 'many',
        'aws-region': 'Ireland',
        'allowed-account-ids': '12'
      }
    })
    expect(run.code).toBe(1)
    const errors = errorsOf(run).join('\n').replaceAll('%0A', '\n')
    for (const start of [
      'mode: "chek" must be check',
      'role-to-assume: "fleet-drift" must be the full ARN',
      'targets: "checkout" is not a target',
      'targets: "tag:x" has no key and value',
      'timeout-seconds: "soon" must be a whole number',
      'fail-on: "always" must be',
      'expected-hosts: "many" must be',
      'aws-region: "Ireland" must be a region',
      'allowed-account-ids:'
    ])
      expect(errors).toContain(start)
    expect(run.summary).toContain('must be the full ARN')
    expect(server.calls).toEqual([])
  })

  test.each([
    ['a missing baseline', 'baselines/other.json', {}, /baselines\/other\.json cannot be read/],
    [
      'a baseline that is not JSON',
      'baselines/checkout.json',
      { 'baselines/checkout.json': '{' },
      /not valid JSON/
    ],
    [
      'a baseline with merge markers',
      'baselines/checkout.json',
      { 'baselines/checkout.json': '<<<<<<< ours\n' },
      /merge markers/
    ]
  ])('%s', async (_what, baseline, files, error) => {
    const run = await act(server, { inputs: { baseline }, files })
    expect(run.code).toBe(1)
    expect(errorsOf(run)).toHaveLength(1)
    expect(errorsOf(run)[0]).toMatch(error)
    expect(run.outputs).toMatchObject({ verdict: 'incomplete', coverage: '0.0000' })
    expect(existsSync(run.outputs['report-json']!)).toBe(true)
    expect(calls('ssm')).toEqual([])
  })

  test('a job without id-token: write', async () => {
    const run = await act(server, {
      env: { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }
    })
    expect(run.code).toBe(1)
    expect(errorsOf(run)).toEqual([expect.stringContaining('add "id-token: write"')])
    expect(server.calls.filter(({ service }) => service !== 'github')).toEqual([])
  })
})

describe('what AWS refuses', () => {
  test('for a role that does not trust the repository, the error has both forms of sub', async () => {
    const run = await act(server, { inputs: { 'role-to-assume': 'arn:aws:iam::111122223333:role/other' } })
    expect(run.code).toBe(1)
    const [error] = errorsOf(run)
    expect(error).toContain('Not authorized to perform sts:AssumeRoleWithWebIdentity')
    expect(error).toContain('repo:acme/infra:')
    expect(error).toContain('repo:acme@OWNER_ID/infra@REPOSITORY_ID:')
    expect(run.outputs.verdict).toBe('incomplete')
    expect(run.summary).toMatch(/Nothing was assessed/)
    expect(calls('ssm')).toEqual([])
  })

  test('an account that is not allowed is not used', async () => {
    const run = await act(server, { inputs: { 'allowed-account-ids': '999988887777' } })
    expect(run.code).toBe(1)
    expect(errorsOf(run)[0]).toMatch(/account 111122223333, and allowed-account-ids names only 999988887777/)
    expect(calls('ssm')).toEqual([])
  })

  test('targets that match no host are an error', async () => {
    const run = await act(server, { inputs: { targets: 'tag:Service=nothing' } })
    expect(run.code).toBe(1)
    expect(errorsOf(run)[0]).toMatch(/No host matched the targets \(tag:Service=nothing\)/)
    expect(run.outputs.verdict).toBe('incomplete')
  })
})

test('a public repository shows only counts, and the files have everything', async () => {
  const run = await act(server, {
    event: { name: 'schedule', payload: { repository: { ...PRIVATE, private: false } } },
    inputs: { targets, baseline: 'baselines/checkout.json' },
    files
  })
  expect(run.code).toBe(1)
  for (const host of fleet.hosts) {
    expect(run.summary + run.log).not.toContain(host.id)
    expect(run.summary + run.log).not.toContain(host.name)
  }
  expect(run.summary + run.log).not.toContain('diamorphine')
  expect(readFileSync(run.outputs['report-json']!, 'utf8')).toContain('diamorphine')
  expect(run.outputs).toMatchObject({ 'outlier-hosts': '1', 'silent-hosts': '0' })
})

test('mode collect counts silent hosts in a public repository, and names none', async () => {
  const silent = fleet.hosts.find(({ behavior }) => behavior === 'silent')!
  const run = await act(server, {
    event: { name: 'schedule', payload: { repository: { ...PRIVATE, private: false } } },
    inputs: { mode: 'collect', targets: `${targets}\n${silent.id}`, 'min-coverage': '0' }
  })
  expect(run.outputs).toMatchObject({ 'silent-hosts': '1', coverage: '0.8333' })
  for (const host of fleet.hosts) expect(run.log + run.summary).not.toContain(host.id)
})

test('mode collect writes the snapshot and outputs the coverage, without a verdict', async () => {
  const run = await act(server, { inputs: { mode: 'collect', targets } })
  expect(run.code).toBe(0)
  expect(run.outputs).toEqual({
    snapshot: expect.stringMatching(/snapshot\.ndjson\.gz$/),
    coverage: '1.0000',
    'silent-hosts': '[]'
  })
})

test('a host that answers garbage is a finding, and changes nothing for other hosts', async () => {
  const hostile = fleet.hosts.find(({ id }) => id === quiet.at(-1))!
  const inputs = { baseline: 'baselines/checkout.json', 'fail-on': 'never' }
  const findingsWith = async (more: string) => {
    const run = await act(server, { inputs: { ...inputs, targets: `${targets}${more}` }, files })
    const { findings } = JSON.parse(readFileSync(run.outputs['report-json']!, 'utf8'))
    return { run, findings: findings as { id: string; kind: string; severity: string; hosts: string[] }[] }
  }
  const without = await findingsWith('')
  hostile.behavior = 'garbage'
  const { run, findings } = await findingsWith(`\n${hostile.id}`)
  hostile.behavior = 'honest'
  const deviating = (list: typeof findings) =>
    list
      .filter(({ kind }) => kind === 'deviation')
      .map(({ id, severity, hosts }) => ({ id, severity, hosts }))
  expect(deviating(findings)).toEqual(deviating(without.findings))
  expect(deviating(findings)).not.toEqual([])
  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'partial', severity: 'high', hosts: [hostile.id] })
  )
  expect(run.log).not.toMatch(/^\s*::error[^:]*::owned|##\[error\]/m)
  for (const live of ['<img', '@everyone', '\u202e', '\u001b'])
    expect(run.summary + run.log).not.toContain(live)
})
