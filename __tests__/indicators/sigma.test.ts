import { describe, expect, test } from '@jest/globals'
import { compileIndicators } from '../../src/indicators/matcher.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { query } from '../support/fleets.ts'
import { indicatorsIn } from '../support/indicators.ts'

const rule = (detection: string, logsource = 'product: linux\n  category: process_creation') =>
  `title: A rule\nid: 1\nlogsource:\n  ${logsource}\ndetection:\n${detection}`

async function met(detection: string, row: Row): Promise<boolean> {
  const matches = compileIndicators(await indicatorsIn(rule(detection)))
  return matches(query('programs', null), row).length > 0
}

const row = (path: string, cmdline: string, parent_path = '/bin/sh') => ({ path, cmdline, parent_path })

describe('a rule of linux/process_creation', () => {
  const base = `
  selection:
    Image|endswith:
      - '/nc'
      - '/ncat'
    CommandLine|contains|all:
      - ' -e '
      - '/bin/*sh'
  filter:
    ParentImage: /usr/bin/known
  condition: selection and not filter`

  test.each([
    [row('/usr/bin/nc', 'NC -e /bin/bash'), true],
    [row('/usr/bin/nc', 'nc -l /bin/bash'), false],
    [row('/usr/bin/sync', 'x -e /bin/sh'), false],
    [row('/usr/bin/nc', 'nc -e /bin/bash', '/usr/bin/known'), false]
  ])('%o: %s', async (one, wanted) => {
    expect(await met(base, one)).toBe(wanted)
  })

  test.each([
    ['1 of a_*', true],
    ['all of a_*', false],
    ['(a_1 or a_2) and not b', true],
    ['1 of them', true],
    ['all of them', false]
  ])('the condition "%s"', async (condition, wanted) => {
    const detection = `
  a_1:
    CommandLine|startswith: curl
  a_2:
    CommandLine|re: '^wget\\s'
  b:
    Image: '/opt/?url'
  condition: ${condition}`
    expect(await met(detection, row('/usr/bin/curl', 'curl http://x'))).toBe(wanted)
  })

  test('a list of maps means any of them', async () => {
    const detection = '\n  s:\n    - Image: /a\n    - CommandLine|contains: evil\n  condition: s'
    expect(await met(detection, row('/b', 'an evil one'))).toBe(true)
  })
})

describe('what is not understood is refused', () => {
  test.each([
    ['\n  s:\n    Image|base64: x\n  condition: s', 'the modifier base64'],
    ['\n  s:\n    Image: x\n  condition: s | count() > 5', 'in the condition is not understood'],
    ['\n  s:\n    Image: x\n  condition: t', 'names t, which is not a selection'],
    ['\n  s:\n    Image: x\n  timeframe: 5m\n  condition: s', 'a timeframe']
  ])('%s', async (detection, problem) => {
    await expect(met(detection, row('/a', ''))).rejects.toThrow(problem)
  })
})

test('a rule about anything but processes of Linux is not looked for, and says so', async () => {
  const text = rule('\n  s:\n    EventID: 1\n  condition: s', 'product: windows\n  service: security')
  expect((await indicatorsIn(text))[0]?.pattern).toMatchObject({
    kind: 'other',
    type: 'Sigma rule of windows/security'
  })
})

test('a rule about a field that no row of processes has is not looked for, and says so', async () => {
  const [indicator] = await indicatorsIn(rule('\n  s:\n    LogonId: 0\n    Image: /a\n  condition: s'))
  expect(indicator?.pattern).toMatchObject({
    kind: 'other',
    type: 'Sigma rule of linux/process_creation with the field LogonId'
  })
})

test('a rule that is refused is named', async () => {
  const text = rule('\n  s:\n    Image|base64: x\n  condition: s')
  await expect(indicatorsIn(text)).rejects.toThrow(/"Sigma: .+": the modifier base64/)
})

test('several rules in one file are several indicators', async () => {
  const one = rule('\n  s:\n    Image: /a\n  condition: s')
  expect(
    await indicatorsIn('rules.yml', { 'rules.yml': `${one}\n---\n${one.replace('id: 1', 'id: 2')}` })
  ).toHaveLength(2)
})
