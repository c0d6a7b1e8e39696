import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

const document = readFileSync(new URL('../../docs/reliability.md', import.meta.url), 'utf8')
/** How many words of a test's name are looked for: some names end with a placeholder. */
const WORDS = 4

/** The names of tests in the last column, and the file that each group of names is followed by. */
const cited = document.split('\n').flatMap(line => {
  const cell = line.startsWith('| ') ? (line.split(' | ')[2] ?? '') : ''
  return [...cell.matchAll(/([^()]+) \(`([\w/-]+)`\)/g)].flatMap(([, names = '', file = '']) =>
    names
      .replace(/^[;,] /, '')
      .split('; ')
      .map(name => [file, name.replace(/^the same[;,]? ?/, '')] as const)
  )
})

test('the document cites tests', () => {
  expect(cited.length).toBeGreaterThan(60)
})

test.each(cited)('docs/reliability.md: %s has the test "%s"', (file, name) => {
  const path = new URL(`../${file}.test.ts`, import.meta.url)
  expect(existsSync(path)).toBe(true)
  const [longest = ''] = name.split('…').sort((a, b) => b.length - a.length)
  const start = longest.trim().split(' ').slice(0, WORDS).join(' ')
  expect(readFileSync(path, 'utf8').replaceAll("\\'", "'")).toContain(start)
})
