import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { causesOf } from '../../src/analyze/score/causes.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { findingsOf } from '../support/findings.ts'
import { fleet, hostId } from '../support/fleets.ts'

interface Thing {
  readonly name: string
  readonly ties: readonly string[]
}

const namesOf = (things: readonly Thing[]) =>
  causesOf(things, ({ ties }) => ties).map(cause => cause.map(({ name }) => name).join(''))

describe('causes', () => {
  test('are what ties tie, directly or by others, in the order given', () => {
    expect(
      namesOf([
        { name: 'a', ties: ['x'] },
        { name: 'b', ties: [] },
        { name: 'c', ties: ['y'] },
        { name: 'd', ties: ['x', 'y'] },
        { name: 'e', ties: ['z'] }
      ])
    ).toEqual(['acd', 'b', 'e'])
  })

  test('hold each thing once; two that share a tie are in one', () => {
    const anyThing = fc.record({
      name: fc.string(),
      ties: fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 3 })
    })
    fc.assert(
      fc.property(fc.array(anyThing, { maxLength: 30 }), things => {
        const causes = causesOf(things, ({ ties }) => ties)
        expect(causes.flat()).toHaveLength(things.length)
        expect(new Set(causes.flat())).toEqual(new Set(things))
        for (const [at, one] of causes.entries())
          for (const other of causes.slice(at + 1)) {
            const ties = new Set(one.flatMap(thing => thing.ties))
            expect(other.flatMap(thing => thing.ties).filter(tie => ties.has(tie))).toEqual([])
          }
      })
    )
  })
})

describe('what meets on one host', () => {
  const after = (happens: (rows: Record<string, Row[]>) => void) =>
    findingsOf(fleet(40, (index, rows) => index === 5 && happens(rows)))
  /** Root runs it outside the folders of packages, on an open port: two rows of one bit. */
  const service = (rows: Record<string, Row[]>, name: string, port: string) => {
    const path = `/opt/${name}/bin/${name}`
    rows.ports!.push({ protocol: '6', port, path })
  }

  test('is high if one cause says enough', async () => {
    const findings = await after(rows => {
      rows.modules!.push({ name: 'qzhelper' })
      rows.cron!.push({ path: '/etc/cron.d/qzhelper', command: 'root /opt/qz/qzhelper' })
      service(rows, 'qzhelper', '4444')
    })
    expect(findings).toMatchObject([{ severity: 'high', hosts: [hostId(5)] }])
  })

  test('is medium, one finding with all rows, if its causes say little each', async () => {
    const findings = await after(rows => {
      rows.modules!.push({ name: 'abmodule' })
      service(rows, 'cdserver', '4444')
      rows.cron!.push({ path: '/etc/cron.d/efjob', command: 'root /opt/ef/efjob' })
    })
    expect(findings).toMatchObject([{ severity: 'medium', hosts: [hostId(5)] }])
    expect(findings[0]!.rows.map(({ query }) => query).sort()).toEqual(['cron', 'modules', 'ports'])
  })

  test.each([
    ['high', 'root /opt/ef/efjob'],
    ['medium', 'root /usr/bin/efjob']
  ])('is %s if unrelated rows say very much together, and a job runs %s', async (severity, command) => {
    const findings = await after(rows => {
      rows.programs!.push({ path: '/memfd:ab', username: 'root' })
      rows.ports!.push({ protocol: '6', port: '4444', path: '' })
      rows.modules!.push({ name: 'cdmodule' })
      rows.cron!.push({ path: '/etc/cron.d/efjob', command })
    })
    expect(findings).toMatchObject([{ severity, hosts: [hostId(5)] }])
  })
})
