import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const BUNDLE = join(import.meta.dirname, '..', '..', 'dist', 'index.js')
/** What Node.js 20 does not have. */
const OLDER = [
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })",
  'delete Map.groupBy',
  'delete Object.groupBy',
  'delete Promise.withResolvers',
  'delete AbortSignal.any',
  'delete Array.fromAsync',
  "delete (await import('node:fs')).promises.glob"
].join(';')

test.each([
  ['as an action', []],
  ['on the command line', ['check', '--collector', 'files']]
])('an old runner, and one on 32-bit ARM, get a sentence instead of a crash %s', (_, args) => {
  const older = `data:text/javascript,${encodeURIComponent(OLDER)}`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', older, BUNDLE, ...args], {
    env: { INPUT_MODE: 'check' },
    encoding: 'utf8'
  })
  expect([status, stderr]).toEqual([1, ''])
  expect(stdout).toMatch(
    /^::error::This runner started the action with Node\.js 20\.20\.2, and it needs Node\.js 24\. Update the runner; .*32-bit ARM/
  )
})
