import { expect, test } from '@jest/globals'
import { MORE_FORMATS } from '../../src/report/formats.ts'
import { HOSTILE } from '../support/hostile.ts'
import { reportSaying } from '../support/report-saying.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted } from '../support/samples.ts'

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))

test('the ATT&CK Navigator gets the techniques of open findings with their number', () => {
  const { techniques, domain } = JSON.parse(MORE_FORMATS.navigator.render(drifted()))
  expect(domain).toBe('enterprise-attack')
  expect(techniques).toContainEqual(expect.objectContaining({ techniqueID: 'T1547.006', score: 1 }))
})

test('JUnit has a failed test case for each open finding, and one for the coverage', () => {
  const xml = MORE_FORMATS.junit.render(drifted())
  expect(xml).toContain('tests="7" failures="7"')
  expect(xml.match(/<testcase /g)).toHaveLength(7)
  const clean = MORE_FORMATS.junit.render(report([host('i-1')]))
  expect(clean).toContain('tests="1" failures="0"')
})

test('JUnit stays well-formed whatever a host sends', () => {
  for (const text of HOSTILE) {
    const xml = MORE_FORMATS.junit.render(reportSaying(() => text))
    expect(
      xml
        .match(/<[^>]*>/g)
        ?.every(tag =>
          /^<(?:\?xml [^<>]*\?|\/?(?:testsuites?|testcase|failure)(?: [a-z]+="[^"<>]*")*\/?)>$/.test(tag)
        )
    ).toBe(true)
  }
})

test('ECS has one event for each finding on each host', () => {
  const events = lines(MORE_FORMATS.ecs.render(drifted()))
  expect(events).toHaveLength(
    drifted().findings.reduce((sum, { hosts }) => sum + Math.max(1, hosts.length), 0)
  )
  expect(events[0]).toMatchObject({
    event: { kind: 'alert', severity: 99 },
    host: { id: expect.any(String) }
  })
})

test('OCSF has one Detection Finding for each finding', () => {
  const events = lines(MORE_FORMATS.ocsf.render(drifted()))
  expect(events).toHaveLength(drifted().findings.length)
  expect(events[0]).toMatchObject({ class_uid: 2004, type_uid: 200401, severity_id: 5, severity: 'Critical' })
})

test('ASFF has what Security Hub requires, and at most 32 hosts in a finding', () => {
  const hub = { account: '111122223333', region: 'eu-west-1' }
  const hosts = Array.from({ length: 40 }, (_, at) => `i-${at.toString(16).padStart(17, '0')}`)
  const sample = report([], [finding('a', { hosts }), finding('b', { hosts: ['mi-1'], acceptedBy: 'ops' })])
  const entries = JSON.parse(MORE_FORMATS.asff.render(sample, hub))
  expect(entries.map(({ Resources }: { Resources: object[] }) => Resources.length)).toEqual([32, 8, 1])
  expect(new Set(entries.map(({ Id }: { Id: string }) => Id)).size).toBe(3)
  expect(entries[0]).toMatchObject({
    SchemaVersion: '2018-10-08',
    ProductArn: 'arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default',
    AwsAccountId: '111122223333',
    Workflow: { Status: 'NEW' }
  })
  expect(entries[0].Resources[0].Id).toBe(`arn:aws:ec2:eu-west-1:111122223333:instance/${hosts[0]}`)
  expect(entries[2]).toMatchObject({
    Resources: [{ Type: 'Other', Id: 'mi-1' }],
    Workflow: { Status: 'SUPPRESSED' }
  })
  for (const entry of entries)
    for (const key of [
      'Id',
      'GeneratorId',
      'Types',
      'CreatedAt',
      'UpdatedAt',
      'Severity',
      'Title',
      'Description'
    ])
      expect(entry[key]).toBeTruthy()
})

test('the timeline has every time in the rows of findings, in order', () => {
  const sample = report(
    [host('i-1')],
    [
      finding('a', {
        rows: [
          row('programs', { path: '/x', start_time: '1764000000' }),
          row('files', { path: '/y', mtime: '1763000000', size: '9' })
        ]
      })
    ]
  )
  expect(
    lines(MORE_FORMATS.timeline.render(sample)).map(({ datetime, timestamp_desc }) => [
      datetime,
      timestamp_desc
    ])
  ).toEqual([
    ['2025-11-13T02:13:20.000Z', 'Content modified (as the host claims)'],
    ['2025-11-24T16:00:00.000Z', 'Process started (as the host claims)']
  ])
})
