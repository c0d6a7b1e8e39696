import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { assess } from '../../src/assess.ts'
import { fleetBuilder } from '../../src/normalize/fleet.ts'
import { bounded, substitute, substitutionsOf } from '../../src/normalize/placeholders.ts'
import { canonical, columnKind, foreignIdentity, maskFixed } from '../../src/normalize/rules.ts'
import { templateOf } from '../../src/normalize/template.ts'
import { facts, host, query } from '../support/fleets.ts'

const own = (value: string, rest: Partial<typeof facts>, program = false) =>
  substitute(value, substitutionsOf('i-0abc1234', { ...facts, ...rest }), program)

describe("a host's own facts", () => {
  test.each([
    ['web-17.example.com', { fqdn: 'web-17.example.com' }, '<host>'],
    ['log to web-17:514', { hostname: 'web-17' }, 'log to <host>:514'],
    ['bind 10.0.0.7', { addresses: ['10.0.0.7'] }, 'bind <ip>'],
    ['10.0.0.77', { addresses: ['10.0.0.7'] }, '10.0.0.77'],
    ['my-web-17-data', { hostname: 'web-17' }, 'my-web-17-data'],
    ['/var/i-0abc1234/x', {}, '/var/<instance-id>/x'],
    ['0a:1b:2c:3d:4e:5f', { macs: ['0a:1b:2c:3d:4e:5f'] }, '<mac>']
  ])('%s with %j is %s', (value, rest, expected) => {
    expect(own(value, rest)).toBe(expected)
  })

  test.each([
    ['a host that calls itself sshd', { hostname: 'sshd' }, 'sshd'],
    ['a host that is named after its version', { hostname: 'app-v2' }, 'app-v2'],
    ['a host that claims a program as its machine id', { machineId: '/usr/sbin/sshd' }, '/usr/sbin/sshd'],
    ['a host that calls itself localhost', { hostname: 'localhost.localdomain' }, 'localhost.localdomain'],
    ['a host that claims the loopback address', { addresses: ['127.0.0.1'] }, '127.0.0.1'],
    ['a host that claims the wildcard address', { addresses: ['0.0.0.0', '::'] }, '0.0.0.0']
  ])('%s masks nothing', (_name, rest, value) => {
    expect(own(value, rest)).toBe(value)
  })

  test("a host's facts never mask a program, a file or a port", () => {
    expect(own('/opt/implant-1/run', { hostname: 'implant-1' }, true)).toBe('/opt/implant-1/run')
    for (const column of ['path', 'parent_path', 'port', 'name', 'fragment_path'])
      expect(columnKind(column)).toBe('program')
  })
})

describe('fixed rules', () => {
  test.each([
    ['session-41.scope', 'session-<num>.scope'],
    ['user@1000.service', 'user@<num>.service'],
    ['run-u1234.service', 'run-<num>.service'],
    [
      '/tmp/systemd-private-0123456789abcdef0123456789abcdef-chrony.service-Ab12Cd/tmp',
      '/tmp/systemd-private-<hex>-chrony.service-<rand>/tmp'
    ],
    ['/pods/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0/x', '/pods/<uuid>/x'],
    [`/system.slice/docker-${'a1'.repeat(32)}.scope`, '/system.slice/docker-<hex>.scope'],
    ['/proc/1234/fd', '/proc/<num>/fd'],
    ['/run/user/1000/bus', '/run/user/<num>/bus'],
    ['user-1000.slice', 'user-<num>.slice'],
    ['/dev/pts/3', '/dev/pts/<num>'],
    ['/snap/core22/1722/bin', '/snap/core22/<num>/bin'],
    [`/var/lib/docker/overlay2/${'0a'.repeat(32)}/diff`, '/var/lib/docker/overlay2/<hex>/diff'],
    ['/tmp/evil', '/tmp/evil'],
    ['/usr/bin/python3.11', '/usr/bin/python3.11']
  ])('%s becomes %s', (value, expected) => {
    expect(maskFixed(value, 'text')).toBe(expected)
  })

  test('a digest is never masked', () => {
    expect(maskFixed('a1'.repeat(32), columnKind('sha256'))).toBe('a1'.repeat(32))
  })

  test('a literal placeholder cannot be forged', () => {
    expect(bounded('run-<num>.service')).toBe('run-\\<num>.service')
  })

  test('long values that differ after the length limit stay different', () => {
    const long = 'x'.repeat(10_000)
    expect(bounded(`${long}a`)).not.toBe(bounded(`${long}b`))
    expect(bounded(`${long}a`).length).toBeLessThan(4200)
  })

  test('a hostile value is cut before any rule is tried on it', () => {
    for (const piece of ['systemd-private-', '0-', 'a1', '/snap/a', 'run-u1', '<num', '1.1.']) {
      const value = bounded(piece.repeat(200_000 / piece.length))
      expect(maskFixed(value, 'text').length).toBeLessThan(10_000)
      expect(templateOf(value).length).toBeLessThan(10_000)
    }
  })
})

describe('one spelling for one thing', () => {
  test.each([
    ['path', '/bin/bash', '/usr/bin/bash'],
    ['fragment_path', '/lib/systemd/system/ssh.service', '/usr/lib/systemd/system/ssh.service'],
    ['path', '/usr/bin/bash', '/usr/bin/bash'],
    ['path', '/binary/x', '/binary/x'],
    ['command', '/bin/bash', '/bin/bash'],
    ['address', '::', '0.0.0.0'],
    ['local_address', '::1', '127.0.0.1'],
    ['address', '::ffff:10.0.0.1', '10.0.0.1'],
    ['address', 'constructor', 'constructor'],
    ['value', '::', '::']
  ])('%s %s is %s', (column, value, expected) => {
    expect(canonical(column, value)).toBe(expected)
  })

  test('applies to the rows of a baseline too', async () => {
    const ports = query('ports', ['address', 'port', 'path'])
    const rows = [['::', '9100', '/bin/node_exporter']]
    const baseline = {
      version: 1 as const,
      name: 'x',
      packs: {},
      queries: { ports: { columns: ['address', 'port', 'path'], required: rows, optional: [] } },
      accept: [],
      roles: {}
    }
    const question = { queries: [ports], baseline, indicators: [], today: '2026-01-01' }
    const both = ['0.0.0.0', '::'].map(address => ({ address, port: '9100', path: '/usr/bin/node_exporter' }))
    const { findings } = await assess(question, async function* () {
      for (const id of ['a', 'b', 'c']) yield host(id, { ports: both })
    })
    expect(findings).toEqual([])
  })
})

describe('templates', () => {
  test.each([
    ['/tmp/.X1a2B3c4', '/tmp/.Zq9w8E7r'],
    ['backup --seed 4711', 'backup --seed 99'],
    ['id deadbeef00', 'id 0123456789ab'],
    ['to 10.1.2.3', 'to 10.9.9.200']
  ])('%s and %s have one shape', (a, b) => {
    expect(templateOf(a)).toBe(templateOf(b))
  })

  test.each([
    ['22', '23'],
    ['app-v1', 'app-v2'],
    ['to 10.1.2.3', 'to 8.8.8.8'],
    ['/usr/bin/python3', '/usr/bin/python2']
  ])('%s and %s have different shapes', (a, b) => {
    expect(templateOf(a)).not.toBe(templateOf(b))
  })
})

describe('a fleet', () => {
  test('rows that differ only in volatile columns are one item', () => {
    const builder = fleetBuilder([query('p', ['path'])])
    builder.add(host('b', { p: [{ path: '/a', pid: '1' }] }))
    builder.add(
      host('a', {
        p: [
          { path: '/a', pid: '2' },
          { path: '/a', pid: '3' }
        ]
      })
    )
    const fleet = builder.finish()
    expect(fleet.items).toHaveLength(1)
    expect(fleet.hosts.map(one => [one.id, [...one.items]])).toEqual([
      ['a', [0]],
      ['b', [0]]
    ])
  })

  test('the columns of a foreign query are all except the volatile ones', () => {
    expect(foreignIdentity(['pid', 'path', 'name', 'start_time'])).toEqual(['name', 'path'])
    expect(foreignIdentity(['path', 'name', 'seen'], ['seen'])).toEqual(['name', 'path'])
  })

  test('a host that sends other columns to a foreign query changes nothing for the others', () => {
    const build = (odd: Record<string, string>[]) => {
      const builder = fleetBuilder([query('f', null)])
      for (const id of ['a', 'b', 'c']) builder.add(host(id, { f: [{ path: '/a', pid: id }] }))
      builder.add(host('0', { f: odd }))
      const { hosts, items } = builder.finish()
      return [...hosts[3]!.items].map(id => items[id])
    }
    expect(build([{ zzz: '1' }])).toEqual(build([]))
  })

  test('rows are one item only if each of their values is equal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 2, maxLength: 2 }),
        fc.array(fc.string(), { minLength: 2, maxLength: 2 }),
        (a, b) => {
          const builder = fleetBuilder([query('p', ['key', 'sha1'])])
          builder.add(host('a', { p: [a, b].map(([x, y]) => ({ key: x!, sha1: y! })) }))
          expect(builder.finish().items).toHaveLength(a[0] === b[0] && a[1] === b[1] ? 1 : 2)
        }
      )
    )
  })

  test('a host that is given twice counts once, and is reported', () => {
    const builder = fleetBuilder([query('p', ['path'])])
    builder.add(host('a', { p: [{ path: '/a' }] }))
    builder.add(host('a', { p: [] }))
    expect(builder.finish()).toMatchObject({ repeated: ['a'], hosts: [{ id: 'a' }] })
  })
})
