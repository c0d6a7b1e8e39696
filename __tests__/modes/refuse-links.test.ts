import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { refuseLinks } from '../../src/modes/refuse-links.ts'

let folder: string
let workspace: string

/** A checkout with links that lead out of it, in every place that a path can have one. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'links-'))
  workspace = join(folder, 'workspace')
  for (const path of ['out', 'plain/deep', 'with-link']) mkdirSync(join(workspace, path), { recursive: true })
  mkdirSync(join(folder, 'outside'))
  writeFileSync(join(workspace, 'plain/report.json'), '{}')
  symlinkSync(join(folder, 'outside'), join(workspace, 'linked'))
  symlinkSync('../outside', join(workspace, 'relative'))
  symlinkSync('/nowhere/at/all', join(workspace, 'dangling'))
  symlinkSync('out', join(workspace, 'inward'))
  symlinkSync('.', join(workspace, 'itself'))
  symlinkSync(join(folder, 'outside/x'), join(workspace, 'with-link/report.html'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  ['a folder that is a link', 'linked'],
  ['one with a relative target', 'relative'],
  ['one that leads nowhere yet', 'dangling'],
  ['one that stays in the workspace', 'inward'],
  ['a folder below a link', 'linked/new/deep'],
  ['a file below a link', 'relative/baseline.json'],
  ['a link to the folder itself', 'itself/itself/out'],
  ['a folder with a link in it', 'with-link'],
  ['a file that is a link', 'with-link/report.html']
])('nothing is written through %s', async (_, path) => {
  await expect(refuseLinks(join(workspace, path), workspace)).rejects.toThrow(
    /is a link: the action writes nothing through links of the repository/
  )
})

test.each([
  ['a folder', 'plain'],
  ['a file', 'plain/report.json'],
  ['what is not there yet', 'new/deep/file.json'],
  ['the folder beside a link', 'out']
])('%s may be written', async (_, path) => {
  await expect(refuseLinks(join(workspace, path), workspace)).resolves.toBeUndefined()
})

test('folders outside of the workspace are the choice of the workflow', async () => {
  await expect(refuseLinks(join(folder, 'outside'), workspace)).resolves.toBeUndefined()
})
