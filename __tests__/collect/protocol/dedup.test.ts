import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { SimulatedHost } from '../../../simulator/fleet/host.ts'
import { scriptedHosts } from '../../../simulator/server/scripted-hosts.ts'
import { decodeDedupReply } from '../../../src/collect/protocol/dedup.ts'
import {
  buildDictionary,
  chooseSampleHosts,
  readHead,
  resultKey
} from '../../../src/collect/protocol/dictionary.ts'
import { type Chunk, openFrame, previewFrame, unpack } from '../../../src/collect/protocol/frame.ts'
import { CHUNK_BYTES } from '../../../src/collect/protocol/limits.ts'
import { openBody } from '../../../src/collect/protocol/reply.ts'
import {
  chunkScript,
  collectorScript,
  dedupScript,
  encodeScript,
  removeScript
} from '../../../src/collect/script/build.ts'
import { printed } from '../../support/replies.ts'

const SHELLS = ['dash', 'bash', 'busybox'].filter(
  shell => spawnSync(shell, shell === 'busybox' ? [] : ['-c', ':']).status === 0
)
const NONCE = '00ff00ff00ff00ff00ff00ff'
const folder = mkdtempSync(join(tmpdir(), 'dedup-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Rows = readonly Readonly<Record<string, string>>[]
let made = 0

/** A host with a stand-in for osquery that prints fixed rows; runs scripts and returns what they print. */
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
    `#!/bin/sh\nfor sql; do :; done\nsql=\${sql# }\n[ -e "${home}/$sql" ] && exec cat "${home}/$sql"\nprintf '[\\n\\n]\\n'\n`,
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
    collect(shell = 'sh', retain = true, env: Readonly<Record<string, string>> = {}): string {
      const queries = names.map(name => ({ name, sql: name }))
      return this.run(
        collectorScript(queries, { nonce: NONCE, budgetSeconds: 60, querySeconds: 20, retain }),
        shell,
        env
      )
    }
  }
}

function bodyOf(reply: string): Buffer {
  const { bytes, bodySha256 } = chunkOf(reply)
  return bodyIn(bytes, bodySha256)
}

function bodyIn(packed: Buffer, bodySha256: string): Buffer {
  const body = unpack(packed, bodySha256)
  if ('problem' in body) throw new Error(body.problem.code)
  return body
}

function chunkOf(output: string): Chunk {
  const chunk = openFrame(output, NONCE)
  if ('problem' in chunk) throw new Error(chunk.problem.code)
  return chunk
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

let dictionary: ReturnType<typeof buildDictionary>
beforeAll(() => {
  const samples = [1, 2, 3].map(seed => bodyOf(host(`i-${seed}`, results(seed)).collect()))
  const shared = new Set(
    readHead(samples[0]!.toString('latin1').split('\nend ')[0]!)
      .filter(({ name }) => name === 'files')
      .map(resultKey)
  )
  dictionary = buildDictionary(samples, shared)
})

test.each(SHELLS)(
  "in %s, a deduplicated reply stands for exactly the bytes that the host holds, and fits in SSM's list",
  shell => {
    for (const [seed, extra] of [
      [7, []],
      [8, [{ path: '/tmp/implant', sha256: hex('implant') }]]
    ] as const) {
      const one = host('i-7', results(seed, extra))
      const plain = one.collect(shell)
      expect(plain.length).toBeGreaterThan(5_000)
      expect(readdirSync(one.temp)).toEqual([`fleet-drift.${NONCE}.i-7`])
      const preview = previewFrame(plain.slice(0, 2_475), NONCE)!
      expect(readHead(preview.head).map(line => line.name)).toEqual(['_facts', '_addresses', ...one.names])
      const output = one.run(dedupScript(NONCE, dictionary.packed), shell)
      expect(output.length).toBeLessThan(2_500)
      const { bodySha256 } = preview.header
      const reply = chunkOf(output)
      expect(reply).toMatchObject({ index: 'dedup', bodySha256 })
      const body = decodeDedupReply(gunzipSync(reply.bytes), dictionary, bodySha256)
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
    return { stdout: Buffer.from(printed(rows)), stderr: '', code: 0 }
  })
  const queries = Object.keys(results(7)).map(name => ({ name, sql: name }))
  const twin = { id: 'i-7' } as SimulatedHost
  const say = async (script: string) =>
    (await prepared.run(twin, 'i-7', encodeScript(script))).stdout.toString('latin1')
  const real = host('i-7', results(7))
  const options = { nonce: NONCE, budgetSeconds: 60, querySeconds: 20, retain: true }
  const plain = [real.collect(), await say(collectorScript(queries, options))]
  const own = /^(?:uid|machine-id|boot-id) .*$/gm
  const bodies = plain.map(reply => bodyOf(reply).toString('latin1').replace(own, ''))
  // An empty list is printed by the stand-in for osquery in one way, and by the test in another.
  const even = (text: string) => text.replace(/^query (?:_\w+|none) .*$/gm, '').replace(/\[\n*\]\n/g, '')
  expect(even(bodies[1]!)).toBe(even(bodies[0]!))
  const tokens = [
    real.run(dedupScript(NONCE, dictionary.packed)),
    await say(dedupScript(NONCE, dictionary.packed))
  ].map(reply => {
    return gunzipSync(chunkOf(reply).bytes)
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
  // A host runs a shell for each statement: many drawn results are queries of two hosts.
  const drawn = fc.array(fc.tuple(rows, rows), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(drawn, pairs => {
      const named = (side: 0 | 1) => Object.fromEntries(pairs.map((pair, at) => [`q${at}`, pair[side]]))
      const same = files.slice(0, 3)
      const sample = bodyOf(host('i-1', { ...named(0), same }).collect())
      const learned = buildDictionary([sample], new Set())
      const one = host('i-2', { ...named(1), same, filler: fillers })
      const plain = bodyOf(one.collect())
      const { bytes, bodySha256 } = chunkOf(one.run(dedupScript(NONCE, learned.packed)))
      expect(decodeDedupReply(gunzipSync(bytes), learned, bodySha256)?.equals(plain)).toBe(true)
    }),
    { numRuns: 1, endOnFailure: true }
  )
})

const fillers: Rows = Array.from({ length: 60 }, (_, at) => ({ sha256: hex(`filler ${at}`) }))

test('a host that refers to rows it does not hold is not believed', () => {
  const body = bodyOf(host('i-7', results(7, [{ path: '/tmp/implant', sha256: hex('implant') }])).collect())
  const announced = hex(body.toString('latin1'))
  const claim = [
    ...dictionary.entries.slice(0, 9).map(entry => `=${entry.text}`),
    ...Array.from({ length: 3 }, () => 'w 1')
  ].join('\n')
  expect(decodeDedupReply(Buffer.from(claim), dictionary, announced)).toBe(null)
})

test('no text throws, or decodes to more than a host may send', () => {
  const long = { entries: [{ kind: 'line', text: 'x'.repeat(5_000) } as const], packed: '' }
  const bomb = Array.from({ length: 100_000 }, () => '@1').join('\n')
  expect(decodeDedupReply(Buffer.from(bomb), long, '')).toBe(null)
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
      tokens => decodeDedupReply(Buffer.from(tokens.join('\n')), long, 'f'.repeat(64)) === null
    )
  )
})

test('sample hosts are few, and cover what most hosts have', () => {
  const heads = new Map(
    Array.from({ length: 400 }, (_, at) => {
      const image = at % 8
      return [
        `i-${at}`,
        [
          { name: 'files', ok: true, bytes: 10, sha256: hex(`image ${image}`) },
          { name: 'users', ok: true, bytes: 10, sha256: hex('same') },
          { name: 'programs', ok: true, bytes: 10, sha256: hex(`own ${at}`) }
        ]
      ] as const
    })
  )
  const samples = chooseSampleHosts(heads, new Set(), 100)
  expect(new Set(samples.map(id => Number(id.slice(2)) % 8)).size).toBe(8)
  expect(samples.length).toBeLessThanOrEqual(8)
  expect(
    chooseSampleHosts(heads, new Set(samples.flatMap(id => heads.get(id as 'i-0')!.map(resultKey))), 100)
      .length
  ).toBeLessThanOrEqual(4)
})

test.each(SHELLS)(
  'in %s, an answer that does not fit in one reply is printed in chunks, and then removed',
  shell => {
    const noise: Rows = Array.from({ length: 1_000 }, (_, at) => ({
      at: String(at),
      sha256: hex(`noise ${at}`)
    }))
    const one = host('i-9', { noise })
    const first = chunkOf(one.collect(shell, false))
    expect(first.total).toBeGreaterThan(2 * CHUNK_BYTES)
    const chunks = [first.bytes]
    for (let index = 1; index * CHUNK_BYTES < first.total; index++) {
      const output = one.run(chunkScript(NONCE, index), shell)
      expect(output.length).toBeLessThanOrEqual(23_999)
      const chunk = chunkOf(output)
      expect(chunk).toMatchObject({ index, total: first.total, bodySha256: first.bodySha256 })
      chunks.push(chunk.bytes)
    }
    const body = bodyIn(Buffer.concat(chunks), first.bodySha256)
    const opened = openBody(body, { nonce: NONCE, host: 'i-9', queries: ['noise'] })
    expect(opened.kind === 'answer' && opened.queries.noise?.rows).toEqual(noise)
    expect(one.run(removeScript(NONCE), shell)).toBe('')
    expect(readdirSync(one.temp)).toEqual([])
    expect(one.run(chunkScript(NONCE, 1), shell)).toBe('fleet-drift: the folder of this run is gone\n')
  }
)
