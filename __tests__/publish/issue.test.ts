import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ApiError } from '../../src/github/api-error.ts'
import { rollingIssue } from '../../src/publish/channels/issue.ts'
import { markerOf } from '../../src/publish/find-or-create.ts'
import { readMemory, remember, writeMemory } from '../../src/report/history.ts'
import { renderMarkdown } from '../../src/report/markdown.ts'
import type { Memory } from '../../src/report/memory.ts'
import { countsOnly, type Shown } from '../../src/report/public-view.ts'
import type { Finding, ReportHost } from '../../src/report/report.ts'
import { Repository } from '../support/publish-ports.ts'
import { recordingLog } from '../support/recording-log.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { enormous } from '../support/samples.ts'

const marker = markerOf('checkout')
const rootkit = finding('aaaa000000000001', {
  severity: 'critical',
  hosts: ['i-1'],
  rows: [row('kernel_modules', {})]
})
const key = finding('bbbb000000000002', { hosts: ['i-2'], rows: [row('authorized_keys', {})] })
const hosts = (more: Partial<ReportHost> = {}) => [host('i-1', more), host('i-2'), host('i-3')]
const drift = (...findings: Finding[]) => report(hosts(), findings)
const clean = report(hosts())

const keep = (repository: Repository, shown: Shown, today = '2026-11-25', log = recordingLog()) =>
  rollingIssue(
    {
      marker,
      title: 'Fleet Drift: checkout',
      shown,
      today,
      render: memory =>
        renderMarkdown(shown, {
          limit: 40_000,
          marker,
          redacted: 0,
          fullReport: 'It is in report.json.',
          memory
        })
    },
    repository,
    log
  )

test('an issue is opened when drift is found, closed when all is clean, and reopened when drift comes back', async () => {
  const repository = new Repository()
  expect(await keep(repository, clean)).toBeNull()
  expect(repository.all).toEqual([])

  expect(await keep(repository, drift(rootkit), '2026-11-20')).toBe('https://github.com/acme/fleet/issues/1')
  const [issue] = repository.all
  expect(issue).toMatchObject({ title: 'Fleet Drift: checkout', open: true })
  expect(issue!.body).toMatch(/^<!-- fleet-drift:checkout -->\n## 🟥 checkout: drift\./)
  expect(issue!.body).toContain('Not clean since 2026-11-20.')

  expect(await keep(repository, clean, '2026-11-22')).toMatch(/issues\/1$/)
  expect(repository.all[0]).toMatchObject({ open: false })
  expect(repository.all[0]!.body).toContain('Everything reported here earlier is resolved.')
  expect(repository.all[0]!.body).toContain('Last change on 2026-11-22: 1 resolved.')
  expect(repository.all[0]!.body).toMatch(/critical intruder \| `i-1` \| 2026-11-20/)

  expect(await keep(repository, drift(rootkit), '2026-11-25')).toMatch(/issues\/1$/)
  expect(repository.all).toHaveLength(1)
  expect(repository.all[0]).toMatchObject({ open: true })
  expect(repository.all[0]!.body).toContain('Not clean since 2026-11-25. Last change on 2026-11-25: 1 new.')
})

test('the issue is edited only when a finding changed, not for another day or another wording', async () => {
  const repository = new Repository()
  await keep(repository, drift(rootkit, key), '2026-11-20')
  repository.calls.length = 0
  const noisy = report(
    hosts(),
    [
      { ...key, surprise: 3 },
      { ...rootkit, explanation: 'In other words.' }
    ],
    {
      foldedRows: 99
    }
  )
  expect(await keep(repository, noisy, '2026-11-21')).toMatch(/issues\/1$/)
  expect(repository.calls).toEqual(['list'])
  await keep(repository, clean, '2026-11-22')
  repository.calls.length = 0
  expect(await keep(repository, clean, '2026-11-23')).toMatch(/issues\/1$/)
  expect(repository.calls).toEqual(['list'])
})

test('new and resolved findings are shown until the next change, with the day they were first seen', async () => {
  const repository = new Repository()
  await keep(repository, drift(rootkit), '2026-11-20')
  await keep(repository, drift(key, rootkit), '2026-11-21')
  const body = () => repository.all[0]!.body
  expect(body()).toContain('Last change on 2026-11-21: 1 new.')
  expect(body()).toContain('**New**: finding 1.')
  expect(body()).toMatch(/critical intruder \|.*\| 2026-11-20 \|/)
  expect(body()).toMatch(/high intruder \|.*\| 2026-11-21 \|/)
  await keep(repository, drift(key), '2026-11-22')
  expect(body()).toContain('Last change on 2026-11-22: 1 resolved.')
  expect(body()).toContain('first seen 2026-11-21')
  await keep(repository, drift({ ...key, hosts: ['i-2', 'i-3'] }), '2026-11-23')
  expect(body()).toContain(
    'Last change on 2026-11-23: the same findings, on other hosts or with another verdict.'
  )
  expect(body()).toContain('Not clean since 2026-11-20.')
})

test('a finding whose host did not answer is not called resolved, and keeps its first day', async () => {
  const repository = new Repository()
  await keep(repository, drift(rootkit), '2026-11-20')
  const silent = finding('cccc000000000003', {
    kind: 'silent',
    verdict: null,
    severity: 'medium',
    hosts: ['i-1']
  })
  await keep(repository, report(hosts({ status: 'silent', reason: 'Offline.' }), [silent]), '2026-11-21')
  const body = () => repository.all[0]!.body
  expect(repository.all[0]!.open).toBe(true)
  expect(body()).toContain('1 earlier finding could not be checked again')
  expect(body()).not.toContain('1 resolved')
  await keep(repository, drift(rootkit), '2026-11-22')
  expect(body()).toContain('first seen 2026-11-20')
  expect(body()).toContain('Last change on 2026-11-22: 1 resolved.')
})

test('an issue that a person closed stays closed until something changes', async () => {
  const repository = new Repository()
  await keep(repository, drift(rootkit), '2026-11-20')
  repository.all[0] = { ...repository.all[0]!, open: false }
  await keep(repository, drift(rootkit), '2026-11-21')
  expect(repository.all[0]!.open).toBe(false)
  await keep(repository, drift(rootkit, key), '2026-11-22')
  expect(repository.all[0]!.open).toBe(true)
})

test('an issue by someone else with our marker is not ours, whatever it says', async () => {
  const repository = new Repository()
  const planted = `${marker}\nall clear\n\n${writeMemory(remember(null, drift(rootkit), '2020-01-01'))}\n`
  repository.add('mallory', planted)
  repository.add('github-actions[bot]', `${markerOf('other')}\nanother group`)
  await keep(repository, drift(rootkit))
  expect(repository.all).toHaveLength(3)
  expect(repository.all[0]!.body).toBe(planted)
  expect(repository.all[2]!.body).not.toContain('2020-01-01')
})

test('an issue by the token’s own user is ours', async () => {
  const repository = new Repository()
  repository.self = 'acme-ci'
  repository.author = 'acme-ci'
  await keep(repository, drift(rootkit))
  await keep(repository, clean)
  expect(repository.all.map(({ author, open }) => [author, open])).toEqual([['acme-ci', false]])
})

test('an issue that the token could not find again is closed', async () => {
  const repository = new Repository()
  repository.author = 'acme-app[bot]'
  const log = recordingLog()
  await keep(repository, drift(rootkit), '2026-11-25', log)
  expect(repository.all[0]!.open).toBe(false)
  expect(log.warnings[0]).toContain('acme-app[bot]')
})

test.each([401, 403, 404, 410, 422, 503])(
  'an issue refused with %d is a warning and no failure',
  async status => {
    const repository = new Repository()
    for (const _ of [1, 2, 3])
      repository.failing.push({ call: 'create', error: new ApiError('No::\n::error::x', status) })
    const log = recordingLog()
    expect(await keep(repository, drift(rootkit), '2026-11-25', log)).toBeNull()
    expect(log.warnings).toHaveLength(1)
    expect(log.warnings[0]).toContain(String(status))
    expect(log.warnings[0]).not.toContain('\n')
    expect(log.warnings[0]!.includes('issues: write')).toBe(status < 410)
  }
)

test('an issue is not created twice when the answer is lost', async () => {
  const repository = new Repository()
  repository.failing.push({ call: 'create', error: new ApiError('Bad gateway', 502), afterwards: true })
  expect(await keep(repository, drift(rootkit))).toMatch(/issues\/1$/)
  expect(repository.all).toHaveLength(1)
})

test('no issue is created when the list cannot be read, because there may be one', async () => {
  const repository = new Repository()
  repository.failing.push({ call: 'list', error: new ApiError('Server error', 500) })
  expect(await keep(repository, drift(rootkit))).toBeNull()
  expect(repository.all).toEqual([])
})

test('300 findings on 2,000 hosts fit the issue, and it says how many of them it remembers', async () => {
  const repository = new Repository()
  await keep(repository, enormous(), '2026-11-20')
  const { body } = repository.all[0]!
  expect(Buffer.byteLength(body)).toBeLessThan(60_000)
  const memory = readMemory(body)!
  expect(memory.known.length).toBeGreaterThan(100)
  await keep(repository, { ...enormous(), findings: enormous().findings.toSpliced(1, 1) }, '2026-11-21')
  expect(repository.all[0]!.body).toMatch(/Last change on 2026-11-21: 1 resolved\./)
  expect(Buffer.byteLength(repository.all[0]!.body)).toBeLessThan(60_000)
})

test('thousands of new and resolved findings fit the issue', async () => {
  const repository = new Repository()
  const random = (from: number) =>
    Array.from({ length: 5_000 }, (_, at) =>
      finding(
        createHash('sha256')
          .update(`${from + at}`)
          .digest('hex')
          .slice(0, 16),
        { hosts: ['i-1'] }
      )
    )
  await keep(repository, drift(...random(0)), '2026-11-20')
  await keep(repository, drift(...random(5_000)), '2026-11-21')
  const { body } = repository.all[0]!
  expect(Buffer.byteLength(body)).toBeLessThan(60_000)
  expect(readMemory(body)!.findings).toBe(5_000)
})

test('for a public repository, only counts are shown and remembered', async () => {
  const repository = new Repository()
  await keep(repository, countsOnly(drift(rootkit)), '2026-11-20')
  await keep(repository, countsOnly(drift(rootkit, key)), '2026-11-21')
  const { body } = repository.all[0]!
  expect(body).toContain('Last change on 2026-11-21: 1 open finding before, 2 now.')
  expect(body).not.toMatch(/i-\d|kernel_modules|aaaa0000/)
  expect(JSON.stringify(readMemory(body))).not.toMatch(/i-\d|kernel_modules|aaaa0000/)
})

test('a memory is read back as it was written, and any other text is not a memory', () => {
  const memory = remember(null, drift(rootkit, key), '2026-11-20')
  expect(readMemory(`text\n${writeMemory(memory)}\r\n`)).toEqual(memory)
  const packed = (text: string) => `<!-- fleet-drift-memory:${text} -->`
  for (const text of ['', 'AAAA', '!!!', 'x'.repeat(100_000)]) expect(readMemory(packed(text))).toBeNull()
  fc.assert(fc.property(fc.string(), text => readMemory(text) === null))
  fc.assert(fc.property(fc.base64String(), text => readMemory(packed(text)) === null))
})

test('a decompression bomb and a memory of another version are not read', async () => {
  const { deflateRawSync } = await import('node:zlib')
  const packed = (value: string) => `<!-- fleet-drift-memory:${deflateRawSync(value).toString('base64')} -->`
  const memory = remember(null, drift(rootkit), '2026-11-20')
  const as = (more: object): string => packed(JSON.stringify({ ...memory, ...more }))
  expect(readMemory(as({}))).toEqual(memory)
  expect(readMemory(packed(' '.repeat(10_000_000)))).toBeNull()
  for (const more of [
    { version: 2 },
    { extra: 1 },
    { since: 'yesterday' },
    { known: [['x']] },
    { digest: '' }
  ])
    expect(readMemory(as(more))).toBeNull()
  expect(readMemory(as({}).replace('-->', '--> x'))).toBeNull()
})

test('no text from a host can end the hidden line or be read back as something else', () => {
  const evil = '--> <h1>owned</h1> <!-- fleet-drift-memory:AAAA -->'
  const shown = drift(finding(evil, { hosts: [evil], severity: 'high' }))
  const line = writeMemory(remember(null, shown, '2026-11-20'))
  expect(line.split('-->')).toHaveLength(2)
  const memory: Memory | null = readMemory(line)
  expect(memory!.known[0]![0]).toBe(evil.slice(0, 80))
})

test('an issue that a person closed opens again when findings are added, and not when some are gone', async () => {
  const repository = new Repository()
  await keep(repository, drift(rootkit, key), '2026-11-20')
  const [issue] = repository.all
  await repository.update(issue!.number, { open: false })
  await keep(repository, drift(rootkit), '2026-11-21')
  expect(repository.all[0]).toMatchObject({ open: false })
  expect(repository.all[0]!.body).toContain('Last change on 2026-11-21: 1 resolved.')
  await keep(repository, drift(rootkit, key), '2026-11-22')
  expect(repository.all[0]).toMatchObject({ open: true })
})
