import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const COMMAND = join(import.meta.dirname, '../../bin/fleet-drift.js')

const type = (...args: string[]) => spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' })

test.each([
  ['without a command', []],
  ['--help', ['--help']]
])('fleet-drift %s prints the commands', (_, args) => {
  expect(type(...args)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('fleet-drift explain FINDING-ID report.json'),
    stderr: ''
  })
})

test('fleet-drift with an unknown command exits with 2, and takes nothing for an input of the action', () => {
  const { status, stdout, stderr } = type('chek')
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toContain('There is no command chek.')
})

test('fleet-drift ends in silence when nobody reads any more', () => {
  const script = '{ "$0" "$1" check --help; echo "exit $?" >&2; } | :'
  const { stderr } = spawnSync('sh', ['-c', script, process.execPath, COMMAND], { encoding: 'utf8' })
  expect(stderr).toBe('exit 0\n')
})
