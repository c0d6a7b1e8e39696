import { expect, test } from '@jest/globals'
import type { ReasonCode } from '../../src/snapshot/reasons.ts'
import { runOverFiles, snapshotOf } from '../support/file-runs.ts'
import { fleet, hostId } from '../support/fleets.ts'

type Silence = readonly [at: number, code: ReasonCode | null, reason: string, unanswered?: boolean]

/** The findings about hosts that were silent for these reasons, in a fleet of 20. */
async function silentFindings(...silences: Silence[]) {
  const hosts = fleet(20, () => undefined).map((host, at) => {
    const silence = silences.find(([index]) => index === at)
    if (silence === undefined) return host
    const [, code, reason, unanswered = false] = silence
    return { ...host, status: 'silent' as const, facts: null, queries: {}, code, reason, unanswered }
  })
  const { report } = await runOverFiles({ files: await snapshotOf(hosts) })
  const findings: { id: string; kind: string; severity: string; hosts: string[]; explanation: string }[] =
    report.findings
  return findings.filter(({ kind }) => kind === 'silent')
}

test('the id of a silent finding depends on the code of its reason, not on its words', async () => {
  const [one] = await silentFindings([3, 'deadline', 'no answer within 600 s'])
  const [same] = await silentFindings([5, 'deadline', 'no answer within 300 s'])
  const [other] = await silentFindings([3, 'undeliverable', 'no answer within 600 s'])
  const [reached] = await silentFindings([3, 'deadline', 'no answer within 600 s', true])
  expect(same!.id).toBe(one!.id)
  expect(new Set([one!.id, other!.id, reached!.id]).size).toBe(3)
  expect([one!.severity, reached!.severity]).toEqual(['medium', 'high'])
})

test('hosts with one code are one finding, which has the most frequent reason and counts the others', async () => {
  const findings = await silentFindings(
    [3, 'command-failed', 'exit code 126'],
    [4, 'command-failed', 'exit code 1'],
    [5, 'command-failed', 'exit code 126']
  )
  expect(findings).toMatchObject([
    {
      hosts: [hostId(3), hostId(4), hostId(5)],
      explanation: '3 hosts were not assessed: exit code 126, or 1 other reason of this kind.'
    }
  ])
})

test('reasons without a code, as in old snapshots, are told apart by their words', async () => {
  expect(await silentFindings([3, null, 'offline'], [4, null, 'terminated'])).toHaveLength(2)
})
