import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import { newFolder, runOverFiles, snapshotOf } from '../../support/file-runs.ts'
import { fleet } from '../../support/fleets.ts'

const hosts = fleet(
  48,
  (index, rows) => index === 4 && rows.programs!.push({ path: '/opt/x', username: 'root' })
)

test('a snapshot that is cut leaves the run incomplete, and the report names the file', async () => {
  const whole = await readFile(await snapshotOf(fleet(48)))
  const cut = join(await newFolder(), 'cut.ndjson.gz')
  await writeFile(cut, whole.subarray(0, whole.length - 400))
  const { outputs, report } = await runOverFiles({ files: cut, 'fail-on': 'never' })
  expect(report.summary.coverage).toBeLessThan(1)
  expect(report.notices.join('\n')).toMatch(
    /cut\.ndjson\.gz, line [\d,]+: the compressed file ends in the middle/
  )
  expect(outputs.verdict).toBe('incomplete')
})

test('a plain snapshot gives the same report as a compressed one, except for the run', async () => {
  const packed = await snapshotOf(hosts)
  const plain = `${packed}.txt`
  await writeFile(plain, gunzipSync(await readFile(packed)))
  const [first, second] = [await runOverFiles({ files: packed }), await runOverFiles({ files: plain })]
  const again = await runOverFiles({ files: first.outputs.snapshot! })
  expect(first.report.findings.length).toBeGreaterThan(0)
  for (const other of [second, again])
    expect({ ...other.report, run: null }).toEqual({ ...first.report, run: null })
})
