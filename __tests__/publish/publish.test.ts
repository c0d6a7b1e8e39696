import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { reportOutputs } from '../../src/publish/channels/outputs.ts'
import { addSummary } from '../../src/publish/channels/summary.ts'
import { type PublishRequest, publish } from '../../src/publish/publish.ts'
import { PullRequest, Repository } from '../support/publish-ports.ts'
import { recordingLog } from '../support/recording-log.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted, enormous, healthy } from '../support/samples.ts'

const folders: string[] = []

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'fleet-drift-'))
  folders.push(path)
  return path
}

afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
})

function published(
  more: Partial<Omit<PublishRequest, 'context' | 'inputs'>> & {
    context?: Partial<PublishRequest['context']>
    inputs?: Partial<PublishRequest['inputs']>
  } = {}
) {
  const dir = folder()
  const summaryPath = join(dir, 'summary.md')
  const outputs: Record<string, string> = {}
  const pull = new PullRequest()
  const repository = new Repository()
  const log = recordingLog()
  let isPublic: boolean | null = null
  const request: PublishRequest = {
    report: drifted(),
    baseline: null,
    outputDir: join(dir, 'deep', 'out'),
    summaryPath,
    ...more,
    inputs: {
      redact: true,
      publishToPublic: false,
      comment: 'auto',
      issue: 'never',
      formats: [],
      ...more.inputs
    },
    context: {
      event: 'pull_request',
      repository: { owner: 'acme', repo: 'fleet' },
      isPrivate: true,
      sha: null,
      runId: '42',
      runUrl: 'https://github.com/acme/fleet/actions/runs/42',
      workspace: dir,
      workflow: '.github/workflows/drift.yml',
      pullRequest: { number: 7, untrusted: false },
      oidc: { url: 'http://x', token: 'y' },
      ...more.context
    }
  }
  const github = { comments: () => pull, issues: () => repository, isPublic: async () => isPublic }
  const setOutput = (name: string, value: string) => {
    outputs[name] = value
  }
  const run = () => publish(request, { log, github, setOutput })
  const summary = () => readFileSync(summaryPath, 'utf8')
  const setPublic = (value: boolean) => {
    isPublic = value
  }
  return { run, outputs, pull, repository, log, summary, dir, setPublic }
}

test('a report reaches files, outputs, log, summary and comment', async () => {
  const { run, outputs, pull, log, summary } = published()
  await run()
  expect(isAbsolute(outputs['report-json']!) && existsSync(outputs['report-json']!)).toBe(true)
  expect(readFileSync(outputs['report-markdown']!, 'utf8')).toMatch(/^## 🟥 checkout: drift\./)
  expect(readFileSync(outputs['report-html']!, 'utf8')).toMatch(/^<!doctype html>/)
  expect(outputs.verdict).toBe('drift')
  expect(outputs['comment-url']).toMatch(/#issuecomment-1$/)
  expect(pull.all[0]!.body).toMatch(/^<!-- fleet-drift:checkout -->\n## 🟥/)
  expect(summary()).toContain('web-21')
  expect(log.infos.join()).toContain('web-21')
  expect(log.warnings).toEqual([])
})

test('the rolling issue is updated if requested, and never by a pull request', async () => {
  const requested = published({ inputs: { issue: 'rolling' }, context: { pullRequest: null } })
  await requested.run()
  expect(requested.outputs['issue-url']).toMatch(/issues\/1$/)
  expect(requested.repository.all[0]!.body).toContain('web-21')
  for (const more of [
    { inputs: { issue: 'rolling' } },
    { context: { pullRequest: null } },
    { inputs: { issue: 'rolling' }, context: { pullRequest: null }, report: report([]) },
    {
      inputs: { issue: 'rolling' },
      context: { pullRequest: null },
      report: report([host('i-1')], [], { run: { mode: 'baseline' } })
    }
  ] as const) {
    const { run, repository, outputs } = published(more)
    await run()
    expect(repository.calls).toEqual([])
    expect(outputs['issue-url']).toBeUndefined()
  }
})

test('findings are shown beside the lines of the baseline that they are about', async () => {
  const text = '{ "queries": {\n "kernel_modules": { "columns": ["name"] } } }'
  const { run, log, outputs } = published({ baseline: { path: 'baselines/checkout.json', text } })
  await run()
  expect(log.annotations[0]).toMatchObject({
    at: { title: 'Critical intruder on 5 hosts', file: 'baselines/checkout.json', line: 2 }
  })
  expect(JSON.parse(readFileSync(outputs['report-sarif']!, 'utf8')).runs[0].results).toHaveLength(6)
  const { run: without, log: other } = published()
  await without()
  expect(other.annotations[0]!.at).toMatchObject({ file: '.github/workflows/drift.yml', line: 1 })
})

test.each<[string, Parameters<typeof published>[0]]>([
  ['the payload says it is public', { context: { isPrivate: false } }],
  ['its visibility is unknown', { context: { isPrivate: null } }]
])('only counts are shown if %s, and the files are complete', async (_, more) => {
  const { run, outputs, pull, log, summary } = published(more)
  await run()
  const rolling = published({
    ...more,
    inputs: { issue: 'rolling' },
    context: { ...more?.context, pullRequest: null }
  })
  await rolling.run()
  const annotations = log.annotations.map(({ text, at }) => `${text} ${JSON.stringify(at)}`).join('\n')
  for (const text of [
    summary(),
    pull.all[0]!.body,
    log.infos.join(),
    annotations,
    rolling.repository.all[0]!.body
  ]) {
    expect(text).not.toMatch(/web-|i-0a1b|sysupd|kernel_modules/)
    expect(text).toMatch(/publish-to-public|repository is public/)
  }
  expect(readFileSync(outputs['report-json']!, 'utf8')).toContain('web-21')
  // The runner prints outputs while it debugs.
  expect(outputs).toMatchObject({ 'outlier-hosts': '7', 'silent-hosts': '1', outliers: '7' })
  const { 'report-json': _json, 'report-html': _html, ...printed } = outputs
  expect(JSON.stringify(printed)).not.toMatch(/web-|i-0a1b|sysupd|kernel_modules/)
})

test('a public repository shows hosts if that is allowed', async () => {
  const { run, summary } = published({ inputs: { publishToPublic: true }, context: { isPrivate: false } })
  await run()
  expect(summary()).toContain('web-21')
})

test('a repository that is private by the API shows hosts', async () => {
  const { run, summary, setPublic } = published({ context: { isPrivate: null } })
  setPublic(false)
  await run()
  expect(summary()).toContain('web-21')
})

test.each<[string, Parameters<typeof published>[0]]>([
  ['outside of a pull request', { context: { pullRequest: null } }],
  ['on a pull request from a fork', { context: { pullRequest: { number: 7, untrusted: true } } }],
  ['when comments are off', { inputs: { comment: 'never' } }],
  ['when all is clean', { report: healthy() }]
])('no comment is created %s', async (_, more) => {
  const { run, outputs, pull } = published(more)
  await run()
  expect(pull.all).toEqual([])
  expect(outputs['comment-url']).toBeUndefined()
})

test('300 findings on 2,000 hosts fit the summary and the comment', async () => {
  const { run, pull, summary, log } = published({ report: enormous() })
  await run()
  expect(Buffer.byteLength(summary())).toBeLessThanOrEqual(1_048_576)
  expect(Buffer.byteLength(pull.all[0]!.body)).toBeLessThanOrEqual(60_000)
  expect(log.warnings).toEqual([])
})

test('secrets are hidden in every file and text, unless redaction is off', async () => {
  const secret = report(
    [host('i-1')],
    [finding('f', { hosts: ['i-1'], rows: [row('p', { cmdline: 'x --password hunter2' })] })]
  )
  const hidden = published({ report: secret })
  await hidden.run()
  for (const text of [
    hidden.summary(),
    readFileSync(hidden.outputs['report-json']!, 'utf8'),
    hidden.log.infos.join()
  ]) {
    expect(text).not.toContain('hunter2')
    expect(text).toContain('[redacted: secret]')
  }
  expect(hidden.summary()).toContain('1 secret redacted')
  const open = published({ report: secret, inputs: { redact: false } })
  await open.run()
  expect(open.summary()).toContain('hunter2')
})

test('a summary that GitHub would drop, or that cannot be written, is a warning', async () => {
  const log = recordingLog()
  const written: string[] = []
  const append = async (text: string) => void written.push(text)
  await addSummary('x'.repeat(1_000), { size: async () => 1_048_000, append }, log)
  expect(written).toEqual([])
  expect(log.warnings[0]).toContain('1048576')
  const { run, log: other, dir } = published({ summaryPath: '/nowhere/at/all' })
  writeFileSync(join(dir, 'x'), '')
  await run()
  expect(other.warnings[0]).toMatch(/^The job summary could not be written: .*ENOENT/)
})

test('a report determines its outputs', async () => {
  expect(await reportOutputs({ report: drifted() })).toEqual({
    verdict: 'drift',
    headline: '🟥 checkout: drift. 3 findings on 7 hosts and 1 rollout on 16 hosts; 62 of 64 hosts assessed',
    findings: '6',
    outliers: '7',
    'outlier-hosts': JSON.stringify(
      [1003, 1007, 1012, 1019, 1021, 1033, 1052].map(at => `i-0a1b2c3d4e5f${at}`)
    ),
    'silent-hosts': '["i-0a1b2c3d4e5f1040"]',
    'worst-severity': 'critical',
    coverage: '0.9688'
  })
  expect(await reportOutputs({ report: healthy() })).toMatchObject({
    verdict: 'clean',
    'worst-severity': 'none',
    coverage: '1.0000',
    'outlier-hosts': '[]'
  })
})

test.each(['baseline', 'collect'])('mode %s sets no verdict', async mode => {
  expect(await reportOutputs({ report: report([host('i-1')], [], { run: { mode } }) })).not.toHaveProperty(
    'verdict'
  )
})
