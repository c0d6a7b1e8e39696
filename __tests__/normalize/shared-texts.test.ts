import { expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import { readFleet } from '../../src/normalize/fleet.ts'
import type { HostFacts, HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { facts, host, hostId, query } from '../support/fleets.ts'

const QUERIES = [query('hosts', ['address', 'hostnames']), query('outbound', ['process', 'remote_address'])]

interface Claims {
  readonly facts?: Partial<HostFacts>
  readonly hosts?: Row[]
  readonly outbound?: Row[]
}

const nameOf = (at: number) => `web-${at}.acme.internal`
const line = (address: string, hostnames: string): Row => ({ address, hostnames })
const connection = (remote: string): Row => ({ process: 'app', remote_address: remote })

/** Twelve hosts that list themselves in /etc/hosts and ask one resolver; `odd` is the one that lies. */
function fleetWith(odd: Claims, others: Claims = {}): HostRecord[] {
  return Array.from({ length: 12 }, (_, at) => {
    const claims = at === 4 ? odd : others
    const own: HostFacts = {
      ...facts,
      hostname: nameOf(at),
      fqdn: nameOf(at),
      addresses: [`10.0.0.${at + 10}`],
      ...claims.facts
    }
    const rows = {
      hosts: [line('127.0.0.1', 'localhost'), ...(claims.hosts ?? [line(`10.0.0.${at + 10}`, nameOf(at))])],
      outbound: claims.outbound ?? [connection('10.0.0.2')]
    }
    return host(hostId(at), rows, { facts: own })
  })
}

const open = (hosts: readonly HostRecord[]) =>
  async function* () {
    yield* hosts
  }

/** The rows of one host that differ from those that most others have. */
async function oddRows(hosts: readonly HostRecord[], at = 4): Promise<string[]> {
  const fleet = await readFleet(QUERIES, open(hosts))
  const common = (id: number) =>
    fleet.hosts.filter(({ items }) => items.includes(id)).length * 2 > hosts.length
  const own = fleet.hosts[at]!.items
  return [...own].filter(id => !common(id)).map(id => fleet.items[id]!.values.join(' '))
}

test('hosts that list themselves are alike', async () => {
  for (let at = 0; at < 12; at++) expect(await oddRows(fleetWith({}), at)).toEqual([])
})

test.each<[string, Claims]>([
  [
    'the name of a mirror and an address on the Internet',
    {
      facts: {
        hostname: 'deb.mirror.example',
        fqdn: 'deb.mirror.example',
        addresses: ['203.0.113.66', '8.8.4.4']
      },
      hosts: [line('8.8.4.4', 'deb.mirror.example')]
    }
  ],
  [
    'an address on the Internet beside its own',
    { facts: { addresses: ['10.0.0.14', '8.8.4.4'] }, hosts: [line('8.8.4.4', nameOf(4))] }
  ],
  [
    'the name of a mirror, with its own address',
    {
      facts: { hostname: 'deb2.mirror.example', fqdn: 'deb2.mirror.example' },
      hosts: [line('10.0.0.14', 'deb2.mirror.example')]
    }
  ],
  [
    'the address of the resolver',
    { facts: { addresses: ['10.0.0.14', '10.0.0.2'] }, outbound: [connection('10.0.0.9')] }
  ]
])('a host that calls %s its own does not hide what differs', async (_, odd) => {
  expect(await oddRows(fleetWith(odd))).not.toEqual([])
})

test('what at least two other hosts say in a column stays as it is for the host that claims it', async () => {
  const claims = { facts: { addresses: ['10.0.0.14', '10.0.0.2'] } }
  expect(await oddRows(fleetWith(claims))).toEqual([])
})

test.each([
  'bash',
  'a',
  '-',
  '10',
  '10.0.0.2',
  'app',
  'app-1',
  'x86_64',
  'localhost',
  '',
  '__proto__',
  'constructor'
])('a host that calls itself %j hides nothing and changes nothing for others', async name => {
  const odd = {
    facts: { hostname: name, fqdn: name },
    outbound: [connection('10.0.0.2'), connection('10.9.9.9')]
  }
  expect(await oddRows(fleetWith(odd))).toContain('app 10.9.9.9')
  for (const at of [0, 3, 5]) expect(await oddRows(fleetWith(odd), at)).toEqual([])
})

test('one host cannot take the name or the address of another from it', async () => {
  const rows = Array.from({ length: 12 }, (_, at) => line(`10.0.0.${at + 10}`, nameOf(at)))
  const odd = { hosts: rows, outbound: rows.map(({ address }) => connection(address!)) }
  for (const at of [0, 3, 5]) expect(await oddRows(fleetWith(odd), at)).toEqual([])
  const thief = { facts: { hostname: nameOf(3), fqdn: nameOf(3), addresses: ['10.0.0.13'] } }
  expect(await oddRows(fleetWith(thief), 3)).toEqual([])
})

test('hosts that list each other are alike', async () => {
  const all = Array.from({ length: 12 }, (_, at) => line(`10.0.0.${at + 10}`, nameOf(at)))
  for (const at of [0, 4, 11])
    expect(await oddRows(fleetWith({ hosts: all }, { hosts: all }), at)).toEqual([])
})

test('the order of the hosts does not matter', async () => {
  const hosts = fleetWith({
    facts: { hostname: 'deb.mirror.example', fqdn: 'deb.mirror.example', addresses: ['8.8.4.4', '10.0.0.2'] },
    hosts: [line('8.8.4.4', 'deb.mirror.example')]
  })
  const itemsOf = async (order: readonly HostRecord[]) => {
    const fleet = await readFleet(QUERIES, open(order))
    return fleet.hosts.map(({ id, items }) => [id, [...items].map(item => fleet.items[item]!.values)])
  }
  expect(await itemsOf([...hosts].reverse())).toEqual(await itemsOf(hosts))
})

test('hosts with public addresses, and hosts without a common domain, are read as before', async () => {
  const named = (at: number) => ['mail.acme.example', 'www.other.example', 'db.third.example'][at % 3] ?? ''
  const hosts = fleetWith({}).map((record, at) => ({
    ...record,
    facts: {
      ...record.facts!,
      hostname: named(at),
      fqdn: `h${at}.${at}.example`,
      addresses: [`198.18.0.${at}`, `8.8.4.${at}`]
    },
    queries: {
      ...record.queries,
      hosts: { status: 'ok' as const, detail: null, rows: [line(`8.8.4.${at}`, `h${at}.${at}.example`)] }
    }
  }))
  for (const at of [0, 4, 11]) expect(await oddRows(hosts, at)).toEqual([])
})

test('the evidence shows the row of a host that calls the address of an attacker its own', async () => {
  const odd = {
    facts: { hostname: 'deb.mirror.example', fqdn: 'deb.mirror.example', addresses: ['8.8.4.4'] },
    hosts: [line('8.8.4.4', 'deb.mirror.example')]
  }
  const { findings } = await assess(
    { queries: QUERIES, baseline: null, indicators: [], today: '2026-09-30' },
    open(fleetWith(odd))
  )
  const rows = findings.flatMap(finding => finding.rows.map(({ row }) => row))
  expect(rows).toContainEqual(
    expect.objectContaining({ address: '8.8.4.4', hostnames: 'deb.mirror.example' })
  )
})
