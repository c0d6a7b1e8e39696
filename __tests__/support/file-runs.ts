import { mkdtempSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { systemClock } from '../../src/clock.ts'
import { run } from '../../src/run.ts'
import type { HostRecord } from '../../src/snapshot/snapshot.ts'
import { openSnapshot } from '../../src/snapshot/write.ts'
import { recordingLog } from './recording-log.ts'

const root = mkdtempSync(join(tmpdir(), 'fleet-drift-'))
afterAll(() => rm(root, { recursive: true }))

/** A new folder, which is removed when all tests of the file have ended. */
export const newFolder = (): Promise<string> => mkdtemp(join(root, 'run-'))

/** Writes hosts as a snapshot. Returns its path. @param more.targeted how many hosts were targeted, if more than these */
export async function snapshotOf(
  hosts: Iterable<HostRecord>,
  startedAt = '2026-11-23T03:00:00.000Z',
  more: { readonly targeted?: number; readonly targets?: readonly string[] } = {}
): Promise<string> {
  const path = join(await newFolder(), 'snapshot.ndjson.gz')
  const header = {
    name: 'web',
    collector: 'ssm',
    packs: [],
    targets: more.targets ?? ['tag:Service=web'],
    region: null,
    startedAt
  }
  const writer = await openSnapshot(path, { fleetDriftSnapshot: 1, ...header })
  for (const host of hosts) await writer.write(host)
  await writer.close(more.targeted)
  return path
}

/** A run of the action over files, with `inputs` by their names. The pack is at `pack`, or there is none. */
export async function runOverFiles(inputs: Readonly<Record<string, string>>, day = '2026-11-24') {
  const dir = await newFolder()
  const outputs: Record<string, string> = {}
  const log = recordingLog()
  const all: Record<string, string> = { collector: 'files', 'output-dir': dir, 'fail-on': 'never', ...inputs }
  const exitCode = await run({
    env: { GITHUB_WORKSPACE: dir },
    clock: { ...systemClock, now: () => Date.parse(`${day}T03:00:00Z`) },
    log,
    getInput: name => all[name] ?? '',
    setOutput: (name, value) => {
      outputs[name] = value
    },
    mask: () => undefined
  })
  const read = async (file: string) => JSON.parse(await readFile(join(dir, file), 'utf8'))
  return { exitCode, outputs, log, dir, read, report: await read('report.json').catch(() => null) }
}
