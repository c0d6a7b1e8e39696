import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { collectFiles, type FilesCollection, rowsOf } from '../../support/files-collection.ts'

const LOGS = join(import.meta.dirname, '../../support/osqueryd-logs')

const read = (...patterns: string[]) => collectFiles(LOGS, patterns)
const statusOf = ({ hosts }: FilesCollection, query: string) => hosts.get('web-01')!.queries[query]?.status

const ODD_NAMES = 13

describe.each(['event', 'batch', 'numerics'])('a log in %s format', kind => {
  test('gives the rows that the host had in the end', async () => {
    const { hosts, targeted, notices } = await read(kind)
    const rows = (query: string) => rowsOf(hosts, 'web-01', query)
    expect([...hosts.keys()]).toEqual(['web-01'])
    expect(rows('files')).toEqual(['/srv/demo/b.txt 6', '/srv/demo/c.txt 5'])
    expect(rows('files_snap')).toEqual(rows('files'))
    expect(rows('users')).toEqual(['/bin/bash 0 root', '/bin/bash 1001 ana', '/usr/sbin/nologin 1 daemon'])
    expect(rows('pack_base_users')).toEqual(['ana', 'daemon', 'root'])
    expect(rows('pack_snap pack_u')).toEqual(rows('pack_base_users'))
    expect(rows('procs')).toEqual(['fd-one 300 sleep'])
    expect(rows('pack_base_with space/slash')).toEqual(['1'])
    expect(rows('empty_snap')).toEqual([])
    expect([targeted, notices]).toEqual([0, []])
  })

  test('counts equal rows one by one', async () => {
    const { hosts } = await read(kind)
    expect(rowsOf(hosts, 'web-01', 'twice')).toEqual([
      '/srv/demo/b.txt',
      '/srv/demo/b.txt',
      '/srv/demo/c.txt',
      '/srv/demo/c.txt'
    ])
  })

  test('gives the same values whether they are numbers or text', async () => {
    const { hosts } = await read(kind)
    const types = hosts.get('web-01')!.queries.types!.rows
    expect(types).toEqual([
      {
        abc: 'ABC',
        b: '',
        e: '',
        i: '1',
        i64: '9007199254740993',
        n: '',
        num_text: '007',
        r: '1.5',
        whole: '2.0'
      }
    ])
    expect(hosts.get('web-01')!.queries.reals!.rows).toEqual([{ big: '1e+20.0', f: '0.3', z: '-0.0' }])
  })

  test('keeps names that are hard to write', async () => {
    const { hosts } = await read(kind)
    const names = rowsOf(hosts, 'web-01', 'odd')
    expect(new Set(names).size).toBe(ODD_NAMES)
    expect(names).toContain('/srv/odd/new\\x0Aline')
    expect(names).toContain('/srv/odd/中文')
    expect(rowsOf(hosts, 'web-01', 'odd_snap')).toContain('/srv/odd/new\nline')
    expect(rowsOf(hosts, 'web-01', 'odd_snap')).toHaveLength(ODD_NAMES)
  })

  test('does not assess a query whose log says only what was added', async () => {
    const collection = await read(kind)
    expect(statusOf(collection, 'added_only')).toBe('failed')
    expect(collection.hosts.get('web-01')!.status).toBe('partial')
  })

  test('has nothing of queries that fail', async () => {
    const collection = await read(kind)
    expect(statusOf(collection, 'fails')).toBeUndefined()
    expect(statusOf(collection, 'no_constraint')).toBeUndefined()
  })
})

test('in batch format, an empty first set is an answer', async () => {
  const { hosts } = await read('batch')
  expect(rowsOf(hosts, 'web-01', 'empty')).toEqual([])
})

test('in snapshot-event format, the newest lines of equal time are the rows', async () => {
  const { hosts } = await read('snapshot-event')
  const rows = (query: string) => rowsOf(hosts, 'web-01', query)
  expect(rows('files_snap')).toEqual(['/srv/demo/b.txt 6', '/srv/demo/c.txt 5'])
  expect(rows('pack_snap pack_u')).toHaveLength(3)
  expect(rows('odd_snap')).toHaveLength(ODD_NAMES)
  expect(rows('types_snap')).toHaveLength(1)
  expect(hosts.get('web-01')!.queries.empty_snap).toBeUndefined()
})

test('decorations never rename a host or a query', async () => {
  const { hosts } = await read('decorations')
  expect([...hosts.keys()]).toEqual(['web-01'])
  expect(rowsOf(hosts, 'web-01', 'files')).toEqual(['/srv/demo/b.txt 6', '/srv/demo/c.txt 5'])
  expect(rowsOf(hosts, 'web-01', 'pack_base_users')).toHaveLength(3)
})

test('decorations that begin later change nothing', async () => {
  const { hosts } = await read('decorations-plain')
  expect(rowsOf(hosts, 'web-01', 'files')).toEqual(['/srv/demo/a.txt 3', '/srv/demo/b.txt 3'])
})

test('a restart goes on, a new epoch or a lost database begins anew', async () => {
  const collection = await read('restart')
  expect(rowsOf(collection.hosts, 'web-01', 'files')).toEqual(['/srv/demo/b.txt 3', '/srv/demo/e.txt 2'])
  expect(rowsOf(collection.hosts, 'web-01', 'later')).toEqual([])
  expect(statusOf(collection, 'added_only')).toBe('failed')
})

test('changed SQL replaces the rows, and a query that became a snapshot is the snapshot', async () => {
  const { hosts } = await read('query-changed')
  expect(rowsOf(hosts, 'web-01', 'files')).toEqual(['/srv/demo/b.txt 3', '/srv/demo/n.txt 1'])
  expect(rowsOf(hosts, 'web-01', 'other')).toEqual(['1'])
})

test.each([
  ['hostname', 'web-01'],
  ['bogus', 'web-01'],
  ['specified-without-value', 'web-01'],
  ['specified', 'asset-0042'],
  ['instance', '0534f2bc-5e02-49aa-9e3b-00cded8e314a'],
  ['uuid', '5e1f0a3c-2222-4333-8444-555555555555']
])('a host is named as its logs name it (%s)', async (name, host) => {
  const { hosts } = await read(`host-identifier/${name}.log`)
  expect([...hosts.keys()]).toEqual([host])
  expect(rowsOf(hosts, host, 'one')).toEqual(['1'])
})

test('an ephemeral identifier makes two hosts of one', async () => {
  const { hosts } = await read('host-identifier/ephemeral.log')
  expect(hosts.size).toBe(2)
})

test.each([
  ['underscore', 'pack_a_b'],
  ['slash', 'pack/a/b']
])('queries of packs keep their names (%s)', async (file, name) => {
  const { hosts } = await read(`pack-delimiter/${file}.log`)
  expect(rowsOf(hosts, 'web-01', name)).toEqual(['2'])
  expect(rowsOf(hosts, 'web-01', 'one')).toEqual(['5'])
  expect(rowsOf(hosts, 'web-01', 'm')).toEqual(['6'])
})

test('rotated logs are read oldest first, and a set that began before them is not assessed', async () => {
  const collection = await read('rotated/*')
  expect(rowsOf(collection.hosts, 'web-01', 'snap')).toHaveLength(16)
  expect(statusOf(collection, 'files')).toBe('truncated')
})

test('events are no state', async () => {
  const collection = await read('events')
  expect(statusOf(collection, 'changes')).toBe('failed')
  expect(rowsOf(collection.hosts, 'web-01', 'changes_all')).toEqual([])
})

test('old rows of a query that wrote nothing after a lost database are not its answer', async () => {
  const collection = await read('reset-empty-event')
  expect(rowsOf(collection.hosts, 'web-01', 'files')).toEqual(['/srv/demo/a.txt 3', '/srv/demo/b.txt 3'])
  expect(statusOf(collection, 'dropped')).toBe('failed')
})

test('odd statements give what osqueryd wrote', async () => {
  const { hosts } = await read('odd-sql')
  const rows = (query: string) => rowsOf(hosts, 'web-01', query)
  expect(rows('two')).toEqual(['1', '2'])
  expect(rows('dup')).toEqual(['2'])
  expect(rows('bind')).toEqual([''])
  expect(rows('empty_name')).toEqual(['1'])
})

test('status logs are skipped, also if a folder has nothing else to say', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'status-'))
  try {
    await copyFile(join(LOGS, 'event/osqueryd.INFO.log'), join(folder, 'osqueryd.INFO'))
    await copyFile(join(LOGS, 'event/osqueryd.results.log'), join(folder, 'osqueryd.results.log'))
    const { hosts, notices } = await collectFiles(folder, ['*'])
    expect([...hosts.keys()]).toEqual(['web-01'])
    expect(notices).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})
