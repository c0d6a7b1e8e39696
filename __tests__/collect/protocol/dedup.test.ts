import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import type { SimulatedHost } from '../../../simulator/fleet/host.ts'
import { scriptedHosts } from '../../../simulator/server/scripted-hosts.ts'
import {
  buildDictionary,
  chooseSampleHosts,
  decodeDedupReply,
  readHead,
  resultKey
} from '../../../src/collect/protocol/dedup.ts'
import { openFrame, peekFrame, unpack } from '../../../src/collect/protocol/frame.ts'
import { openBody } from '../../../src/collect/protocol/reply.ts'
import {
  collectorScript,
  encodeScript,
  pieceScript,
  removeScript,
  shorthandScript
} from '../../../src/collect/script/build.ts'
import { printed } from '../../support/replies.ts'

// Real processes on a machine that may be busy.
jest.setTimeout(60_000)

const SHELLS = ['dash', 'bash', 'busybox'].filter(
  shell => spawnSync(shell, shell === 'busybox' ? [] : ['-c', ':']).status === 0
)
const NONCE = '00ff00ff00ff00ff00ff00ff'
const folder = mkdtempSync(join(tmpdir(), 'shorthand-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Rows = readonly Readonly<Record<string, string>>[]
let made = 0

/** A host with a stand-in for osquery that prints prepared rows, and what scripts print on it. */
function host(id: string, results: Readonly<Record<string, Rows | string>>) {
  const home = join(folder, String(made++))
  const bin = join(home, 'bin')
  const temp = join(home, 'temp')
  mkdirSync(bin, { recursive: true })
  mkdirSync(temp)
  for (const [name, rows] of Object.entries(results))
    writeFileSync(join(home, name), typeof rows === 'string' ? rows : printed(rows))
  writeFileSync(
    join(bin, 'osqueryi'),
    `#!/bin/sh\nfor sql; do :; done\n[ -e "${home}/$sql" ] && exec cat "${home}/$sql"\nprintf '[\\n\\n]\\n'\n`,
    { mode: 0o755 }
  )
  const names = Object.keys(results)
  return {
    temp,
    names,
    id,
    run(script: string, shell = 'sh', env: Readonly<Record<string, string>> = {}): string {
      const path = join(home, `script-${made++}`)
      writeFileSync(path, encodeScript(script).join('\n'))
      const done = spawnSync(shell, shell === 'busybox' ? ['sh', path] : [path], {
        env: { PATH: `${bin}:${process.env.PATH}`, TMPDIR: temp, AWS_SSM_INSTANCE_ID: id, ...env },
        maxBuffer: 1e9
      })
      expect({ status: done.status, stderr: done.stderr.toString() }).toEqual({ status: 0, stderr: '' })
      return done.stdout.toString('latin1')
    },
    collect(shell = 'sh', keep = true, env: Readonly<Record<string, string>> = {}): string {
      const queries = names.map(name => ({ name, sql: name }))
      return this.run(
        collectorScript(queries, { nonce: NONCE, budgetSeconds: 60, querySeconds: 20, keep }),
        shell,
        env
      )
    }
  }
}

function bodyOf(reply: string): Buffer {
  const piece = openFrame(reply, NONCE)
  if ('reason' in piece) throw new Error(piece.reason)
  const body = unpack(piece.bytes, piece.whole)
  if ('reason' in body) throw new Error(body.reason)
  return body
}

const hex = (text: string) => createHash('sha256').update(text).digest('hex')
const programs = (seed: number): Rows =>
  Array.from({ length: 30 }, (_, at) => ({
    name: `daemon-${at}`,
    path: `/usr/sbin/daemon-${at} "é\\`,
    pid: String(1000 + ((at * 7919 * seed) % 30000)),
    start_time: String(1_790_000_000 + seed * 13 + (at % 3))
  }))
const files: Rows = Array.from({ length: 150 }, (_, at) => ({ path: `/etc/f${at}`, sha256: hex(`f${at}`) }))
const results = (seed: number, extra: Rows = []) => ({
  files: [...files, ...extra],
  programs: programs(seed),
  none: []
})

function taught() {
  const scouts = [1, 2, 3].map(seed => bodyOf(host(`i-${seed}`, results(seed)).collect()))
  const shared = new Set(
    readHead(scouts[0]!.toString('latin1').split('\nend ')[0]!)
      .filter(({ name }) => name === 'files')
      .map(resultKey)
  )
  return buildDictionary(scouts, shared)
}

test.each(SHELLS)(
  'in %s, a host answers in short with the very bytes that it holds, in what a list of SSM passes on',
  shell => {
    const known = taught()
    for (const [seed, extra] of [
      [7, []],
      [8, [{ path: '/tmp/implant', sha256: hex('implant') }]]
    ] as const) {
      const one = host('i-7', results(seed, extra))
      const plain = one.collect(shell)
      expect(plain.length).toBeGreaterThan(5_000)
      expect(readdirSync(one.temp)).toEqual([`fleet-drift.${NONCE}.i-7`])
      const peeked = peekFrame(plain.slice(0, 2_475), NONCE)!
      expect(readHead(peeked.head).map(line => line.name)).toEqual(['_facts', '_addresses', ...one.names])
      const short = one.run(shorthandScript(NONCE, known.packed), shell)
      expect(short.length).toBeLessThan(2_500)
      const piece = openFrame(short, NONCE)
      if ('reason' in piece) throw new Error(piece.reason)
      expect(piece).toMatchObject({ index: 'short', whole: peeked.promised.whole })
      const body = decodeDedupReply(gunzipSync(piece.bytes), known, peeked.promised.whole)
      expect(body?.equals(bodyOf(plain))).toBe(true)
      const opened = openBody(body!, { nonce: NONCE, host: 'i-7', queries: one.names })
      expect(opened.kind === 'answer' && opened.queries.programs?.rows).toEqual(programs(seed))
      expect(existsSync(join(one.temp, `fleet-drift.${NONCE}.i-7`))).toBe(false)
    }
  }
)

test('hosts of the bench, which have no shell, print what the script prints', async () => {
  const prepared = scriptedHosts((_, sql) => {
    const rows: Rows = results(7)[sql as 'files'] ?? []
    return { stdout: printed(rows), stderr: '', code: 0 }
  })
  const queries = Object.keys(results(7)).map(name => ({ name, sql: name }))
  const twin = { id: 'i-7' } as SimulatedHost
  const say = async (script: string) =>
    (await prepared.run(twin, 'i-7', encodeScript(script))).stdout.toString('latin1')
  const real = host('i-7', results(7))
  const options = { nonce: NONCE, budgetSeconds: 60, querySeconds: 20, keep: true }
  const plain = [real.collect(), await say(collectorScript(queries, options))]
  const own = /^(?:uid|machine-id|boot-id) .*$/gm
  const bodies = plain.map(reply => bodyOf(reply).toString('latin1').replace(own, ''))
  // An empty list is printed by the stand-in for osquery in one way, and by the test in another.
  const even = (text: string) => text.replace(/^query (?:_\w+|none) .*$/gm, '').replace(/\[\n*\]\n/g, '')
  expect(even(bodies[1]!)).toBe(even(bodies[0]!))
  const known = taught()
  const tokens = [
    real.run(shorthandScript(NONCE, known.packed)),
    await say(shorthandScript(NONCE, known.packed))
  ].map(reply => {
    const piece = openFrame(reply, NONCE)
    if ('reason' in piece) throw new Error(piece.reason)
    return gunzipSync(piece.bytes)
      .toString('latin1')
      .split('\n')
      .filter(token => /^#|^w /.test(token))
  })
  expect(tokens[0]!.length).toBeGreaterThan(20)
  expect(tokens[1]).toEqual(tokens[0])
})

test('hosts that share a machine, or its temporary folder, keep their answers apart', () => {
  const [one, other] = [host('i-1', results(1)), host('i-2', results(2))]
  const shared = { TMPDIR: one.temp }
  const replies = [one.collect(), other.collect('sh', true, shared)]
  expect(replies.map(reply => /^host .*$/m.exec(bodyOf(reply).toString('latin1'))?.[0])).toEqual([
    'host i-1',
    'host i-2'
  ])
  other.run(removeScript(NONCE), 'sh', shared)
  expect(readdirSync(one.temp)).toEqual([`fleet-drift.${NONCE}.i-1`])
})

test('rows of any text decode to themselves', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('12', '-5', ':', '":"7"', '},', '=', '@1', '#1 2', 'end 3', '')
  )
  const rows = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'pid', '1'), cell, { minKeys: 1 }), {
    maxLength: 6
  })
  fc.assert(
    fc.property(rows, rows, (mine, theirs) => {
      const known = buildDictionary(
        [bodyOf(host('i-1', { q: theirs, same: files.slice(0, 3) }).collect())],
        new Set()
      )
      const one = host('i-2', { q: mine, same: files.slice(0, 3), filler: fillers })
      const plain = bodyOf(one.collect())
      const piece = openFrame(one.run(shorthandScript(NONCE, known.packed)), NONCE)
      if ('reason' in piece) throw new Error(piece.reason)
      expect(decodeDedupReply(gunzipSync(piece.bytes), known, piece.whole)?.equals(plain)).toBe(true)
    }),
    { numRuns: 6 }
  )
})

const fillers: Rows = Array.from({ length: 60 }, (_, at) => ({ sha256: hex(`filler ${at}`) }))

test('a host that refers to what it does not hold is not believed', () => {
  const known = taught()
  const body = bodyOf(host('i-7', results(7, [{ path: '/tmp/implant', sha256: hex('implant') }])).collect())
  const promised = hex(body.toString('latin1'))
  const claim = [
    ...known.units.slice(0, 9).map(unit => `=${unit.text}`),
    ...Array.from({ length: 3 }, () => 'w 1')
  ].join('\n')
  expect(decodeDedupReply(Buffer.from(claim), known, promised)).toBe(null)
})

test('no text throws or decodes to more than a host may send', () => {
  const known = { units: [{ kind: 'line', text: 'x'.repeat(5_000) } as const], packed: '' }
  const bomb = Array.from({ length: 100_000 }, () => '@1').join('\n')
  expect(decodeDedupReply(Buffer.from(bomb), known, '')).toBe(null)
  const token = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '@1',
      '@1-2',
      '#1 5',
      '=query q ok 0 1 2 = -',
      '=end 1',
      'w 1',
      'l 1',
      'l 99',
      '@0',
      'w 0'
    )
  )
  fc.assert(
    fc.property(
      fc.array(token),
      tokens => decodeDedupReply(Buffer.from(tokens.join('\n')), known, 'f'.repeat(64)) === null
    )
  )
})

test('scouts are few, and teach what most hosts have', () => {
  const heads = new Map(
    Array.from({ length: 400 }, (_, at) => {
      const image = at % 8
      return [
        `i-${at}`,
        [
          { name: 'files', ok: true, bytes: 10, sum: hex(`image ${image}`) },
          { name: 'users', ok: true, bytes: 10, sum: hex('same') },
          { name: 'programs', ok: true, bytes: 10, sum: hex(`own ${at}`) }
        ]
      ] as const
    })
  )
  const scouts = chooseSampleHosts(heads, new Set(), 100)
  expect(new Set(scouts.map(id => Number(id.slice(2)) % 8)).size).toBe(8)
  expect(scouts.length).toBeLessThanOrEqual(8)
  expect(
    chooseSampleHosts(heads, new Set(scouts.flatMap(id => heads.get(id as 'i-0')!.map(resultKey))), 100)
      .length
  ).toBeLessThanOrEqual(4)
})

test.each(SHELLS)('in %s, what does not fit in one reply is given in pieces, and then removed', shell => {
  const noise: Rows = Array.from({ length: 1_000 }, (_, at) => ({
    at: String(at),
    sha256: hex(`noise ${at}`)
  }))
  const one = host('i-9', { noise })
  const first = openFrame(one.collect(shell, false), NONCE)
  if ('reason' in first) throw new Error(first.reason)
  expect(first.total).toBeGreaterThan(2 * 17_400)
  const pieces = [first.bytes]
  for (let index = 1; index * 17_400 < first.total; index++) {
    const output = one.run(pieceScript(NONCE, index), shell)
    expect(output.length).toBeLessThanOrEqual(23_999)
    const piece = openFrame(output, NONCE)
    if ('reason' in piece) throw new Error(piece.reason)
    expect(piece).toMatchObject({ index, total: first.total, whole: first.whole })
    pieces.push(piece.bytes)
  }
  const body = unpack(Buffer.concat(pieces), first.whole)
  if ('reason' in body) throw new Error(body.reason)
  const opened = openBody(body, { nonce: NONCE, host: 'i-9', queries: ['noise'] })
  expect(opened.kind === 'answer' && opened.queries.noise?.rows).toEqual(noise)
  expect(one.run(removeScript(NONCE), shell)).toBe('')
  expect(readdirSync(one.temp)).toEqual([])
  expect(one.run(pieceScript(NONCE, 1), shell)).toBe('fleet-drift: the folder of this run is gone\n')
})
