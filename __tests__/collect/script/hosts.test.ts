import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import {
  collect,
  install,
  MISSING,
  OSQUERYI,
  pathOf,
  replaced,
  results,
  SHELLS
} from '../../support/collector-runs.ts'

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
