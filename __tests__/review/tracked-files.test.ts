import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { refuseTrackedFiles } from '../../src/review/tracked-files.ts'

const root = mkdtempSync(join(tmpdir(), 'tracked-'))
const workspace = join(root, 'work')
mkdirSync(join(workspace, 'snapshot/a'), { recursive: true })
mkdirSync(join(root, 'temp'))
writeFileSync(join(workspace, 'snapshot/a/0.ndjson.gz'), '')
writeFileSync(join(root, 'temp/fleet.ndjson.gz'), '')
symlinkSync(join(root, 'temp/fleet.ndjson.gz'), join(workspace, 'link.ndjson.gz'))
execFileSync('git', ['-C', workspace, 'init', '--quiet'])
execFileSync('git', ['-C', workspace, 'add', 'snapshot', 'link.ndjson.gz'])
writeFileSync(join(workspace, 'snapshot/downloaded.ndjson.gz'), '')

afterAll(() => rmSync(root, { recursive: true }))

test('a pull request cannot bring the snapshot that judges it', async () => {
  await expect(refuseTrackedFiles('files', ['snapshot/**/*.ndjson.gz'], workspace)).rejects.toThrow(
    'files: snapshot/a/0.ndjson.gz came with the checkout'
  )
  await expect(refuseTrackedFiles('files', ['*.ndjson.gz'], workspace)).rejects.toThrow(
    'link.ndjson.gz came with'
  )
})

test('a pull request cannot bring what earlier runs found', async () => {
  await expect(refuseTrackedFiles('previous', ['snapshot/a/0.ndjson.gz'], workspace)).rejects.toThrow(
    'previous: snapshot/a/0.ndjson.gz came with the checkout, so this pull request could choose what earlier runs found'
  )
})

test('files that Git does not track are read, in the checkout and outside of it', async () => {
  await refuseTrackedFiles('files', ['snapshot/*.ndjson.gz', join(root, 'temp/*.gz')], workspace)
})
