import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { unknownQuery } from '../../../src/osquery/pack.ts'
import { collectFiles, rowsOf } from '../../support/files-collection.ts'
import { event, log } from '../../support/log-lines.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function write(path: string, content: string | Buffer, modified = 1_795_939_000): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
  await utimes(file, modified, modified)
}

const header = (rest: object = {}) => JSON.stringify({ fleetDriftSnapshot: 1, name: 'fleet', ...rest })
const hostLine = (host: string, collectedAt = '2026-11-29T08:00:00.000Z', user = 'root') =>
  JSON.stringify({
    host,
    status: 'reported',
    reason: null,
    unanswered: false,
    collectedAt,
    facts: null,
    queries: { users: { status: 'ok', detail: null, rows: [{ username: user }] } }
  })
const snapshot = (...lines: string[]) => [header(), ...lines, ''].join('\n')

describe('a snapshot', () => {
  test.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['gzip', (text: string) => gzipSync(text)],
    ['zstd', (text: string) => zstdCompressSync(text)],
    ['with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`)],
    ['with line ends of Windows', (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'))]
  ])('is read %s', async (_name, pack) => {
    await write('a', pack(snapshot(hostLine('i-1'), hostLine('i-2'))))
    const { hosts, notices, targeted } = await collectFiles(folder, ['a'])
    expect([...hosts.keys()]).toEqual(['i-1', 'i-2'])
    expect([notices, targeted]).toEqual([[], 0])
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync]
  ] as const)(
    'that is cut keeps every whole host before the cut, and says that more are lost (%s)',
    async (_name, pack) => {
      const lines = Array.from({ length: 4_000 }, (_, index) =>
        hostLine(`i-${index}`, undefined, `${Math.sin(index)}`)
      )
      const bytes = pack(snapshot(...lines))
      await write('a.ndjson.gz', bytes.subarray(0, Math.floor(bytes.length * 0.7)))
      const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
      expect(hosts.size).toBeGreaterThan(2_000)
      expect(hosts.size).toBeLessThan(4_000)
      expect(targeted).toBeGreaterThan(hosts.size)
      expect(notices.join('\n')).toMatch(/a\.ndjson\.gz, line [\d,]+: the compressed file ends in the middle/)
    }
  )

  test('with a broken line loses that host only', async () => {
    await write('a.ndjson', snapshot(hostLine('i-1'), hostLine('i-2').slice(0, -20), hostLine('i-3')))
    const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
    expect([...hosts.keys()]).toEqual(['i-1', 'i-3'])
    expect(targeted).toBe(3)
    expect(notices).toEqual(['files: a.ndjson, line 3: it is not a host record.'])
  })

  test('with broken rows loses that host only', async () => {
    const broken = hostLine('i-1').replace('[{"username"', '[{username')
    await write('a.ndjson', snapshot(broken, hostLine('i-2')))
    const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
    expect([...hosts.keys()]).toEqual(['i-2'])
    expect(targeted).toBe(2)
    expect(notices.join()).toMatch(/a\.ndjson, line 2: the rows of i-1 cannot be read/)
  })

  test('joined with another is read to its end', async () => {
    await write(
      'a.gz',
      Buffer.concat([gzipSync(snapshot(hostLine('i-1'))), gzipSync(snapshot(hostLine('i-2')))])
    )
    const { hosts, notices } = await collectFiles(folder, ['*'])
    expect([[...hosts.keys()], notices]).toEqual([['i-1', 'i-2'], []])
  })

  test.each([
    ['of another version', JSON.stringify({ fleetDriftSnapshot: 2 })],
    ['that is broken', '{"fleetDriftSnapshot":1,']
  ])('with a header %s loses the hosts after it, up to the next header', async (_what, header) => {
    const joined = [header, hostLine('i-1'), hostLine('i-2'), snapshot(hostLine('i-3'))].join('\n')
    await write('a.ndjson', joined)
    const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
    expect([[...hosts.keys()], targeted]).toEqual([['i-3'], 3])
    expect(notices.join()).toMatch(
      /line 1: it is not a snapshot header that this version knows: 2 hosts after it are not read/
    )
  })

  test('with nothing but a header that is not known costs coverage', async () => {
    await write('a.ndjson', JSON.stringify({ fleetDriftSnapshot: 2 }))
    await write('b.ndjson', snapshot(hostLine('i-1')))
    expect((await collectFiles(folder, ['*'])).targeted).toBe(2)
  })
})

describe('records of one host', () => {
  test.each([[['a', 'b']], [['b', 'a']]])(
    'the newest counts, and the report says so',
    async ([old = '', young = '']) => {
      await write(`${old}.ndjson`, snapshot(hostLine('i-1', '2026-11-29T08:00:00.000Z', 'old')))
      await write(`${young}.ndjson`, snapshot(hostLine('i-1', '2026-11-29T08:30:00.000Z', 'young')))
      const { hosts, notices } = await collectFiles(folder, ['*'])
      expect(rowsOf(hosts, 'i-1', 'users')).toEqual(['young'])
      expect(notices).toEqual(['files: there are several records of i-1; the newest of each host counts.'])
    }
  )

  test('may be of a snapshot and of a log', async () => {
    await write('a.ndjson', snapshot(hostLine('web-1', '2020-01-01T00:00:00.000Z', 'old')))
    await write('b.log', log(event({ username: 'new' })))
    const { hosts } = await collectFiles(folder, ['*'])
    expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['new'])
  })

  test('of different times are reported', async () => {
    await write('a.ndjson', snapshot(hostLine('i-1'), hostLine('i-2', '2026-11-27T08:00:00.000Z')))
    const { notices } = await collectFiles(folder, ['*'])
    expect(notices.join()).toMatch(/from i-2 \(2026-11-27T08:00Z\) to i-1 \(2026-11-29T08:00Z\)/)
  })
})

describe('a log', () => {
  test('with a broken line puts its query in doubt, and nothing else', async () => {
    await write(
      'a.log',
      log(
        event({ username: 'root' }),
        event({ username: 'eve' }).slice(0, -30),
        event({ n: '1' }, { name: 'mods' })
      )
    )
    const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
    expect(hosts.get('web-1')!.queries.users!.status).toBe('truncated')
    expect(rowsOf(hosts, 'web-1', 'mods')).toEqual(['1'])
    expect(hosts.get('web-1')!.status).toBe('partial')
    expect([notices, targeted]).toEqual([
      ['files: a.log, line 2: it is not valid JSON: it ends in the middle.'],
      0
    ])
  })

  test('with a line of no known host loses a host', async () => {
    await write('a.log', log(event({ username: 'root' }), '{"name":'))
    const { targeted, notices } = await collectFiles(folder, ['*'])
    expect(targeted).toBe(2)
    expect(notices).toEqual(['files: a.log, line 2: it is not valid JSON: it ends in the middle.'])
  })

  test.each(['name', 'hostIdentifier', 'unixTime', 'epoch', 'counter'])(
    'whose decorations have overwritten %s is refused by line',
    async field => {
      const { columns, action, ...fields } = JSON.parse(event({ username: 'root' }))
      // As osquery does it: the last field takes the place of the one that is removed.
      const keys = Object.keys(fields).filter(key => key !== field)
      const last = keys.pop() ?? ''
      keys.splice(Object.keys(fields).indexOf(field), 0, last)
      const line = Object.fromEntries([...keys.map(key => [key, fields[key]]), [field, 'x']])
      await write(
        'a.log',
        log(event({ username: 'root' }, { host: 'web-2' }), JSON.stringify({ ...line, columns, action }))
      )
      const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
      expect([...hosts.keys()]).toEqual(['web-2'])
      expect(targeted).toBe(2)
      expect(notices).toEqual([`files: a.log, line 2: a decoration has overwritten its field ${field}.`])
    }
  )

  test('whose decorations are at top level without harm is read', async () => {
    const { columns, action, ...fields } = JSON.parse(event({ username: 'root' }))
    await write('a.log', log(JSON.stringify({ ...fields, host_uuid: 'u', role: 'web', columns, action })))
    expect(rowsOf((await collectFiles(folder, ['*'])).hosts, 'web-1', 'users')).toEqual(['root'])
  })

  test('that begins at counter 1 began with an empty set', async () => {
    await write('a.log', log(event({ username: 'eve' }, { counter: 1 }), event({ n: '1' }, { name: 'mods' })))
    expect(rowsOf((await collectFiles(folder, ['*'])).hosts, 'web-1', 'users')).toEqual(['eve'])
  })

  test('with lost lines is not assessed, and is again after the next full set', async () => {
    const lines = [
      event({ username: 'a' }),
      event({ username: 'a' }, { counter: 1, time: 1_795_939_210, action: 'removed' }),
      event({ username: 'b' }, { counter: 3, time: 1_795_939_230 })
    ]
    await write('a.log', log(...lines))
    expect((await collectFiles(folder, ['*'])).hosts.get('web-1')!.queries.users!.status).toBe('truncated')
    await write('a.log', log(...lines, event({ username: 'c' }, { epoch: 1, time: 1_795_939_240 })))
    expect(rowsOf((await collectFiles(folder, ['*'])).hosts, 'web-1', 'users')).toEqual(['c'])
  })

  test('may write its removals behind what it adds', async () => {
    await write(
      'a.log',
      log(
        event({ username: 'a' }),
        event({ username: 'a' }, { counter: 1, time: 1_795_939_210 }),
        event({ username: 'a' }, { counter: 1, time: 1_795_939_210, action: 'removed' })
      )
    )
    expect(rowsOf((await collectFiles(folder, ['*'])).hosts, 'web-1', 'users')).toEqual(['a'])
  })

  test('may write its counters and values as text or as numbers', async () => {
    await write(
      'a.log',
      log(
        event({ pid: 1, ok: true, none: null }, { epoch: '0', counter: '0' }),
        event(
          { ok: 'true', pid: '1', none: '' },
          { epoch: '0', counter: '1', time: 1_795_939_210, action: 'removed' }
        )
      )
    )
    expect(rowsOf((await collectFiles(folder, ['*'])).hosts, 'web-1', 'users')).toEqual([])
  })

  test('that a shipper wrapped is read', async () => {
    const line = event({ username: 'root' })
    await write('a.log', log(JSON.stringify({ log: 'osquery', data: JSON.parse(line) })))
    await write(
      'b.log',
      log(JSON.stringify({ '@timestamp': 't', message: line.replaceAll('web-1', 'web-2') }))
    )
    const { hosts, notices } = await collectFiles(folder, ['*'])
    expect([[...hosts.keys()], notices]).toEqual([['web-1', 'web-2'], []])
  })

  test('that a shipper joined without line ends is read', async () => {
    await write('a.log', event({ username: 'root}{' }) + event({ username: 'eve' }, { host: 'web-2' }))
    const { hosts, notices } = await collectFiles(folder, ['*'])
    expect([[...hosts.keys()], notices]).toEqual([['web-1', 'web-2'], []])
  })

  test('that is there twice is read once', async () => {
    const lines = log(event({ username: 'a' }), event({ username: 'b' }, { counter: 1, time: 1_795_939_210 }))
    await write('a.log', lines)
    await write('backup/a.log', lines)
    const { hosts, notices } = await collectFiles(folder, ['**'])
    expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['a', 'b'])
    expect(notices).toEqual(['files: backup/a.log: it is a copy of another file.'])
  })

  test('names queries of packs as osqueryd does, and they are those of the packs of the run', async () => {
    await write(
      'a.log',
      log(event({ name: 'x' }, { name: 'pack_ours_mods' }), event({ name: 'y' }, { name: 'pack/ours/other' }))
    )
    const { hosts } = await collectFiles(folder, ['*'], {
      packs: [{ name: 'packs/ours.conf', sha256: '', queries: [unknownQuery('mods')] }]
    })
    expect(Object.keys(hosts.get('web-1')!.queries).sort()).toEqual(['mods', 'pack/ours/other'])
  })

  test('of a host that lacks what most hosts have leaves that host partial', async () => {
    const both = (host: string) => [event({ u: '1' }, { host }), event({ n: '1' }, { host, name: 'mods' })]
    await write('a.log', log(...both('web-1'), ...both('web-2'), event({ u: '1' }, { host: 'web-3' })))
    const { hosts } = await collectFiles(folder, ['*'])
    expect(hosts.get('web-3')!.queries.mods).toMatchObject({ status: 'failed', rows: [] })
    expect(hosts.get('web-1')!.status).toBe('reported')
  })
})

test('queries that only some hosts have lines of are named', async () => {
  const usual = ['web-1', 'web-2', 'web-3'].map(host => event({ u: '1' }, { host }))
  await write('a.log', log(...usual, event({ path: '/tmp/x' }, { host: 'web-2', name: 'hits' })))
  const { hosts, notices } = await collectFiles(folder, ['*'])
  expect(notices.join()).toMatch(/only some hosts have lines of hits\./)
  expect(hosts.get('web-1')!.queries.hits).toBeUndefined()
})

describe('other results', () => {
  test('dumps of osqueryi are read by host and query', async () => {
    await write('dumps/web-1/users.json', '[\n  {"username":"root"},\n  {"username":"eve"}\n]\n')
    await write('dumps/web-1/mods.json', '[\n\n]\n')
    await write('dumps/web-2/users.json', '[{"username":"root"}]')
    await write('dumps/web-3/users.json', '[\n  {\n    "username": "root"\n  }\n]\n')
    await write('dumps/web-4/users.json', '[{"username":"root"}]')
    const { hosts, notices } = await collectFiles(folder, ['dumps'])
    expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['eve', 'root'])
    expect(rowsOf(hosts, 'web-1', 'mods')).toEqual([])
    expect(rowsOf(hosts, 'web-2', 'users')).toEqual(['root'])
    expect(rowsOf(hosts, 'web-3', 'users')).toEqual(['root'])
    expect(rowsOf(hosts, 'web-4', 'users')).toEqual(['root'])
    expect(notices).toEqual([])
  })

  test('a cut dump, or one with an error, is not an answer', async () => {
    await write('web-1/users.json', '[\n  {"username":"root"},\n  {"userna')
    await write('web-2/units.json', 'E1129 07:48:59.457625 1 systemd_units.cpp:38] Failed: no bus\n[\n\n]\n')
    const { hosts, notices } = await collectFiles(folder, ['**'])
    expect(hosts.get('web-1')!.queries.users).toMatchObject({ status: 'truncated' })
    expect(hosts.get('web-2')!.queries.units).toMatchObject({ status: 'failed', detail: 'Failed: no bus' })
    expect(notices).toHaveLength(2)
  })

  test('lines of fleetctl query are read', async () => {
    await write(
      'users.json',
      log(
        JSON.stringify({ host: 'web-1', rows: [{ username: 'root', host_hostname: 'web-1' }] }),
        JSON.stringify({ host: 'web-2', rows: [] }),
        JSON.stringify({ host: 'web-3', rows: null, error: 'no such table: users' })
      )
    )
    const { hosts } = await collectFiles(folder, ['*'])
    expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['root'])
    expect(rowsOf(hosts, 'web-2', 'users')).toEqual([])
    expect(hosts.get('web-3')!.queries.users).toMatchObject({
      status: 'failed',
      detail: 'no such table: users'
    })
  })

  test.each([false, true])('reports of Fleet are read, clipped: %s', async report_clipped => {
    const result = (host_id: number, host_name: string, username: string) => ({
      host_id,
      host_name,
      last_fetched: '2026-11-29T08:00:00Z',
      columns: { username }
    })
    const results = [
      result(1, 'web-1', 'root'),
      result(1, 'web-1', 'eve'),
      result(2, 'dup', 'root'),
      result(3, 'dup', 'root')
    ]
    await write('users.json', JSON.stringify({ query_id: 31, report_clipped, results }, null, 2))
    const { hosts } = await collectFiles(folder, ['*'])
    expect([...hosts.keys()]).toEqual(['web-1', 'dup (2)', 'dup (3)'])
    expect(hosts.get('web-1')!.queries.users).toMatchObject({ status: report_clipped ? 'truncated' : 'ok' })
    expect(hosts.get('web-1')!.collectedAt).toBe('2026-11-29T08:00:00.000Z')
  })
})

describe('a file', () => {
  test.each([
    ['in UTF-16', Buffer.from('\ufeff{}', 'utf16le'), /UTF-16; save it as UTF-8/],
    ['that is a ZIP archive', Buffer.from('PK\x03\x04rest'), /a ZIP archive; unpack it first/],
    ['that is no text', Buffer.from([1, 2, 0, 4]), /not a text file/],
    ['that is empty', Buffer.from(''), /it is empty/],
    ['of another kind', Buffer.from('hello\nworld\n'), /neither a snapshot, nor a result log/],
    ['of JSON of another kind', Buffer.from('{"a":1}'), /not a result of osquery/]
  ])('%s is named, and loses only itself', async (_name, bytes, message) => {
    await write('a.json', bytes)
    await write('b.ndjson', snapshot(hostLine('i-1')))
    const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
    expect([...hosts.keys()]).toEqual(['i-1'])
    expect(targeted).toBe(2)
    expect(notices.join()).toMatch(message)
    expect(notices.join()).toContain('a.json')
    await rm(join(folder, 'b.ndjson'))
    await expect(collectFiles(folder, ['*'])).rejects.toThrow(message)
  })

  test('in a folder of a pattern is read, and is read once', async () => {
    await write('logs/2026/a.ndjson', snapshot(hostLine('i-1')))
    const { hosts, notices } = await collectFiles(folder, ['logs', 'logs/**', 'logs/2026/*'])
    expect([[...hosts.keys()], notices]).toEqual([['i-1'], []])
  })

  test('in a folder that is linked into itself is read once', async () => {
    await write('logs/a.ndjson', snapshot(hostLine('i-1')))
    await symlink(join(folder, 'logs'), join(folder, 'logs/again'))
    await symlink(join(folder, 'logs/a.ndjson'), join(folder, 'logs/newest.ndjson'))
    const { hosts, notices } = await collectFiles(folder, ['logs'])
    expect([[...hosts.keys()], notices]).toEqual([['i-1'], []])
  })

  test('that no pattern matches ends the run', async () => {
    await expect(collectFiles(folder, ['none/*'])).rejects.toThrow(/none\/\* matches no file/)
  })
})

test('a host that is expected and in no file is silent', async () => {
  await write('a.ndjson', snapshot(hostLine('i-0123456789abcdef0')))
  const { hosts } = await collectFiles(folder, ['*'], {
    expected: 'i-0123456789abcdef0\ni-0123456789abcdef1'
  })
  expect(hosts.get('i-0123456789abcdef1')).toMatchObject({ status: 'silent', code: 'not-matched' })
})
