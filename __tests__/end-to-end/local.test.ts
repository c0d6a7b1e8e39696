import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeFleet } from '../../simulator/fleet/fleet.ts'
import { type SimulatorServer, startServer } from '../../simulator/server/server.ts'
import { act, removeRuns } from '../support/end-to-end.ts'

const tools = mkdtempSync(join(tmpdir(), 'tools-'))
const files = {
  'pack.json': JSON.stringify({
    queries: {
      modules: { query: 'SELECT name FROM kernel_modules' },
      environment: { query: 'SELECT key, value FROM process_envs' }
    }
  })
}
let server: SimulatorServer

beforeAll(async () => {
  server = await startServer(makeFleet({ hostCount: 14 }))
  const osqueryi = join(tools, 'osqueryi')
  writeFileSync(
    osqueryi,
    `#!/bin/sh
for sql; do :; done
case $sql in
*kernel_modules*) printf '[\\n  {"name":"ext4"},\\n  {"name":"%s"}\\n]\\n' "$(head -c 60000 /dev/urandom | base64 | tr -d '\\n')" ;;
*process_envs*) printf '[\\n  {"key":"all","value":"%s"}\\n]\\n' "$(env | base64 | tr -d '\\n')" ;;
*) printf '[\\n\\n]\\n' ;;
esac
`
  )
  chmodSync(osqueryi, 0o755)
})

afterAll(async () => {
  await server.close()
  await removeRuns()
  rmSync(tools, { recursive: true })
})

test('the local collector queries the runner itself, without a call, and passes no token on; one host is compared with nothing', async () => {
  const run = await act(server, {
    inputs: {
      collector: 'local',
      packs: 'pack.json',
      targets: '',
      'aws-region': '',
      'role-to-assume': '',
      'fail-on': 'never'
    },
    files,
    env: { PATH: `${tools}:${process.env.PATH}`, SECRET_OF_THE_JOB: 'hunter2' }
  })
  expect(run.code).toBe(0)
  expect(run.outputs).toMatchObject({ verdict: 'incomplete', coverage: '1.0000' })
  const report = JSON.parse(readFileSync(run.outputs['report-json']!, 'utf8'))
  expect(report.hosts).toEqual([expect.objectContaining({ id: hostname(), status: 'reported' })])
  const again = await act(server, {
    inputs: {
      collector: 'files',
      files: 'one.gz',
      packs: 'pack.json',
      indicators: 'ext4\nmodules.name=ext4\nenvironment.key=all',
      'fail-on': 'never'
    },
    files: { ...files, 'one.gz': readFileSync(run.outputs.snapshot!) }
  })
  const { findings } = JSON.parse(readFileSync(again.outputs['report-json']!, 'utf8'))
  const rows = findings.flatMap((finding: { rows: { row: { value?: string } }[] }) => finding.rows)
  const seen = rows.flatMap(({ row }: { row: { value?: string } }) => row.value ?? [])
  expect(seen).not.toEqual([])
  const environment = seen.map((value: string) => Buffer.from(value, 'base64').toString()).join('\n')
  expect(environment).toContain('PATH=')
  expect(environment).not.toMatch(/hunter2|INPUT_|ACTIONS_/)
  expect(server.calls.filter(({ service }) => service !== 'github')).toEqual([])
})

test('without osquery, the runner is partially assessed', async () => {
  const run = await act(server, {
    inputs: { collector: 'local', packs: 'pack.json', 'fail-on': 'never' },
    files
  })
  expect(run.outputs.verdict).toBe('incomplete')
  const report = JSON.parse(readFileSync(run.outputs['report-json']!, 'utf8'))
  expect(report.hosts).toEqual([
    expect.objectContaining({ status: 'partial', reason: 'osquery is not installed' })
  ])
})

test('a hosted runner, whose jobs do not run as root, is not called assessed by queries that need root', async () => {
  writeFileSync(join(tools, 'id'), '#!/bin/sh\ncase $1 in -u) echo 1001 ;; *) exit 1 ;; esac\n')
  chmodSync(join(tools, 'id'), 0o755)
  const pack = {
    queries: { modules: { query: 'SELECT name FROM kernel_modules', fleet_drift: { root: true } } }
  }
  const run = await act(server, {
    inputs: { collector: 'local', packs: 'pack.json', 'fail-on': 'never' },
    files: { 'pack.json': JSON.stringify(pack) },
    env: { PATH: `${tools}:${process.env.PATH}` }
  })
  rmSync(join(tools, 'id'))
  expect(run.outputs).toMatchObject({ verdict: 'incomplete', coverage: '0.0000' })
  const report = JSON.parse(readFileSync(run.outputs['report-json']!, 'utf8'))
  expect(report.hosts).toEqual([
    expect.objectContaining({
      status: 'partial',
      code: 'no-root',
      reason: 'osquery ran without root, and some queries need it'
    })
  ])
})
