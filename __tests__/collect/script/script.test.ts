import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { openReply } from '../../../src/collect/protocol/reply.ts'
import {
  chunkScript,
  collectorScript,
  dedupScript,
  encodeScript,
  lockedScript,
  removeScript
} from '../../../src/collect/script/build.ts'
import {
  collect,
  HOST,
  install,
  MISSING,
  NONCE,
  OSQUERYI,
  pathOf,
  prepare,
  replaced,
  results,
  SHELLS
} from '../../support/collector-runs.ts'
import { until } from '../../support/until.ts'

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

test('a host without osquery reports so', () => {
  const { opened, left } = collect(
    { q: 'SELECT 1' },
    { path: bin => replaced({})(bin).replace(`${bin}:`, '') }
  )
  expect(opened.kind).toBe('no-osquery')
  expect(left).toEqual([])
})

test('osqueryd -S is used where there is no osqueryi', () => {
  const { opened } = collect(
    { q: 'SELECT 1' },
    {
      prepare: folder => {
        const bin = join(folder, 'bin')
        install(join(bin, 'osqueryd'), `#!/bin/sh\n[ "$1" = -S ] && exec "${folder}/real" "$@"\n`)
        install(join(folder, 'real'), OSQUERYI)
        rmSync(join(bin, 'osqueryi'))
      }
    }
  )
  expect(results(opened).q?.status).toBe('ok')
})

const FETCHERS = {
  curl: '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nexec cp "$ARCHIVE" "$2"\n',
  wget: '#!/bin/sh\nwhile [ "$1" != -O ]; do shift; done\nexec cp "$ARCHIVE" "$2"\n'
}

/** A host without osquery, and an archive that holds it. */
function withoutOsquery(
  shell: string,
  fetcher: 'curl' | 'wget',
  bend: (archive: string) => void = () => {},
  inside: readonly string[] = []
) {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'))
  mkdirSync(join(folder, 'opt/osquery/bin'), { recursive: true })
  install(join(folder, 'opt/osquery/bin/osqueryd'), OSQUERYI)
  const archive = join(folder, 'osquery.tgz')
  execFileSync('tar', ['-czf', archive, '-C', folder, 'opt'])
  const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex')
  bend(archive)
  const arch = spawnSync('uname', ['-m'], { encoding: 'utf8' }).stdout.trim()
  const other = fetcher === 'curl' ? {} : { curl: MISSING }
  const few = replaced({ ...other, [fetcher]: FETCHERS[fetcher], tar: null })
  try {
    return collect(
      { q: 'SELECT 1', where: 'WHERE' },
      {
        shell,
        path: bin => few(bin).replace(`${bin}:`, ''),
        env: { ARCHIVE: archive },
        inside,
        osquery: [{ arch, url: 'https://example.com/osquery.tgz', sha256 }]
      }
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each(SHELLS)('in %s, osquery is fetched where the host has none, verified, run and removed', shell => {
  const { opened, left } = withoutOsquery(shell, 'curl')
  expect(results(opened).q?.rows).toEqual([{ a: '1' }, { a: '2' }])
  expect(results(opened).where?.rows[0]?.args).toBe(
    '-S --config_path=/dev/null --flagfile=/dev/null --disable_extensions --read_max=268435456'
  )
  expect(left).toEqual([])
})

test('an osquery with another digest is not run, and the host reports so', () => {
  const { opened, left } = withoutOsquery('sh', 'curl', archive => writeFileSync(archive, 'trojan'))
  expect(opened).toMatchObject({
    kind: 'no-osquery',
    failure: 'wrong-digest'
  })
  expect(left).toEqual([])
})

test('the host reports why osquery could not be fetched', () => {
  const gone = withoutOsquery('sh', 'curl', archive => rmSync(archive))
  expect(gone.opened).toMatchObject({ kind: 'no-osquery', failure: 'no-download' })
  const { opened } = collect(
    { q: 'SELECT 1' },
    {
      path: bin => replaced({})(bin).replace(`${bin}:`, ''),
      osquery: [{ arch: 'pdp11', url: 'https://example.com/o', sha256: 'a'.repeat(64) }]
    }
  )
  expect(opened).toMatchObject({ failure: 'no-source' })
})

test('base64 -D is used where there is no base64 -d, as on an old macOS', () => {
  const base64 = `#!/bin/sh\n[ $# -eq 0 ] && exec ${pathOf('base64')}\n[ "$1" = -D ] && exec ${pathOf('base64')} -d\nexit 64\n`
  expect(results(collect({ q: 'SELECT 1' }, { path: replaced({ base64 }) }).opened).q?.status).toBe('ok')
})

test('without gzip or base64 a host reports what is wrong, and exits 0', () => {
  const { opened } = collect({ q: 'SELECT 1' }, { path: replaced({ gzip: MISSING }) })
  expect(opened).toEqual({
    kind: 'broken',
    problem: { code: 'collector-error', message: 'this host has no working base64 or gzip' }
  })
})

/** A mkdir that fails in some folders. */
const mkdirExcept = (pattern: string, words: string) =>
  replaced({
    mkdir: `#!/bin/sh\ncase $1 in ${pattern}) echo "mkdir: cannot create directory: ${words}" >&2; exit 1;; esac\nexec ${pathOf('mkdir')} "$@"\n`
  })

test('without a place to write a host reports what is wrong, and exits 0', () => {
  const { opened } = collect({ q: 'SELECT 1' }, { path: mkdirExcept('*', 'No space left on device') })
  expect(opened).toEqual({
    kind: 'broken',
    problem: {
      code: 'collector-error',
      message: 'cannot make a temporary folder: No space left on device'
    }
  })
})

test.each(SHELLS)('in %s, another folder is used where the usual one is read-only', shell => {
  const path = mkdirExcept('*/temp/*', 'Read-only file system')
  const [row] = results(collect({ q: 'WHERE' }, { shell, path }).opened).q!.rows
  expect(row?.home).toMatch(/^\/var\/tmp\/fleet-drift\./)
  expect(existsSync(row!.home!)).toBe(false)
})

test('a host whose folders have no room for an answer says so', () => {
  const head = `#!/bin/sh\n[ "$2" = 1048576 ] && exit 1\nexec ${pathOf('head')} "$@"\n`
  const { opened, left } = collect({ q: 'SELECT 1' }, { path: replaced({ head }) })
  expect(opened).toMatchObject({ problem: { message: 'cannot make a temporary folder: no room' } })
  expect(left).toEqual([])
})

test.each(SHELLS)('in %s, a query without room is not run, and the others are answered', shell => {
  const queries = results(
    collect({ a: 'SELECT 1', b: 'OCCUPY', c: 'SELECT 1', d: 'SELECT 1' }, { shell }).opened
  )
  expect(queries).toMatchObject({
    a: { status: 'ok' },
    b: { status: 'ok' },
    c: { status: 'failed', detail: expect.stringMatching(/^not run: cannot write in \/.*\/temp: no room$/) },
    d: { status: 'ok' }
  })
})

test('a host whose folder is removed while it answers says so', () => {
  const { opened } = collect({ a: 'SELECT 1', b: 'GONE', c: 'SELECT 1' })
  expect(opened).toMatchObject({
    problem: { message: expect.stringMatching(/^its folder in \/.*\/temp was removed while it ran$/) }
  })
})

/** Whether a test may mount a file system and have process ids of its own. */
const isIsolable = spawnSync('unshare', ['-rmpf', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const isolatedTest = isIsolable ? test : test.skip
const mounted = (options: string) => [
  pathOf('unshare'),
  '-rm',
  pathOf('sh'),
  '-c',
  `${pathOf('mount')} -t tmpfs -o ${options} none "$TMPDIR" && exec "$@"`,
  'sh'
]

isolatedTest.each(
  SHELLS.flatMap(
    shell =>
      [
        [
          shell,
          'FILL',
          'size=1500k',
          /^osquery ended with exit code \d: cannot write in .*: No space left on device$/
        ],
        [shell, 'INODES', 'size=4m,nr_inodes=40', /^not run: cannot write in .*: No space left on device$/]
      ] as const
  )
)(
  'in %s, what a host answered before its folder was full is kept (%s, %s)',
  (shell, fill, options, words) => {
    const { opened } = collect({ a: 'SELECT 1', fill, b: 'SELECT 1' }, { shell, inside: mounted(options) })
    expect(results(opened)).toMatchObject({
      a: { status: 'ok', rows: [{ a: '1' }, { a: '2' }] },
      b: { status: 'failed', detail: expect.stringMatching(words) }
    })
  }
)

isolatedTest('a host that has no room for the osquery that it fetches says so', () => {
  const { opened } = withoutOsquery(
    'sh',
    'curl',
    archive => writeFileSync(archive, randomBytes(4_000_000)),
    mounted('size=3m')
  )
  expect(opened).toMatchObject({ kind: 'no-osquery', failure: 'no-room' })
})

isolatedTest.each(SHELLS)('in %s, a query costs two processes beside osquery', shell => {
  const names = Array.from({ length: 12 }, (_, at) => `q${at}`)
  const inside = [pathOf('unshare'), '-rpf']
  const { opened } = collect(Object.fromEntries(names.map(name => [name, 'PID'])), { shell, inside })
  const pids = names.map(name => Number(results(opened)[name]!.rows[0]!.pid))
  const steps = pids.slice(1).map((pid, at) => pid - pids[at]!)
  // Now and then, and on a busy machine more often, the process that watches the folder sleeps.
  expect(Math.min(...steps)).toBe(3)
})

test('a host whose folder fills up while it packs its answer says so', () => {
  const gzip = `#!/bin/sh\n[ "$1" = -9 ] && exit 1\nexec ${pathOf('gzip')} "$@"\n`
  const { opened, left } = collect({ q: 'SELECT 1' }, { path: replaced({ gzip }) })
  expect(opened).toMatchObject({
    problem: { message: expect.stringMatching(/^cannot write in \/.*\/temp: no room$/) }
  })
  expect(left).toEqual([])
})

test.each(SHELLS)('in %s, a host that has only openssl answers', shell => {
  const path = replaced({ base64: MISSING, sha256sum: MISSING, shasum: MISSING })
  expect(results(collect({ q: 'SELECT 1', bad: 'SYNTAX' }, { shell, path }).opened)).toMatchObject({
    q: { status: 'ok' },
    bad: { detail: 'Error: near "SYNTAX": syntax error' }
  })
})

test('a host without a program for SHA-256 says so', () => {
  const { opened } = collect(
    { q: 'SELECT 1' },
    { path: replaced({ openssl: MISSING, sha256sum: MISSING, shasum: MISSING }) }
  )
  expect(opened).toMatchObject({ problem: { message: 'this host has no program for SHA-256' } })
})

test.each([
  ['Fleet', '/opt/orbit/bin/osqueryd/linux/stable/osqueryd'],
  ['Fleet on arm64', '/opt/orbit/bin/osqueryd/linux-arm64/stable/osqueryd'],
  ['Kolide', '/usr/local/kolide-k2/bin/osqueryd'],
  ['the macOS package', '/opt/osquery/lib/osquery.app/Contents/MacOS/osqueryd']
])('the osquery of %s is found', (_, place) => {
  const { opened } = collect(
    { q: 'WHERE' },
    {
      path: bin => replaced({})(bin).replace(`${bin}:`, ''),
      prepare: folder => {
        const path = join(folder, 'root', place)
        mkdirSync(dirname(path), { recursive: true })
        install(path, OSQUERYI)
      },
      edit: (script, folder) =>
        script.replaceAll(
          / (\/(?:opt\/o|usr\/local\/k|var\/lib\/o)\S+)/g,
          (_match, path) => ` ${quoted(join(folder, 'root'))}${path}`
        )
    }
  )
  expect(results(opened).q?.rows[0]?.args).toMatch(/^-S /)
})

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

test('programs that may not run in any folder are a reason', () => {
  const { opened, left } = collect(
    { q: 'SELECT 1' },
    {
      path: bin => replaced({ chmod: '#!/bin/sh\n' })(bin).replace(`${bin}:`, ''),
      osquery: [{ arch: 'x86_64', url: 'https://example.com/o', sha256: 'a'.repeat(64) }]
    }
  )
  expect(opened).toMatchObject({ kind: 'no-osquery', failure: 'no-exec' })
  expect(left).toEqual([])
})

test.each(SHELLS)('in %s, a statement that ignores TERM costs no more than its limit', shell => {
  const run = { shell, querySeconds: 2, budgetSeconds: 60 }
  expect(results(collect({ stubborn: 'STUBBORN', next: 'SELECT 1' }, run).opened)).toMatchObject({
    stubborn: { status: 'timeout', detail: 'it ran longer than 2 s' },
    next: { status: 'ok' }
  })
})

test('the same command, sent twice, runs the queries once, and both print the answer', async () => {
  const host = prepare({ slow: 'SLOW' }, {})
  const run = async () => {
    const child = spawn(host.command, host.args, { env: host.env, stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    for await (const text of child.stdout.setEncoding('utf8')) output += text
    return output
  }
  const first = run()
  await until(() => existsSync(join(host.folder, 'ran')))
  for (const output of await Promise.all([first, run()]))
    expect(openReply(output, { nonce: NONCE, host: HOST, queries: host.names }).kind).toBe('answer')
  expect(readFileSync(join(host.folder, 'ran'), 'utf8')).toBe('ran\n')
  await until(() => readdirSync(host.temp).length === 0)
  rmSync(host.folder, { recursive: true })
})

test('what a killed run left behind is removed an hour later, and nothing else', () => {
  const { opened, left } = collect(
    { q: 'SELECT 1' },
    {
      prepare: folder => {
        for (const name of [
          `fleet-drift.${'a'.repeat(24)}.i-1`,
          'fleet-drift.d',
          `fleet-drift.${'b'.repeat(24)}.i-1`
        ]) {
          const path = join(folder, 'temp', name)
          mkdirSync(path)
          if (!name.includes('bbb')) utimesSync(path, 0, Date.now() / 1_000 - 7_200)
        }
      }
    }
  )
  expect(results(opened).q?.status).toBe('ok')
  expect(left.sort()).toEqual([`fleet-drift.${'b'.repeat(24)}.i-1`, 'fleet-drift.d'])
})

test('a folder that somebody else has put in place of ours is not removed', () => {
  const host = prepare({ q: 'SELECT 1' }, {})
  const victim = join(host.folder, 'victim')
  mkdirSync(victim)
  writeFileSync(join(victim, 'file'), '')
  const place = join(host.temp, `fleet-drift.${NONCE}.${HOST}`)
  const remove = () => {
    const done = spawnSync('sh', ['-c', encodeScript(removeScript(NONCE)).join('\n')], { env: host.env })
    expect(done.status).toBe(0)
  }
  symlinkSync(victim, place)
  remove()
  expect(readdirSync(victim)).toEqual(['file'])
  rmSync(place)
  mkdirSync(place)
  if (process.getuid?.() === 0) {
    chownSync(place, 65_534, 65_534)
    remove()
    expect(existsSync(place)).toBe(true)
    chownSync(place, 0, 0)
  }
  remove()
  expect(existsSync(place)).toBe(false)
  rmSync(host.folder, { recursive: true })
})

test.each(SHELLS.flatMap(shell => ['SIGTERM', 'SIGHUP'].map(signal => [shell, signal] as const)))(
  'in %s, %s ends the collector at once, and its folder and osquery are gone',
  async (shell, signal) => {
    const host = prepare({ hang: 'HANG' }, { shell })
    const running = spawn(host.command, host.args, { env: host.env, stdio: 'ignore' })
    await until(() => existsSync(join(host.folder, 'hanging')))
    const osquery = Number(readFileSync(join(host.folder, 'hanging'), 'utf8'))
    expect(readdirSync(host.temp)).toHaveLength(1)
    const ended = new Promise(resolve => running.on('exit', resolve))
    running.kill(signal as NodeJS.Signals)
    expect(await ended).toBe(0)
    expect(readdirSync(host.temp)).toEqual([])
    await until(() => !isRunning(osquery))
    rmSync(host.folder, { recursive: true })
  }
)

test('the folder is removed even when the agent kills the whole process group', async () => {
  const host = prepare({ hang: 'HANG' }, { querySeconds: 2 })
  const running = spawn(host.command, host.args, { env: host.env, stdio: 'ignore', detached: true })
  await until(() => existsSync(join(host.folder, 'hanging')))
  process.kill(-running.pid!, 'SIGKILL')
  await until(() => readdirSync(host.temp).length === 0)
  rmSync(host.folder, { recursive: true })
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

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
