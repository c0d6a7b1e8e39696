import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, jest, test } from '@jest/globals'
import { openReply, type Reply } from '../../../src/collect/protocol/reply.ts'
import {
  chunkScript,
  collectorScript,
  dedupScript,
  encodeScript,
  lockedScript,
  removeScript
} from '../../../src/collect/script/build.ts'
import type { OsquerySource } from '../../../src/inputs/osquery-sources.ts'

// Real processes on a machine that may be busy.
jest.setTimeout(60_000)

/** The shells of real fleets; a machine that lacks one tests the others. */
const SHELLS = ['sh', 'dash', 'bash', 'busybox'].filter(
  shell => spawnSync(shell, shell === 'busybox' ? [] : ['-c', ':']).status === 0
)
const NONCE = '00ff00ff00ff00ff00ff00ff'
const HOST = 'i-0123456789abcdef0'

/** A stand-in for osqueryi: a word in the SQL chooses what it prints. `%W` is the path of its working folder. */
const OSQUERYI = `#!/bin/sh
for sql; do :; done
case $sql in
  *system_info*) printf '[\\n  {"arch":"x86_64","hostname":"web-1","os":"Debian","os_version":"12","osquery_version":"5.23.1"}\\n]\\n' ;;
  *interface_addresses*) printf '[\\n  {"address":"10.0.0.7","mac":"02:00:00:00:00:01"}\\n]\\n' ;;
  *EMPTY*) printf '[\\n\\n]\\n' ;;
  *ODD*) printf '[\\n  {"a":"it'"'"'s \\\\"q\\\\" \\\\\\\\ $HOME \`id\` \\303\\251 \\377"},\\n  {"a":"{"}\\n]\\n' ;;
  *TABS*) printf '[\\n\\t{\\n\\t\\t"a": "1"\\n\\t},\\n\\t{\\n\\t\\t"a": "{"\\n\\t}\\n]\\n' ;;
  *TWO-A-LINE*) printf '[\\n {"a":"1"}, {"a":"2"},\\n {"a":"3"}]' ;;
  *ONE-LINE*) printf '[ {"a":"1"}, {"a":"2"} ]' ;;
  *ECHO*) printf '%s' "$sql" | od -An -tx1 | tr -d ' \\n' | sed 's/.*/[{"hex":"&"}]/' ;;
  *WHERE*) printf '[{"home":"%s","stdin":"%s","args":"%s","nice":"%s"}]' "$HOME" "$(cat | wc -c | tr -d ' ')" "$1 $2 $3" "$(nice)" ;;
  *SYNTAX*) echo 'Error: near "SYNTAX": syntax error' >&2; exit 1 ;;
  *OLDERROR*) echo 'Error: no such column' >&2; printf '[\\n\\n]\\n' ;;
  *HALF*) printf '[\\n  {"a":"1"}\\n]\\n'; exit 19 ;;
  *WARNING*) echo 'W1124 events are off, Error: is not at the start' >&2; printf '[\\n\\n]\\n' ;;
  *NOTABLE*) echo 'Error: no such table: NOTABLE' >&2; exit 1 ;;
  *HANG*) touch "%W/hanging"; exec sleep 20 ;;
  *NOISE*) echo '['; head -c 2097152 /dev/urandom | od -An -tx1 | sed 's/.*/  {"a":"&"},/'; printf '  {"a":"end"}\\n]\\n' ;;
  *ENDLESS*) exec cat /dev/zero ;;
  *) printf '[\\n  {"a":"1"},\\n  {"a":"2"}\\n]\\n' ;;
esac
`

interface Run {
  readonly shell?: string
  readonly path?: (bin: string) => string
  readonly budgetSeconds?: number
  readonly querySeconds?: number
  readonly prepare?: (folder: string) => void
  readonly env?: Record<string, string>
  readonly osquery?: readonly OsquerySource[]
}

function prepare(queries: Record<string, string>, run: Run) {
  const folder = mkdtempSync(join(tmpdir(), "collector it's "))
  const bin = join(folder, 'bin')
  const temp = join(folder, 'temp')
  mkdirSync(bin)
  mkdirSync(temp)
  install(join(bin, 'osqueryi'), OSQUERYI.replaceAll('%W', folder))
  run.prepare?.(folder)
  const sent = Object.entries(queries).map(([name, sql]) => ({ name, sql }))
  const script = collectorScript(sent, {
    nonce: NONCE,
    budgetSeconds: run.budgetSeconds ?? 60,
    querySeconds: run.querySeconds ?? 20,
    osquery: run.osquery ?? []
  })
  // The agent joins the lines into a file without a shebang and runs it as sh -c PATH.
  const path = join(folder, '_script.sh')
  writeFileSync(path, encodeScript(script).join('\n'))
  const PATH = run.path?.(bin) ?? `${bin}:${process.env.PATH}`
  const env = { PATH, TMPDIR: temp, AWS_SSM_INSTANCE_ID: HOST, ...run.env }
  const shell = run.shell ?? 'sh'
  const command = spawnSync('sh', ['-c', `command -v ${shell}`], { encoding: 'utf8' }).stdout.trim()
  return {
    folder,
    temp,
    env,
    command,
    args: shell === 'busybox' ? ['sh', path] : [path],
    names: Object.keys(queries)
  }
}

function collect(
  queries: Record<string, string>,
  run: Run = {}
): { opened: Reply; reply: string; left: string[] } {
  const host = prepare(queries, run)
  try {
    const done = spawnSync(host.command, host.args, { env: host.env, maxBuffer: 1e9, timeout: 60_000 })
    const reply = done.stdout.toString('utf8')
    expect({ status: done.status, stderr: done.stderr.toString() }).toEqual({ status: 0, stderr: '' })
    return {
      opened: openReply(reply, { nonce: NONCE, host: HOST, queries: host.names }),
      reply,
      left: readdirSync(host.temp)
    }
  } finally {
    rmSync(host.folder, { recursive: true, force: true })
  }
}

function results(opened: Reply) {
  if (opened.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(opened)}`)
  return opened.queries
}

const PROGRAMS =
  'sh uname tar curl mktemp rm date nice timeout sha256sum shasum openssl grep wc gzip base64 tr head cat id sed sleep setsid od touch'

/** Installs a program in a folder of the test. `wx` never writes through a link to a real program. */
function install(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o755, flag: 'wx' })
}

function pathOf(program: string): string {
  return spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
}

/**
 * A PATH of `bin` and the usual programs, some of them replaced. The script appends /usr/bin to its PATH, so a missing
 * program is one that fails; a program that is `null` is found only there.
 */
function replaced(programs: Readonly<Record<string, string | null>>) {
  return (bin: string) => {
    const few = join(bin, '..', 'few')
    mkdirSync(few)
    for (const name of PROGRAMS.split(' ')) {
      const text = programs[name]
      if (typeof text === 'string') install(join(few, name), text)
      else if (text === undefined && pathOf(name).startsWith('/')) symlinkSync(pathOf(name), join(few, name))
    }
    return `${bin}:${few}`
  }
}

const MISSING = '#!/bin/sh\nexit 127\n'

test.each(SHELLS)('in %s, every query has its own status and its rows as osquery printed them', shell => {
  const { opened, left } = collect(
    {
      two: 'SELECT 1',
      empty: 'EMPTY',
      odd: 'ODD',
      syntax: 'SYNTAX',
      old: 'OLDERROR',
      half: 'HALF',
      warning: 'WARNING',
      table: 'NOTABLE',
      last: 'SELECT 2'
    },
    { shell }
  )
  const queries = results(opened)
  expect(Object.fromEntries(Object.entries(queries).map(([name, { status }]) => [name, status]))).toEqual({
    two: 'ok',
    empty: 'ok',
    odd: 'ok',
    syntax: 'failed',
    old: 'failed',
    half: 'failed',
    warning: 'ok',
    table: 'unsupported',
    last: 'ok'
  })
  expect(queries.two?.rows).toEqual([{ a: '1' }, { a: '2' }])
  expect(queries.empty?.rows).toEqual([])
  expect(queries.odd?.rows).toEqual([{ a: 'it\'s "q" \\ $HOME `id` é \ufffd' }, { a: '{' }])
  expect(queries.half?.rows).toEqual([])
  expect(queries.syntax?.detail).toBe('Error: near "SYNTAX": syntax error')
  expect(opened.kind === 'answer' && opened.facts).toMatchObject({
    hostname: 'web-1',
    addresses: ['10.0.0.7'],
    os: 'Debian'
  })
  expect(left).toEqual([])
})

test.each(SHELLS)('in %s, rows are counted in any layout', shell => {
  const queries = results(collect({ tabs: 'TABS', two: 'TWO-A-LINE', one: 'ONE-LINE' }, { shell }).opened)
  expect(queries.tabs).toEqual({ status: 'ok', detail: null, rows: [{ a: '1' }, { a: '{' }] })
  expect(queries.two).toEqual({ status: 'ok', detail: null, rows: [{ a: '1' }, { a: '2' }, { a: '3' }] })
  expect(queries.one).toEqual({ status: 'ok', detail: null, rows: [{ a: '1' }, { a: '2' }] })
})

test.each(SHELLS)('in %s, SQL reaches osquery unchanged', shell => {
  const sql = "ECHO 'it''s' \"x\" `id` $(id) $HOME {{ssm:secret}} %s \\n \\\\ * ~\n  -- é ; <&> !"
  const [row] = results(collect({ q: sql }, { shell }).opened).q!.rows
  expect(Buffer.from(row!.hex!, 'hex').toString('utf8')).toBe(sql)
})

test('osquery runs niced, with a private home, no input, no flag file and no extensions', () => {
  const [row] = results(collect({ q: 'WHERE' }).opened).q!.rows
  expect(row).toEqual({
    home: expect.stringMatching(/\/temp\/fleet-drift\.\w{24}\.i-\w{17}$/),
    stdin: '0',
    args: '--flagfile=/dev/null --disable_extensions --json',
    nice: '10'
  })
})

test.each(SHELLS)('in %s, a query that hangs times out, and the next one runs', shell => {
  const queries = results(collect({ hang: 'HANG', next: 'SELECT 1' }, { shell, querySeconds: 1 }).opened)
  expect(queries).toMatchObject({ hang: { status: 'timeout' }, next: { status: 'ok' } })
})

test.each(SHELLS)('in %s without timeout and nice, a query that hangs times out too', shell => {
  const queries = results(
    collect(
      { hang: 'HANG', next: 'SELECT 1', bad: 'SYNTAX' },
      { shell, querySeconds: 1, path: replaced({ timeout: MISSING, nice: MISSING }) }
    ).opened
  )
  expect(queries).toMatchObject({
    hang: { status: 'timeout' },
    next: { status: 'ok' },
    bad: { status: 'failed' }
  })
})

test('queries for which no time is left are not run, and are reported so', () => {
  const started = performance.now()
  const queries = results(
    collect({ hang: 'HANG', next: 'SELECT 1' }, { budgetSeconds: 2, querySeconds: 20 }).opened
  )
  expect(performance.now() - started).toBeLessThan(8_000)
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
function withoutOsquery(shell: string, fetcher: 'curl' | 'wget', bend: (archive: string) => void = () => {}) {
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
  expect(results(opened).where?.rows[0]?.args).toBe('-S --flagfile=/dev/null --disable_extensions')
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

test('without a place to write a host reports what is wrong, and exits 0', () => {
  const { opened } = collect({ q: 'SELECT 1' }, { env: { TMPDIR: '/nonexistent' } })
  expect(opened).toEqual({
    kind: 'broken',
    problem: { code: 'collector-error', message: 'cannot make a temporary folder' }
  })
})

test.each(SHELLS.flatMap(shell => ['SIGTERM', 'SIGHUP'].map(signal => [shell, signal] as const)))(
  'in %s, %s ends the collector at once, and its folder and osquery are gone',
  async (shell, signal) => {
    const host = prepare({ hang: 'HANG' }, { shell })
    const running = spawn(host.command, host.args, { env: host.env, stdio: 'ignore' })
    await until(() => existsSync(join(host.folder, 'hanging')))
    expect(readdirSync(host.temp)).toHaveLength(1)
    const ended = new Promise(resolve => running.on('exit', resolve))
    const started = performance.now()
    running.kill(signal as NodeJS.Signals)
    expect(await ended).toBe(0)
    expect(performance.now() - started).toBeLessThan(3_000)
    expect(readdirSync(host.temp)).toEqual([])
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
      // ulimit -c and -v are not POSIX (where they are refused nothing is lost); the scripts share their variables.
      const checked = spawnSync(
        'shellcheck',
        ['-s', 'sh', '-S', 'warning', '-e', 'SC3045,SC2034,SC2154', '-'],
        {
          input: script,
          encoding: 'utf8'
        }
      )
      expect(checked.stdout).toBe('')
    }
  }
)

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 12_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('nothing happened within 12 s')
    await pause(50)
  }
}
