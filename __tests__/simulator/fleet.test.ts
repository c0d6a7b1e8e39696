import { expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'

test.each([
  ['sick', 11],
  ['garbage', 12],
  ['healthy', 4]
] as const)('a fleet that is %s needs %d hosts, and says so', (scenario, hostCount) => {
  expect(makeFleet({ scenario, hostCount }).hosts).toHaveLength(hostCount)
  for (const fewer of [hostCount - 1, 0, Number.NaN])
    expect(() => makeFleet({ scenario, hostCount: fewer })).toThrow(
      `The scenario ${scenario} needs at least ${hostCount} hosts.`
    )
})
