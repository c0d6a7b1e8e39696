import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { readAction } from '../../scripts/readme.ts'
import DESCRIPTIONS from '../../src/cli/descriptions.json' with { type: 'json' }
import { wantsColor } from '../../src/cli/terminal.ts'
import { cli } from '../../src/cli.ts'
import { systemClock } from '../../src/clock.ts'
import { INPUTS } from '../../src/inputs/inputs.ts'
import { newFolder, runOverFiles, snapshotOf } from '../support/file-runs.ts'
import { fleet, hostId } from '../support/fleets.ts'

async function type(args: readonly string[], color = false) {
  const out: string[] = []
  const errors: string[] = []
  const exitCode = await cli(args, {
    env: {},
    clock: systemClock,
    color,
    print: text => void out.push(text),
    printError: text => void errors.push(text)
  })
  return { exitCode, out: out.join('\n'), errors: errors.join('\n') }
}

const fleetWith = (path: string) =>
  fleet(
    20,
    (index, rows) => index === 4 && rows.programs!.push({ path, username: 'root', cmdline: `${path} -d` })
  )

let older: string
let newer: string
let first: Awaited<ReturnType<typeof runOverFiles>>
let second: Awaited<ReturnType<typeof runOverFiles>>
beforeAll(async () => {
  older = await snapshotOf(fleetWith('/opt/a'))
  const dayLater = { collectedAt: '2026-11-24T03:00:00.000Z' }
  newer = await snapshotOf(fleetWith('/opt/b').map(host => ({ ...host, ...dayLater })))
  first = await runOverFiles({ files: older })
  second = await runOverFiles({ files: newer })
})

describe('check', () => {
  let dir: string
  beforeAll(async () => {
    dir = await newFolder()
  })

  test('runs as the action does, with inputs as flags, and prints the picture', async () => {
    const { exitCode, out, errors } = await type(
      [
        'check',
        '--collector',
        'files',
        '--files',
        older,
        '--files',
        newer,
        '--fail-on=never',
        '--output-dir',
        dir
      ],
      true
    )
    expect(exitCode).toBe(0)
    expect(out).toContain('\u001b[1m')
    expect(out).toContain('/opt/b')
    expect(errors).toContain(`report-html: ${join(dir, 'report.html')}`)
  })

  test('writes into a new folder of its own, which nobody else can read or prepare', async () => {
    const run = () => type(['check', '--collector', 'files', '--files', older, '--fail-on', 'never'])
    const folders = [await run(), await run()].map(({ errors }) =>
      dirname(dirname(/^report-json: (.*)$/m.exec(errors)![1]!))
    )
    expect(new Set(folders).size).toBe(2)
    for (const folder of folders) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700)
      await rm(folder, { recursive: true })
    }
  })

  test('leaves no folder behind when it is misused', async () => {
    const before = process.env.TMPDIR
    const temp = await newFolder()
    process.env.TMPDIR = temp
    const { exitCode } = await type(['check', '--collector', 'files'])
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    expect(exitCode).toBe(1)
    expect(await readdir(temp)).toEqual([])
  })

  test('exits with 1 when the run fails', async () => {
    const { exitCode, errors } = await type([
      'check',
      '--collector',
      'files',
      '--files',
      'gone/*.gz',
      '--output-dir',
      dir
    ])
    expect(exitCode).toBe(1)
    expect(errors).toContain('gone/*.gz matches no file')
  })

  test('exits with 2 for a flag that is not an input', async () => {
    const { exitCode, errors } = await type(['check', '--colector', 'files'])
    expect(exitCode).toBe(2)
    expect(errors).toContain("'--colector'")
  })

  test('--help lists every input with the words of action.yml', async () => {
    const { out } = await type(['check', '--help'])
    for (const { name } of Object.values(INPUTS))
      if (name !== 'mode' && name !== 'github-token')
        expect(out).toContain(`--${name}\n      ${(DESCRIPTIONS as Record<string, string>)[name]}`)
    const { inputs } = await readAction()
    expect(DESCRIPTIONS).toEqual(
      Object.fromEntries(
        Object.entries(inputs).map(([name, { description }]) => [name, description.replaceAll('`', '')])
      )
    )
  })
})

describe('explain', () => {
  const finding = () => first.report.findings[0]

  test('prints all that a report has on a finding, by a part of its id', async () => {
    const { exitCode, out } = await type([
      'explain',
      finding().id.slice(0, 8),
      join(first.dir, 'report.json')
    ])
    expect(exitCode).toBe(0)
    expect(out).toContain(hostId(4))
    expect(out).toContain('path=/opt/a')
    expect(out).toContain('gh workflow run incident.yml')
  })

  test('exits with 1 if there is no such finding', async () => {
    expect((await type(['explain', 'ffff', join(first.dir, 'report.json')])).exitCode).toBe(1)
  })
})

describe('diff', () => {
  test.each([
    [
      'reports',
      () => [join(first.dir, 'report.json'), join(second.dir, 'report.json')],
      first => first.report.findings[0].id
    ],
    ['snapshots', () => [older, newer], () => 'programs: ']
  ] as [string, () => string[], (run: typeof first) => string][])(
    'of two %s shows what came and what went',
    async (_name, paths, wanted) => {
      const { exitCode, out } = await type(['diff', ...paths()])
      expect(exitCode).toBe(1)
      expect(out).toMatch(/^\+ /m)
      expect(out).toMatch(/^- /m)
      expect(out).toContain(wanted(first))
      expect(out).toContain(hostId(4))
    }
  )

  test('of a file with itself exits with 0', async () => {
    expect(await type(['diff', older, older])).toMatchObject({ exitCode: 0, out: 'They are the same.' })
  })

  test('of snapshots names hosts that fell silent, and calls nothing of theirs gone', async () => {
    const silent = fleetWith('/opt/a').map((host, at) =>
      at === 4 ? { ...host, status: 'silent' as const, facts: null, queries: {} } : host
    )
    const { exitCode, out } = await type(['diff', older, await snapshotOf(silent)])
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: `~ ${hostId(4)}: reported → silent` })
  })

  test('of reports, a host that is silent for another reason is no difference', async () => {
    const silent = (reason: string) =>
      fleetWith('/opt/a').map((host, at) =>
        at === 7
          ? {
              ...host,
              status: 'silent' as const,
              reason,
              code: 'no-answer' as const,
              facts: null,
              queries: {}
            }
          : host
      )
    const [one, other] = [
      await runOverFiles({ files: await snapshotOf(silent('offline')) }),
      await runOverFiles({ files: await snapshotOf(silent('terminated')) })
    ]
    const paths = [one, other].map(({ dir }) => join(dir, 'report.json'))
    expect(await type(['diff', ...paths])).toMatchObject({ exitCode: 0, out: 'They are the same.' })
  })

  test('of a snapshot that is cut names the file', async () => {
    const cut = join(await newFolder(), 'cut.gz')
    await writeFile(cut, (await readFile(older)).subarray(0, 400))
    const { exitCode, errors } = await type(['diff', older, cut])
    expect(exitCode).toBe(2)
    expect(errors).toContain(`${cut} cannot be read: `)
  })

  test('of a report and a snapshot is refused', async () => {
    expect((await type(['diff', older, join(first.dir, 'report.json')])).exitCode).toBe(2)
  })
})

test('--version prints the version', async () => {
  expect(await type(['--version'])).toEqual({
    exitCode: 0,
    out: expect.stringMatching(/^fleet-drift \d+\.\d+\.\d+$/),
    errors: ''
  })
})

test('a file that is missing or something else is named', async () => {
  expect(await type(['diff', 'nothere.json', older])).toMatchObject({
    exitCode: 2,
    errors: 'nothere.json cannot be read.'
  })
  const manifest = join(import.meta.dirname, '../../package.json')
  expect((await type(['explain', 'abc', manifest])).errors).toMatch(/package\.json is not a report\.json\.$/)
})

test('a finding without an id is a misuse', async () => {
  expect((await type(['explain', '', join(first.dir, 'report.json')])).exitCode).toBe(2)
})

test('without a command the help is printed', async () => {
  expect((await type([])).out).toContain('Exit codes')
  expect((await type(['chek'])).exitCode).toBe(2)
})

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ TERM: 'dumb' }, true, false]
])('with %o and a terminal (%s) there are colors: %s', (env, isTerminal, wanted) => {
  expect(wantsColor(env, isTerminal)).toBe(wanted)
})
