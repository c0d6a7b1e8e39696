import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readSnapshot } from '../../src/snapshot/read.ts'
import type { SnapshotHeader } from '../../src/snapshot/snapshot.ts'
import { openSnapshot } from '../../src/snapshot/write.ts'
import { fleet } from '../support/fleets.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-'))
})
afterAll(() => rm(folder, { recursive: true }))

const header: SnapshotHeader = {
  fleetDriftSnapshot: 1,
  name: 'web',
  collector: 'ssm',
  packs: [{ name: 'linux', sha256: 'sha256:00' }],
  targets: ['tag:a=b'],
  region: 'eu-west-1',
  startedAt: '2026-11-24T00:00:00Z'
}

async function readAll(path: string) {
  const reader = await readSnapshot(path)
  const hosts = []
  for await (const one of reader.hosts) hosts.push(one)
  return { header: reader.header, hosts }
}

async function written(name: string, lines: string[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, gzipSync(lines.join('\n')))
  return path
}

describe('a snapshot', () => {
  test('returns what was written, and its digest is that of the file', async () => {
    const path = join(folder, 'a.ndjson.gz')
    const hosts = fleet(30)
    const writer = await openSnapshot(path, header)
    for (const one of hosts) await writer.write(one)
    const digest = await writer.close()
    expect(digest).toBe(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    )
    const read = await readAll(path)
    expect(read.header).toEqual(header)
    expect(JSON.stringify(read.hosts)).toBe(JSON.stringify(hosts))
  })

  test('from before there were reason codes has none, and a code of a later release is not known', async () => {
    const line = { host: 'h', status: 'silent', reason: 'the agent is offline', queries: {} }
    const path = await written('codes.gz', [
      JSON.stringify(header),
      JSON.stringify(line),
      JSON.stringify({ ...line, code: 'undeliverable' }),
      JSON.stringify({ ...line, code: 'of-a-later-release' })
    ])
    expect((await readAll(path)).hosts.map(({ code }) => code)).toEqual([null, 'undeliverable', null])
  })

  test('keeps a column called __proto__ a plain column', async () => {
    const row = '{"__proto__":"x","a":1,"b":null}'
    const path = await written('proto.gz', [
      JSON.stringify(header),
      `{"host":"h","status":"reported","queries":{"q":{"status":"ok","rows":[${row}]}}}`
    ])
    const [one] = (await readAll(path)).hosts
    expect(Object.entries(one!.queries.q!.rows[0]!)).toEqual([
      ['__proto__', 'x'],
      ['a', '1'],
      ['b', '']
    ])
  })

  test('with a nested row fails that query only', async () => {
    const queries = { q: { status: 'ok', rows: [{ a: { b: 1 } }] }, r: { status: 'ok', rows: [{ a: '1' }] } }
    const path = await written('nested.gz', [
      JSON.stringify(header),
      JSON.stringify({ host: 'h', status: 'reported', queries })
    ])
    const [one] = (await readAll(path)).hosts
    expect([one!.queries.q!.status, one!.queries.r!.status]).toEqual(['failed', 'ok'])
  })

  test.each([
    ['another file', ['{"some":"json"}'], /is not a Fleet Drift snapshot/],
    ['an empty file', [''], /is not a Fleet Drift snapshot|not valid JSON/],
    ['a line that is not JSON', [JSON.stringify(header), '{oops'], /line 2: not valid JSON/],
    ['a line that is not a host', [JSON.stringify(header), '{"host":5}'], /line 2: not a host/]
  ])('that is %s is rejected with the place of the problem', async (name, lines, message) => {
    await expect(readAll(await written(`${name}.gz`, lines))).rejects.toThrow(message)
  })

  test('that was cut short is rejected', async () => {
    const whole = gzipSync(`${JSON.stringify(header)}\n${JSON.stringify(fleet(20)[3])}\n`)
    const path = join(folder, 'cut.gz')
    await writeFile(path, whole.subarray(0, whole.length - 40))
    await expect(readAll(path)).rejects.toThrow()
  })
})
