import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { collectFiles, rowsOf } from '../../support/files-collection.ts'
import { event, log } from '../../support/log-lines.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shippers-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function write(path: string, content: string | Buffer): Promise<void> {
  const file = join(folder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
}

const line = event({ username: 'eve' })
const value = JSON.parse(line)

describe('a result is read', () => {
  test.each([
    ['behind the head of syslog', `Nov 29 08:00:00 web-1 osqueryd[712]: ${line}`],
    ['behind the head of a container engine', `2026-11-29T08:00:00.1Z stdout F ${line}`],
    ['as a message of Filebeat', JSON.stringify({ host: { name: 'agent' }, message: line })],
    ['in fields of Filebeat', JSON.stringify({ '@timestamp': 't', osquery: { result: value } })],
    ['under the names of ECS', JSON.stringify({ osquery: { result: ecs() } })],
    ['in the original of an event', JSON.stringify({ event: { module: 'osquery', original: line } })],
    ['in an export of Splunk', JSON.stringify({ preview: false, result: { _raw: line } })],
    [
      'in an export of CloudWatch',
      JSON.stringify({ logGroup: 'g', logEvents: [{ id: '1', message: line }] })
    ],
    [
      'in a search of OpenSearch',
      JSON.stringify({ took: 1, hits: { hits: [{ _source: { message: line } }] } })
    ],
    ['in a list of records', JSON.stringify([{ log: 'osquery', data: value }])],
    ['as osqueryd posts it', JSON.stringify({ node_key: 'k', log_type: 'result', data: [value] })]
  ])('%s', async (_name, content) => {
    await write('a.log', log(content))
    const { hosts, notices, targeted } = await collectFiles(folder, ['*'])
    expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['eve'])
    expect([hosts.size, notices, targeted]).toEqual([1, [], 0])
  })

  test('in frames of zstd that were joined, and in those that follow a frame to skip', async () => {
    const second = event({ username: 'ana' }, { counter: 1, time: 1_795_939_210 })
    const skipped = Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9])
    await write(
      'a.log',
      Buffer.concat([skipped, zstdCompressSync(log(line)), skipped, zstdCompressSync(log(second))])
    )
    const { hosts, notices } = await collectFiles(folder, ['*'])
    expect([rowsOf(hosts, 'web-1', 'users'), notices]).toEqual([['ana', 'eve'], []])
  })

  function ecs(): object {
    return {
      name: 'users',
      action: 'added',
      host_identifier: 'web-1',
      unix_time: '1795939200',
      epoch: '0',
      counter: '0',
      columns: { username: 'eve' }
    }
  }
})

test.each([
  ['a list with one on each line', `[\n${line},\n${event({ username: 'ana' }, { host: 'web-2' })}\n]\n`],
  [
    'values on several lines, one after another',
    [line, event({ username: 'ana' }, { host: 'web-2' })]
      .map(text => JSON.stringify(JSON.parse(text), null, 2))
      .join('\n')
  ]
])('results are read from %s', async (_name, content) => {
  await write('a.json', content)
  const { hosts, notices } = await collectFiles(folder, ['*'])
  expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['eve'])
  expect([[...hosts.keys()], notices]).toEqual([['web-1', 'web-2'], []])
})

test('a row cannot be the result of another host', async () => {
  await write('web-2/plist.json', JSON.stringify([{ message: line, data: line }]))
  await write('web-3.json', JSON.stringify({ data: [{ message: line }] }))
  const { hosts } = await collectFiles(folder, ['**'])
  expect([...hosts.keys()].sort()).toEqual(['web-2', 'web-3'])
})

test('messages that osqueryd posts are no host', async () => {
  const status = { severity: 0, filename: 'a.cpp', line: 1, message: 'm', version: '5.23.0' }
  await write(
    'logs/status.log',
    log(JSON.stringify([status]), JSON.stringify({ log_type: 'status', data: [status] }))
  )
  await write('logs/a.log', log(line))
  const { hosts } = await collectFiles(folder, ['logs'])
  expect([...hosts.keys()]).toEqual(['web-1'])
})

test.each([
  ['an error before its empty list', 'Error: no such table: x\n[]\n'],
  ['an error behind it', '[]\nError: no such table: x\n'],
  ['an error and nothing else', 'Error: no such table: x\n'],
  [
    'an error among many messages',
    `${'I1129 08:00:00.1 1 init.cpp:1] hello\n'.repeat(50)}Error: no such table: x\n[]\n`
  ]
])('a dump with %s is not an empty answer', async (_name, content) => {
  await write('web-1/x.json', content)
  const { hosts, notices } = await collectFiles(folder, ['**'])
  expect(hosts.get('web-1')!.queries.x).toEqual({ status: 'failed', detail: 'no such table: x', rows: [] })
  expect(notices).toEqual(['files: web-1/x.json: no such table: x.'])
})

test('a dump on several lines with a warning keeps its rows, and is not a whole answer', async () => {
  const warning = 'W1129 08:00:00.1 1 virtual_table.cpp:980] The shell_history table returns data of one user'
  await write('web-1/x.json', `${warning}\n${JSON.stringify([{ a: '1' }], null, 2)}\n`)
  const { hosts } = await collectFiles(folder, ['**'])
  expect(hosts.get('web-1')!.queries.x).toMatchObject({
    status: 'truncated',
    detail: 'The shell_history table returns data of one user',
    rows: [{ a: '1' }]
  })
})

describe('a report of Fleet', () => {
  test('of one host names the host once', async () => {
    const results = [{ columns: { username: 'root' } }, { columns: { username: 'eve' } }]
    const report = { host_id: 3, host_name: 'web-1', query_id: 31, last_fetched: '2026-11-29T08:00:00Z' }
    await write('users.json', JSON.stringify({ ...report, report_clipped: false, results }))
    const { hosts } = await collectFiles(folder, ['*'])
    expect(rowsOf(hosts, 'web-1', 'users')).toEqual(['eve', 'root'])
    expect(hosts.get('web-1')!.collectedAt).toBe('2026-11-29T08:00:00.000Z')
  })

  test('that is clipped to nothing is named', async () => {
    await write('users.json', JSON.stringify({ query_id: 31, report_clipped: true, results: [] }))
    await expect(collectFiles(folder, ['*'])).rejects.toThrow(
      /users\.json, line 1: Fleet clipped its report.*\n.*has no rows, and so no hosts/
    )
  })
})

test('results of Diffy are as many queries as a host has results', async () => {
  const entry = (instance_id: string, stdout: readonly object[]) => ({
    instance_id,
    status: 'success',
    stdout
  })
  await write(
    'ports.json',
    JSON.stringify([entry('i-1', [{ port: '22' }]), entry('i-1', []), entry('i-2', [])])
  )
  const { hosts } = await collectFiles(folder, ['*'])
  expect(rowsOf(hosts, 'i-1', 'ports')).toEqual(['22'])
  expect(rowsOf(hosts, 'i-1', 'ports_2')).toEqual([])
})

test.each([
  ['BZh91AY&SY', 'compressed with bzip2'],
  ['\u00fd7zXZ', 'compressed with xz'],
  [`${'a/b.log'.padEnd(257, '\0')}ustar`, 'a TAR archive']
])('an archive is called what it is (%#)', async (start, name) => {
  await write('a', Buffer.from(start, 'latin1'))
  await expect(collectFiles(folder, ['*'])).rejects.toThrow(`files: a: it is ${name}; unpack it first.`)
})

test('folders without files end the run with that reason', async () => {
  await mkdir(join(folder, 'empty'))
  await expect(collectFiles(folder, ['*'])).rejects.toThrow(
    'files: the patterns match only folders without files.'
  )
})
