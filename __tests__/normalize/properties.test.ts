import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Fleet, fleetBuilder } from '../../src/normalize/fleet.ts'
import { templateOf } from '../../src/normalize/template.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { facts, host, hostId, query } from '../support/fleets.ts'

const QUERIES = [query('own', ['path', 'value']), query('foreign', null)]

const build = (hosts: readonly HostRecord[]): Fleet => {
  const builder = fleetBuilder(QUERIES)
  for (const one of hosts) builder.add(one)
  return builder.finish()
}

const text = fc.oneof(
  fc.constantFrom(
    '/usr/bin/a',
    '/bin/a',
    'NAME',
    'on NAME.example.com:443',
    '10.0.0.1',
    '::',
    '<host>',
    '',
    'x1'
  ),
  fc.string({ unit: 'binary', maxLength: 20 })
)
const row = fc.dictionary(
  fc.constantFrom('path', 'value', 'pid', 'address', '__proto__', 'constructor', 'other'),
  text,
  { noNullPrototype: false }
)
const hostsRows = fc.array(
  fc.record({ own: fc.array(row, { maxLength: 5 }), foreign: fc.array(row, { maxLength: 5 }) }),
  {
    minLength: 1,
    maxLength: 10
  }
)

/** Hosts of one fleet with the given names; the text NAME is replaced by a host's own name. */
function named(rows: readonly Record<string, Row[]>[], names: readonly string[]): HostRecord[] {
  return rows.map((queries, index) => {
    const name = names[index] ?? ''
    const own = Object.fromEntries(
      Object.entries(queries).map(([query, list]) => [
        query,
        list.map(one =>
          Object.fromEntries(
            Object.entries(one).map(([column, value]) => [
              column,
              column === 'value' ? value.replaceAll('NAME', () => name) : value
            ])
          )
        )
      ])
    )
    return host(hostId(index), own, { facts: { ...facts, hostname: name, fqdn: `${name}.example.com` } })
  })
}

describe('a fleet made comparable', () => {
  test('is the same whatever the order of its hosts and rows', () => {
    fc.assert(
      fc.property(hostsRows, fc.infiniteStream(fc.nat(1000)), (rows, draws) => {
        const shuffled = <T>(list: readonly T[]): T[] =>
          list
            .map(value => ({ value, key: draws.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ value }) => value)
        const hosts = rows.map((queries, index) => host(hostId(index), queries))
        const others = shuffled(
          rows.map((queries, index) =>
            host(hostId(index), { own: shuffled(queries.own), foreign: shuffled(queries.foreign) })
          )
        )
        expect(build(others)).toEqual(build(hosts))
      })
    )
  })

  test('is the same whatever the names of its hosts', () => {
    fc.assert(
      fc.property(hostsRows, rows => {
        const first = build(
          named(
            rows,
            rows.map((_, index) => `web-${index}`)
          )
        )
        const second = build(
          named(
            rows,
            rows.map((_, index) => `ip-10-0-0-${200 - index}`)
          )
        )
        expect(second.items).toEqual(first.items)
        expect(second.hosts.map(one => one.items)).toEqual(first.hosts.map(one => one.items))
      })
    )
  })

  test('numbers its items in the order of query and values, each on some host', () => {
    fc.assert(
      fc.property(hostsRows, rows => {
        const { items, hosts } = build(rows.map((queries, index) => host(hostId(index), queries)))
        const used = new Set(hosts.flatMap(one => [...one.items]))
        expect([...used].sort((a, b) => a - b)).toEqual([...items.keys()])
        for (const one of hosts) expect([...one.items]).toEqual([...new Set(one.items)].sort((a, b) => a - b))
        for (const [at, item] of items.entries()) {
          const last = items[at - 1]
          if (last === undefined || last.query !== item.query) continue
          expect(item.values.join('\0') >= last.values.join('\0')).toBe(true)
        }
      })
    )
  })

  test('can be built from any facts and rows', () => {
    fc.assert(
      fc.property(hostsRows, text, fc.array(text), text, (rows, name, addresses, id) => {
        const own = {
          ...facts,
          hostname: name,
          fqdn: name,
          addresses,
          macs: addresses,
          machineId: id,
          bootId: id
        }
        const fleet = build(rows.map((queries, index) => host(`${name}${index}`, queries, { facts: own })))
        for (const item of fleet.items) for (const value of item.values) templateOf(value)
      })
    )
  })
})
