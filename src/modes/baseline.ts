import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import * as core from '@actions/core'
import { integrityAdditions } from '../baseline/diff.ts'
import { writeBaseline } from '../baseline/write.ts'
import { learnFromFleet } from '../learn/learn-from-fleet.ts'
import { failures } from '../publish/gate.ts'
import { type Collection, type Job, publishReport } from './job.ts'
import { dayOf, fleetReport } from './report.ts'

/**
 * Mode `baseline`: learns the baseline from the fleet, writes it where it differs, and tells of it. Returns why the
 * run must fail; the file is then untouched.
 */
export async function runBaseline(job: Job, fetched: Collection): Promise<string[]> {
  const { inputs, context, log } = job
  const { asked, queries, hosts } = fetched
  const previous = asked.baseline?.content ?? null
  const upkeep = {
    name: previous?.name ?? inputs.name,
    packs: Object.fromEntries(asked.packs.map(({ name, sha256 }) => [name, sha256])),
    cleanHosts: inputs.baselineHosts,
    previous,
    acceptRare: inputs.baselineAcceptRare
  }
  const question = { queries, indicators: asked.indicators, today: dayOf(job) }
  const learned = await log.group('Learn', () => learnFromFleet(upkeep, question, hosts))
  const { baseline, changes, refused } = learned
  const unread = { ...fetched, asked: { ...asked, baseline: null } }
  const report = fleetReport(job, unread, learned, learned.notices)
  const problems = failures({ ...report, findings: [] }, { ...inputs, failOn: 'never' })

  const path = inputs.baseline ?? ''
  const text = writeBaseline(baseline)
  const changed = problems.length === 0 && text !== asked.baseline?.text
  if (changed) {
    const file = resolve(context.workspace, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  core.setOutput('baseline-path', path)
  core.setOutput('baseline-changed', String(changed))
  const integrity = integrityAdditions(changes, queries)
  await publishReport(job, { ...report, learned: { path, changed, changes, integrity, refused } })
  return problems
}
