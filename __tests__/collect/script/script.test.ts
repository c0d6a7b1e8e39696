import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { getPriority } from 'node:os'
import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  chunkScript,
  collectorScript,
  dedupScript,
  encodeScript,
  lockedScript,
  removeScript
} from '../../../src/collect/script/build.ts'
import { collect, MISSING, NONCE, replaced, results, SHELLS } from '../../support/collector-runs.ts'

const SQL =
  "ECHO 'it''s' \"x\" `id` $(id) $HOME {{ssm:secret}} %s \\n \\\\ * ~\n\n  -- ÁÂÃÄÅÆÇÈ é\r\n\t; <&> !\n"
const QUERIES = {
  two: 'SELECT 1',
  empty: 'EMPTY',
  odd: 'ODD',
  syntax: 'SYNTAX',
  old: 'OLDERROR',
  half: 'HALF',
  warning: 'WARNING',
  table: 'NOTABLE',
  bus: 'BUS',
  partly: 'PARTLY',
  events: 'EVENTS',
  user: 'ONE-USER',
  cut: 'CUT',
  packages: 'PACKAGES',
  unread: 'UNREAD',
  wrapped: 'WRAPPED',
  chatty: 'CHATTY',
  banner: 'BANNER',
  nothing: 'NOTHING',
  memory: 'MEMORY',
  crash: 'CRASH',
  terminated: 'TERMINATED',
  killed: 'KILLED',
  comment: '-- ECHO',
  tabs: 'TABS',
  pairs: 'TWO-A-LINE',
  line: 'ONE-LINE',
  echo: SQL,
  last: 'SELECT 2'
}

describe.each(SHELLS)('in %s', shell => {
  let run: ReturnType<typeof collect>
  beforeAll(() => {
    run = collect(QUERIES, { shell })
  })

  test('every query has its own status and its rows as osquery printed them', () => {
    const queries = results(run.opened)
    const statuses = Object.entries(queries).map(([name, { status }]) => [name, status])
    expect(Object.fromEntries(statuses)).toEqual({
      two: 'ok',
      empty: 'ok',
      odd: 'ok',
      syntax: 'failed',
      old: 'failed',
      half: 'failed',
      warning: 'ok',
      table: 'unsupported',
      bus: 'failed',
      partly: 'incomplete',
      events: 'failed',
      user: 'incomplete',
      cut: 'failed',
      packages: 'failed',
      unread: 'failed',
      wrapped: 'failed',
      chatty: 'ok',
      banner: 'failed',
      nothing: 'failed',
      memory: 'failed',
      crash: 'failed',
      terminated: 'failed',
      killed: 'failed',
      comment: 'ok',
      tabs: 'ok',
      pairs: 'ok',
      line: 'ok',
      echo: 'ok',
      last: 'ok'
    })
    expect(queries.two?.rows).toEqual([{ a: '1' }, { a: '2' }])
    expect(queries.empty?.rows).toEqual([])
    expect(queries.odd?.rows).toEqual([{ a: 'it\'s "q" \\ $HOME `id` é \ufffd' }, { a: '{' }])
    expect(queries.half?.rows).toEqual([])
    expect(queries.syntax?.detail).toBe('Error: near "SYNTAX": syntax error')
    expect(run.opened.kind === 'answer' && run.opened.facts).toMatchObject({
      hostname: 'web-1',
      addresses: ['10.0.0.7'],
      os: 'Debian'
    })
    expect(run.left).toEqual([])
  })

  test("osquery's own words say why a query was not answered, or only in part", () => {
    const { bus, partly, events, user, killed, table } = results(run.opened)
    expect(bus).toEqual({
      status: 'failed',
      detail: 'Failed to generate the systemd unit list: no bus',
      rows: []
    })
    expect(partly).toEqual({ status: 'incomplete', detail: 'Unexpected error', rows: [{ a: '1' }] })
    expect(events?.detail).toBe('Table process_events is event-based but events are disabled')
    expect(user).toMatchObject({
      detail: expect.stringContaining('returns data based on the current user'),
      rows: [{ a: '1' }]
    })
    expect(killed?.detail).toBe('osquery was killed on the host')
    expect(table?.detail).toBe('Error: no such table: NOTABLE')
    const others = Object.entries(results(run.opened)).map(([name, { detail }]) => [name, detail])
    expect(Object.fromEntries(others)).toMatchObject({
      half: 'Error: Table file was queried without a required column in the WHERE clause',
      cut: 'its output was cut',
      packages:
        "osquery: error: parsing file '/var/lib/dpkg/status' near line 4667:⏎ end of file after field name 'garbage'",
      unread: 'Cannot read /etc/hosts size exceeds limit: 49 > 10',
      wrapped: 'sudo: a password is required',
      banner: 'it printed something other than a list of rows',
      nothing: 'it printed nothing',
      memory: "terminate called after throwing an instance of 'std::bad_alloc'",
      crash: 'osquery crashed (signal 11)',
      terminated: 'osquery was killed on the host'
    })
  })

  test('rows are counted in any layout', () => {
    const { tabs, pairs, line } = results(run.opened)
    expect(tabs).toEqual({ status: 'ok', detail: null, rows: [{ a: '1' }, { a: '{' }] })
    expect(pairs).toEqual({ status: 'ok', detail: null, rows: [{ a: '1' }, { a: '2' }, { a: '3' }] })
    expect(line).toEqual({ status: 'ok', detail: null, rows: [{ a: '1' }, { a: '2' }] })
  })

  test('SQL reaches osquery unchanged', () => {
    const [row] = results(run.opened).echo!.rows
    expect(Buffer.from(row!.hex!, 'hex').toString('utf8')).toBe(` ${SQL}`)
  })

  test('SQL that begins with a comment is not taken for an option', () => {
    const [row] = results(run.opened).comment!.rows
    expect(Buffer.from(row!.hex!, 'hex').toString('utf8')).toBe(' -- ECHO')
  })
})

test('osquery runs niced, with a private home, no input, and nothing of the configuration of the host', () => {
  const [row] = results(collect({ q: 'WHERE' }).opened).q!.rows
  expect(row).toEqual({
    home: expect.stringMatching(/\/temp\/fleet-drift\.\w{24}\.i-\w{17}$/),
    stdin: '0',
    args: '--config_path=/dev/null --flagfile=/dev/null --disable_extensions --read_max=268435456 --json',
    nice: String(Math.min(19, getPriority() + 10))
  })
})

test.each(SHELLS)('in %s, a query that hangs times out, and the next one runs', shell => {
  const queries = results(collect({ hang: 'HANG', next: 'SELECT 1' }, { shell, querySeconds: 2 }).opened)
  expect(queries).toMatchObject({ hang: { status: 'timeout' }, next: { status: 'ok' } })
})

test.each(SHELLS)('in %s without timeout and nice, a query that hangs times out too', shell => {
  const queries = results(
    collect(
      { hang: 'HANG', next: 'SELECT 1', bad: 'SYNTAX' },
      { shell, querySeconds: 2, path: replaced({ timeout: MISSING, nice: MISSING }) }
    ).opened
  )
  expect(queries).toMatchObject({
    hang: { status: 'timeout' },
    next: { status: 'ok' },
    bad: { status: 'failed' }
  })
})

test('queries for which no time is left are not run, and are reported so', () => {
  const { opened } = collect({ hang: 'HANG', next: 'SELECT 1' }, { budgetSeconds: 2 })
  const queries = results(opened)
  expect(queries).toMatchObject({
    hang: { status: 'timeout' },
    next: { status: 'timeout', detail: 'not run: the time for all queries was used up' }
  })
})

test('results beyond what a host may send are dropped, largest first, and are reported so', () => {
  const { opened, reply } = collect({ before: 'SELECT 1', noise: 'NOISE', after: 'SELECT 2' })
  const queries = results(opened)
  expect(reply.length).toBeLessThanOrEqual(23_999)
  expect(queries).toMatchObject({
    before: { status: 'ok' },
    noise: { status: 'truncated', rows: [] },
    after: { status: 'ok' }
  })
  expect(queries.noise?.detail).toMatch(/^131073 rows \(\d{7} bytes\) are more than a host may send$/)
})

test.each(SHELLS)('in %s, endless output is stopped', shell => {
  const queries = results(collect({ endless: 'ENDLESS', after: 'SELECT 1' }, { shell }).opened)
  expect(queries.endless).toMatchObject({ rows: [] })
  expect(['truncated', 'failed']).toContain(queries.endless?.status)
  expect(queries.after?.status).toBe('ok')
})

test.each(SHELLS)('in %s, a statement that ignores TERM costs no more than its limit', shell => {
  const run = { shell, querySeconds: 2, budgetSeconds: 60 }
  expect(results(collect({ stubborn: 'STUBBORN', next: 'SELECT 1' }, run).opened)).toMatchObject({
    stubborn: { status: 'timeout', detail: 'it ran longer than 2 s' },
    next: { status: 'ok' }
  })
})

test('commands are small, and neither SSM nor a shell interprets anything in them before the script runs', () => {
  const queries = Array.from({ length: 30 }, (_, at) => ({
    name: `q${at}`,
    sql: `SELECT {{ssm:x}} 'é' ${at}`
  }))
  const lines = encodeScript(collectorScript(queries, { nonce: NONCE, budgetSeconds: 60, querySeconds: 20 }))
  expect(lines.join('\n').length).toBeLessThan(10_000)
  expect(lines.join('\n')).toMatch(/^[ -~\n]+$/)
  expect(lines.join('\n')).not.toContain('{{')
})

test('packs that are too large for one command are rejected', () => {
  const sql = `SELECT '${randomBytes(60_000).toString('hex')}'`
  const script = collectorScript([{ name: 'q', sql }], { nonce: NONCE, budgetSeconds: 60, querySeconds: 20 })
  expect(() => encodeScript(script)).toThrow(
    /^packs: the queries make a command of \d+ bytes, and SSM accepts 90000; use fewer queries\.$/
  )
})

test('a script of more than 128 KiB, too long for one argument, still runs', () => {
  const queries = Object.fromEntries(
    Array.from({ length: 5 }, (_, at) => [`q${at}`, `SELECT ${at} -- ${'x'.repeat(40_000)}`])
  )
  expect(results(collect(queries).opened).q4?.status).toBe('ok')
})

test("a query cannot take the name of one of the collector's own queries", () => {
  const options = { nonce: NONCE, budgetSeconds: 60, querySeconds: 20 }
  expect(() => collectorScript([{ name: '_facts', sql: 'SELECT 1' }], options)).toThrow(
    'packs: the query name _facts is reserved; rename it.'
  )
})

const shellcheck = spawnSync('shellcheck', ['--version']).status === 0
;(shellcheck ? test : test.skip)(
  'shellcheck has no warnings about the scripts (where it is installed)',
  () => {
    const queries = [{ name: 'q', sql: "SELECT 'x'" }]
    const source = { arch: 'x86_64', url: 'https://example.com/o', sha256: 'a'.repeat(64) }
    for (const script of [
      collectorScript(queries, { nonce: NONCE, budgetSeconds: 60, querySeconds: 20, osquery: [source] }),
      chunkScript(NONCE, 1),
      dedupScript(NONCE, 'x'),
      removeScript(NONCE),
      lockedScript(queries, [])
    ]) {
      // ulimit -c and -v are not POSIX (where they are refused nothing is lost); the scripts share their variables
      // and functions.
      const checked = spawnSync(
        'shellcheck',
        ['-s', 'sh', '-S', 'warning', '-e', 'SC3045,SC2034,SC2154,SC2120', '-'],
        {
          input: script,
          encoding: 'utf8'
        }
      )
      expect(checked.stdout).toBe('')
    }
  }
)
