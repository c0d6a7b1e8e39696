import { expect, test } from '@jest/globals'
import { confirmedFacts } from '../../../src/collect/protocol/facts.ts'
import { facts } from '../../support/fleets.ts'

const claimed = {
  ...facts,
  hostname: 'IP-10-0-0-7',
  fqdn: 'ip-10-0-0-7.eu-west-1.compute.internal',
  addresses: ['10.0.0.7', 'fe80::1']
}
const agent = { computerName: 'ip-10-0-0-7.eu-west-1.compute.internal', address: '10.0.0.7' }

test('facts that SSM confirms, or knows nothing about, are kept', () => {
  expect(confirmedFacts(claimed, agent)).toEqual(claimed)
  expect(confirmedFacts(claimed, undefined)).toEqual(claimed)
  expect(confirmedFacts(claimed, { computerName: null, address: null })).toEqual(claimed)
})

test('a name that contradicts SSM masks nothing', () => {
  const confirmed = confirmedFacts({ ...claimed, hostname: 'cron-7', fqdn: null }, agent)
  expect(confirmed).toMatchObject({ hostname: null, fqdn: null, addresses: claimed.addresses })
})

test('addresses without the one that SSM knows mask nothing', () => {
  expect(confirmedFacts({ ...claimed, addresses: ['203.0.113.9'] }, agent)).toMatchObject({
    hostname: claimed.hostname,
    addresses: []
  })
})
