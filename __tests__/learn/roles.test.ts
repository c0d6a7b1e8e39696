import { describe, expect, test } from '@jest/globals'
import { parseBaseline } from '../../src/baseline/baseline.ts'
import { writeBaseline } from '../../src/baseline/write.ts'
import { learnBaseline } from '../../src/learn/learn.ts'
import { fleetBuilder } from '../../src/normalize/fleet.ts'
import type { Query } from '../../src/osquery/pack.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { host, query } from '../support/fleets.ts'

describe('the baseline of a group of several roles', () => {
  const QUERY = query('programs', ['path'])
  const roleFleet = (hosts: Record<string, string[]>, weight: Query['weight'] = 'normal') => {
    const builder = fleetBuilder([{ ...QUERY, weight }])
    for (const [id, paths] of Object.entries(hosts))
      builder.add(host(id, { programs: paths.map((path): Row => ({ path })) }))
    return builder.finish()
  }
  const group = (label: string, hosts: number[]) => ({
    label,
    hosts,
    reference: hosts,
    suspicious: new Map(),
    onlyOnSuspects: new Map(),
    exempt: new Map()
  })
  const input = { name: 'web', packs: {}, previous: null, acceptRare: false }
  const two = roleFleet({
    a1: ['/sshd', '/web'],
    a2: ['/sshd', '/web', '/x'],
    b1: ['/sshd', '/db'],
    b2: ['/sshd', '/db']
  })
  const roles = learnBaseline({
    ...input,
    fleet: two,
    groups: [group('web a', [0, 1]), group('db', [2, 3])]
  }).baseline

  test('has common rows under queries and the others under their role', () => {
    expect(roles.queries.programs).toEqual({ columns: ['path'], required: [['/sshd']], optional: [] })
    expect(roles.roles).toEqual({
      'web-a': { queries: { programs: { columns: ['path'], required: [['/web']], optional: [['/x']] } } },
      db: { queries: { programs: { columns: ['path'], required: [['/db']], optional: [] } } }
    })
    expect(parseBaseline('b', writeBaseline(roles))).toMatchObject({ roles: roles.roles })
  })

  test('keeps the labels of its roles, and the rows of a role without answers', () => {
    const fewer = roleFleet({ a1: ['/sshd', '/web', '/new'] })
    const { baseline, notices } = learnBaseline({
      ...input,
      fleet: fewer,
      groups: [group('other', [0])],
      previous: roles
    })
    expect(Object.keys(baseline.roles).sort()).toEqual(['db', 'web-a'])
    expect(baseline.roles.db).toEqual(roles.roles.db)
    expect(baseline.roles['web-a']?.queries.programs?.required.sort()).toEqual([['/new'], ['/web']])
    expect(notices).toEqual(['No clean host belongs to the role db: its rows are unchanged.'])
  })

  test('does not learn a row of an integrity table that fewer than half of the reference hosts have', () => {
    const fleet = roleFleet({ a1: ['/sshd'], a2: ['/sshd'], b1: ['/sshd', '/x'] }, 'integrity')
    const odd = { ...group('odd', [2]), reference: [0, 1, 2] }
    const { baseline, refused } = learnBaseline({ ...input, fleet, groups: [group('a', [0, 1]), odd] })
    expect(JSON.stringify(baseline)).not.toContain('/x')
    expect(refused).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/^only 1 of 3 clean hosts has it/) })
    ])
  })

  test('gives a new role its own label', () => {
    const three = roleFleet({ a1: ['/sshd', '/web'], b1: ['/sshd', '/db'], c1: ['/sshd', '/cache'] })
    const groups = [group('db', [2]), group('x', [1]), group('', [0])]
    const { baseline } = learnBaseline({ ...input, fleet: three, groups, previous: roles, acceptRare: true })
    expect(
      Object.entries(baseline.roles).map(([label, { queries }]) => [label, queries.programs?.required])
    ).toEqual(
      expect.arrayContaining([
        ['web-a', [['/web']]],
        ['db', [['/db']]],
        ['db-2', [['/cache']]]
      ])
    )
  })
})
