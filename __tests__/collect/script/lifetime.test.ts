import { spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { openReply } from '../../../src/collect/protocol/reply.ts'
import { encodeScript, removeScript } from '../../../src/collect/script/build.ts'
import { collect, HOST, NONCE, prepare, results, SHELLS } from '../../support/collector-runs.ts'
import { until } from '../../support/until.ts'

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

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
