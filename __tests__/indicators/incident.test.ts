import { describe, expect, test } from '@jest/globals'
import { pivotCommand, pivotOf } from '../../src/report/pivot.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { runOverFiles, snapshotOf } from '../support/file-runs.ts'
import { fleet, host, hostId } from '../support/fleets.ts'
import { finding, row } from '../support/reports.ts'

const SHA256 = 'ab'.repeat(32)

/** A fleet on which three hosts show traces of one intruder; one host is silent. */
function compromised() {
  const hosts = fleet(20, (index, rows: Record<string, Row[]>) => {
    if (index === 2)
      rows.programs!.push({ path: '/tmp/.x', username: 'root', cmdline: '/tmp/.x -o pool.evil.example:443' })
    if (index === 7) rows.binaries!.push({ path: '/usr/bin/ls', version: '1', sha256: SHA256 })
    if (index === 11) rows.ports!.push({ protocol: '6', port: '9', path: '/x', remote_address: '11.2.3.45' })
  })
  hosts[19] = host(
    hostId(19),
    {},
    { status: 'silent', facts: null, code: 'no-answer', reason: 'it did not answer' }
  )
  return hosts
}

const STIX = {
  type: 'bundle',
  objects: [
    { type: 'indicator', pattern_type: 'stix', pattern: `[file:hashes.'SHA-256' = '${SHA256}']` },
    {
      type: 'indicator',
      pattern_type: 'stix',
      pattern: "[file:hashes.MD5 = '9e107d9d372bb6826bd81d3542a419d6']"
    },
    { type: 'indicator', pattern_type: 'stix', pattern: "[email-addr:value = 'a@evil.example']" }
  ]
}
const THREAT_REPORT = `ioc,type,comment
11[.]2[.]3[.]0/24,ip,C2
evil[.]example,domain,pool
${JSON.stringify(STIX, null, 2)}`

describe('an incident from a pasted threat report', () => {
  test('names every affected host in one run, and what could not be looked for', async () => {
    const files = await snapshotOf(compromised())
    const { report } = await runOverFiles({ files, indicators: THREAT_REPORT })
    const found = report.findings.filter(({ kind }: { kind: string }) => kind === 'indicator')
    expect(found.flatMap(({ hosts }: { hosts: string[] }) => hosts).sort()).toEqual([
      hostId(2),
      hostId(7),
      hostId(11)
    ])
    expect(report.indicators).toMatchObject({
      total: 5,
      hosts: 19,
      kinds: { network: 1, domain: 1, sha256: 1, md5: 1, other: 1 }
    })
    expect(report.indicators.queries).toContain('programs')
    const notices = report.notices.join('\n')
    expect(notices).toMatch(
      /Searched for 5 indicators \(.*1 MD5.*\) in the rows of 7 queries on 19 hosts: 3 were found\./
    )
    expect(notices).toMatch(/could not be checked on any host: no query returns md5\./)
    expect(notices).toMatch(/could not be checked on any host: osquery shows nothing of this kind \(email-addr\)\./)
    expect(notices).toContain(`could not be checked on ${hostId(19)}`)
  })

  test('the lines of a finding find the other hosts with the same', async () => {
    const implant = (index: number, rows: Record<string, Row[]>) =>
      (index === 3 || index === 9) &&
      rows.cron!.push({ path: '/etc/cron.d/x', command: 'sh -c "curl evil" # \'q\'' })
    const all = fleet(20, implant)
    const first = await runOverFiles({ files: await snapshotOf(all.slice(0, 8)) })
    const lines = first.report.findings.flatMap(
      ({ pivot }: { pivot?: { indicators: string[] } }) => pivot?.indicators ?? []
    )
    expect(lines).toContain('cron.command=sh -c "curl evil" # \'q\'')
    const second = await runOverFiles({ files: await snapshotOf(all), indicators: lines.join('\n') })
    const ofCron = second.report.findings.find(
      ({ kind, explanation }: { kind: string; explanation: string }) =>
        kind === 'indicator' && explanation.includes('cron.command')
    )
    expect(ofCron.hosts).toEqual([hostId(3), hostId(9)])
  })

  test('a column that no query returns is reported, not silently clean', async () => {
    const files = await snapshotOf(fleet(4))
    const { report } = await runOverFiles({ files, indicators: 'crontab_x.command=evil' })
    expect(report.notices.join('\n')).toContain('no query returns crontab_x.command')
  })
})

describe('pivots', () => {
  test('prefer digests, and what changed', () => {
    const changed = row(
      'files',
      { path: '/bin/ls', sha256: SHA256 },
      { kind: 'changed', expected: { path: '/bin/ls', sha256: 'cd'.repeat(32) } }
    )
    expect(pivotOf(finding('a', { rows: [changed] }))).toEqual([`sha256:${SHA256}`])
  })

  test.each([
    ['a missing row', row('guards', { name: 'auditd' }, { kind: 'missing' })],
    ['a secret that is hidden', row('keys', { username: 'root', key: '[redacted: ssh key]' })],
    ['a value with a line break', row('programs', { cmdline: 'a\nb' })],
    ['a placeholder', row('cron', { command: 'x <hex>' })]
  ])('%s has none', (_name, one) => {
    expect(pivotOf(finding('a', { rows: [one] }))).toEqual([])
  })

  test('the command is safe to paste into a shell', () => {
    expect(pivotCommand({ targets: ['tag:A=b'] }, ["cron.command=a'$(reboot)"])).toBe(
      "gh workflow run incident.yml -f targets='tag:A=b' -f indicators='cron.command=a'\\''$(reboot)'"
    )
  })
})
