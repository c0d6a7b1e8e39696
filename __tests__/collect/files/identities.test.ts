import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { collectFiles, rowsOf } from '../../support/files-collection.ts'
import { event, log } from '../../support/log-lines.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'identities-'))
})

afterEach(() => rm(folder, { recursive: true }))

const START = 1_795_939_200
const write = (path: string, ...lines: string[]) => writeFile(join(folder, path), log(...lines))
const decorated = (host_uuid: string) => ({ host_uuid, hostname: 'web' })
const snapshot = (time: number, rows: readonly object[], decorations?: object) =>
  JSON.stringify({
    snapshot: rows,
    action: 'snapshot',
    name: 'mods',
    hostIdentifier: 'web-1',
    unixTime: time,
    epoch: 0,
    counter: 0,
    numerics: false,
    ...(decorations === undefined ? {} : { decorations })
  })

test('two machines of one name are two hosts, whatever the order of their lines', async () => {
  const [a, b] = [decorated('A'), decorated('B')]
  await write(
    'a.log',
    event({ u: 'ana' }, { decorations: a }),
    event({ u: 'bob' }, { decorations: b, time: START + 1 }),
    snapshot(START + 2, [{ m: 'rootkit' }], a),
    snapshot(START + 3, [], b),
    event({ u: 'bob' }, { decorations: b, time: START + 9, counter: 1, action: 'removed' })
  )
  const { hosts, notices } = await collectFiles(folder, ['*'])
  expect([...hosts.keys()].sort()).toEqual(['web-1 (A)', 'web-1 (B)'])
  expect(rowsOf(hosts, 'web-1 (A)', 'users')).toEqual(['ana'])
  expect(rowsOf(hosts, 'web-1 (A)', 'mods')).toEqual(['rootkit'])
  expect(rowsOf(hosts, 'web-1 (B)', 'users')).toEqual([])
  expect(notices).toEqual([
    'files: several hosts call themselves web-1; what their decorations call them is behind the name.'
  ])
})

test('lines without the decoration belong to the host that the others name', async () => {
  await write(
    'a.log',
    event({ u: 'ana' }),
    event({ u: 'eve' }, { decorations: decorated('A'), counter: 1, time: START + 60 })
  )
  const { hosts, notices } = await collectFiles(folder, ['*'])
  expect([rowsOf(hosts, 'web-1', 'users'), notices]).toEqual([['ana', 'eve'], []])
})

test('a host that got another name does not lose its earlier rows in silence', async () => {
  const decorations = decorated('A')
  await write(
    'a.log',
    event({ u: 'ana' }, { host: 'old', decorations }),
    event({ u: 'eve' }, { host: 'new', decorations, counter: 1, time: START + 60 })
  )
  const { hosts, notices } = await collectFiles(folder, ['*'])
  expect(hosts.get('new')!.queries.users).toMatchObject({ status: 'truncated' })
  expect(notices).toEqual([
    'files: decorations call new and old the same machine: it has got another name, or is a copy of the other.'
  ])
})

test('an epoch of 64 bits counts', async () => {
  const epoch = '18446744073709551615'
  const late = event({ u: 'eve' }, { epoch, counter: 0, time: START + 9 })
  await write('a.log', event({ u: 'ana' }), late, late.replace(`"${epoch}"`, epoch))
  const { hosts } = await collectFiles(folder, ['*'])
  expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['eve', 'eve'])
})

test('snapshots that stopped are not what the host has now', async () => {
  const hour = 60 * 60
  await write(
    'a.log',
    snapshot(START, [{ m: 'a' }]),
    snapshot(START + hour, [{ m: 'a' }]),
    event({ u: 'ana' }, { time: START + 3 * hour })
  )
  const regular = await collectFiles(folder, ['*'])
  expect(rowsOf(regular.hosts, 'web-1', 'mods')).toEqual(['a'])
  await write('b.log', event({ u: 'eve' }, { time: START + 9 * hour, counter: 1 }))
  const { hosts } = await collectFiles(folder, ['*'])
  expect(hosts.get('web-1')!.queries.mods).toMatchObject({
    status: 'truncated',
    detail: 'its last snapshot is much older than other results of the host'
  })
})

test('in snapshot-event format, rows that stopped may be an answer without rows', async () => {
  const row = (time: number) => event({ m: 'a' }, { name: 'mods', action: 'snapshot', time })
  await write('a.log', row(START), row(START + 10), event({ u: 'ana' }, { time: START + 60 }))
  const { hosts } = await collectFiles(folder, ['*'])
  expect(hosts.get('web-1')!.queries.mods).toMatchObject({ status: 'truncated' })
})

test('a row that is not an object of values is named with its line', async () => {
  await write('a.log', event({ u: 'ana' }), event({ u: { nested: '1' } }, { counter: 1, time: START + 9 }))
  const { hosts, notices } = await collectFiles(folder, ['*'])
  expect(hosts.get('web-1')!.queries.users).toMatchObject({ status: 'truncated' })
  expect(notices).toEqual(['files: a.log, line 2: it has a row that is not an object of values.'])
})
