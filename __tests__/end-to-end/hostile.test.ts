import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import type { ActionResult } from '../../simulator/runner.ts'
import { type SimulatorServer, startServer } from '../../simulator/server/server.ts'
import type { HostRecord, Row } from '../../src/snapshot/snapshot.ts'
import { openSnapshot } from '../../src/snapshot/write.ts'
import { act, removeRuns } from '../support/end-to-end.ts'
import { host } from '../support/fleets.ts'
import { HOSTILE } from '../support/hostile.ts'
import { hasCmark, outsideCode, toHtml } from '../support/rendered.ts'

/** Peak memory of a run, whatever a host sends (MiB). */
const MAX_MEMORY_MB = 400
const MIB = 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), 'hostile-'))
const queries = ['kernel_modules', 'crontab', 'suid_bin', 'listening_ports']
let server: SimulatorServer

beforeAll(async () => {
  server = await startServer(makeFleet({ seed: 5, hostCount: 14 }))
})

afterAll(async () => {
  await server.close()
  await removeRuns()
  rmSync(folder, { recursive: true, force: true })
})

function record(id: string, rows: Readonly<Record<string, readonly Row[]>>): HostRecord {
  const everyQuery = Object.fromEntries(queries.map(name => [name, [...(rows[name] ?? [])]]))
  return host(id, everyQuery, { collectedAt: '2026-11-25T06:00:00Z' })
}

async function snapshotOf(name: string, hosts: Iterable<HostRecord>): Promise<string> {
  const path = join(folder, name)
  const writer = await openSnapshot(path, {
    fleetDriftSnapshot: 1,
    name: 'checkout',
    collector: 'ssm',
    packs: [],
    targets: [],
    region: 'eu-west-1',
    startedAt: '2026-11-25T06:00:00Z'
  })
  for (const one of hosts) await writer.write(one)
  await writer.close()
  return path
}

const honest = Array.from({ length: 30 }, (_, at) =>
  record(`i-0${String(at).padStart(16, '0')}`, {
    kernel_modules: ['ext4', 'nf_tables'].map(name => ({ name, size: '1', used_by: '-', status: 'Live' })),
    listening_ports: [{ protocol: '6', address: '0.0.0.0', port: '22', path: '/usr/sbin/sshd' }]
  })
)

/** Runs the action on a snapshot, and measures its peak memory in MiB. */
async function judge(file: string): Promise<ActionResult & { memory: number }> {
  const measured = join(folder, 'memory')
  const code = `import { writeFileSync } from 'node:fs'
    process.on('exit', () => writeFileSync(${JSON.stringify(measured)}, String(process.resourceUsage().maxRSS)))`
  const result = await act(server, {
    inputs: { collector: 'files', files: file, targets: '', 'role-to-assume': '', issue: 'rolling' },
    env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` }
  })
  return { ...result, memory: Number(readFileSync(measured, 'utf8')) / 1024 }
}

function channelsOf({ log, summary, outputs }: ActionResult): Record<string, string> {
  const text = (name: string) => readFileSync(outputs[name]!, 'utf8')
  return {
    log,
    summary,
    issue: server.github.issues.at(-1)!.body,
    markdown: text('report-markdown'),
    json: text('report-json'),
    sarif: text('report-sarif'),
    outputs: JSON.stringify(outputs)
  }
}

/** Limits of GitHub, and of what a person can open. */
function expectBounded(run: ActionResult): void {
  const channels = channelsOf(run)
  expect(Buffer.byteLength(channels.summary!)).toBeLessThanOrEqual(1_048_576)
  expect(Buffer.byteLength(channels.issue!)).toBeLessThanOrEqual(60_000)
  expect(Buffer.byteLength(channels.json!)).toBeLessThan(10 * MIB)
  expect(Buffer.byteLength(channels.sarif!)).toBeLessThan(10 * MIB)
  expect(Buffer.byteLength(channels.log!)).toBeLessThan(200_000)
}

test('a host that sends every attack is a finding, and none of it takes effect in any channel', async () => {
  const says = HOSTILE.map(text => text.slice(0, 3_000))
  const evil = record('i-0eeeeeeeeeeeeeeee', {
    kernel_modules: says.map(text => ({ name: text, size: '1', used_by: text, status: 'Live' })),
    crontab: says.map(text => ({ path: text, command: text, [`x${text}`.slice(0, 60)]: text }))
  })
  const run = await judge(await snapshotOf('evil.ndjson.gz', [...honest, evil]))
  expect(run.outputs.verdict).toBe('drift')
  expect(JSON.parse(run.outputs['outlier-hosts']!)).toEqual(['i-0eeeeeeeeeeeeeeee'])
  const channels = channelsOf(run)
  for (const [channel, text] of Object.entries(channels)) {
    const seen = channel === 'log' ? text.replaceAll(/%0A|%0D/g, '\n') : text
    expect([channel, seen]).toEqual([channel, expect.not.stringMatching(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u)])
  }
  const commands = channels.log!.split('\n').filter(line => /^\s*::|##\[/.test(line))
  for (const line of commands) expect(line).toMatch(/^::(?:group|endgroup|debug|warning|error|add-mask)[ :]/)
  expect(commands.join('\n')).not.toMatch(/forged|::clean$|stop-commands/)
  expect(channels.issue!.split('\n').filter(line => line.startsWith('<!--'))).toHaveLength(2)
  if (hasCmark) {
    for (const name of ['summary', 'issue', 'markdown']) {
      const html = outsideCode(toHtml(channels[name]!))
      expect(html).not.toMatch(/<(?:script|img|h1|input)|javascript:|evil\.example|@octocat|@acme/)
      const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!)
      for (const href of links)
        expect(href).toMatch(/^https:\/\/(?:attack\.mitre\.org|github\.com\/acme\/infra)\//)
    }
  }
})

test('strings of 1 MB from a host are bounded in memory and in every report', async () => {
  const mega = Array.from({ length: 12 }, (_, at) => ({
    name: `${at}${'@a <b>|`'.repeat(MIB / 8)}`,
    size: '1',
    used_by: '-',
    status: 'Live'
  }))
  const evil = record('i-0eeeeeeeeeeeeeeee', { kernel_modules: mega })
  const run = await judge(await snapshotOf('huge.ndjson.gz', [...honest, evil]))
  expect(run.memory).toBeLessThan(MAX_MEMORY_MB)
  expect(JSON.parse(run.outputs['outlier-hosts']!)).toEqual(['i-0eeeeeeeeeeeeeeee'])
  expectBounded(run)
})

test('200,000 rows that only one host has are one finding, and every report is short', async () => {
  const many = Array.from({ length: 200_000 }, (_, at) => ({ path: `/tmp/.${at}`, mode: '4755' }))
  const evil = record('i-0eeeeeeeeeeeeeeee', { suid_bin: many })
  const run = await judge(await snapshotOf('many.ndjson.gz', [...honest, evil]))
  expect(JSON.parse(run.outputs['outlier-hosts']!)).toEqual(['i-0eeeeeeeeeeeeeeee'])
  expect(run.summary).toContain(
    '1 finding has more than 1,000 rows: the rest, 19,000 rows, are only in the snapshot.'
  )
  expectBounded(run)
})

test('a snapshot that unpacks to gigabytes is rejected, in bounded memory', async () => {
  const path = join(folder, 'bomb.ndjson.gz')
  const { writeFileSync } = await import('node:fs')
  const piece = gzipSync(Buffer.alloc(64 * MIB, 0x20), { level: 9 })
  writeFileSync(
    path,
    Buffer.concat([gzipSync('{"fleetDriftSnapshot":1}\n'), ...Array.from({ length: 32 }, () => piece)])
  )
  const run = await judge(path)
  expect(run.code).toBe(1)
  expect(run.log).toMatch(/::error::.*longer than/)
  expect(run.memory).toBeLessThan(MAX_MEMORY_MB)
  expect(run.outputs.verdict).toBe('incomplete')
})
