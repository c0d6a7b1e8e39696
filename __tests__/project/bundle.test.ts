import { isAscii } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

const bundle = readFileSync('dist/index.js')

test('the bundle is at most 4 MB', () => {
  expect(bundle.length).toBeLessThanOrEqual(4_000_000)
})

// V8 keeps any other text with two bytes for a character, and takes longer to compile it.
test('the bundle is ASCII', () => {
  expect(isAscii(bundle)).toBe(true)
})

test('the license of each package in the bundle is beside it', () => {
  const licenses = readFileSync('dist/licenses.txt', 'utf8')
  for (const name of [
    '@actions/core',
    '@aws-sdk/client-ssm',
    '@octokit/core',
    're2js',
    'undici',
    'yaml',
    'zod'
  ])
    expect(licenses).toMatch(new RegExp(`^${name}\n(?:MIT|Apache-2.0|ISC)\n.{20}`, 'ms'))
})
