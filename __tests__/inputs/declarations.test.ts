import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { INPUTS } from '../../src/inputs/inputs.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Names and defaults, as a workflow author sees them: a default that is known only at run time is empty. */
const declared = Object.values(INPUTS).map(input => [
  input.name,
  typeof input.default === 'string' ? input.default : ''
])

/** The only default that is an expression: outside of a workflow there is no token. */
const withoutExpressions = (text: string) => text.replace(/^\$\{\{ github\.token \}\}$/, '')

test('action.yml declares the inputs of the code, in its order and with its defaults', () => {
  const action: Record<string, { default: unknown }> = parse(read('action.yml')).inputs
  expect(
    Object.entries(action).map(([name, input]) => [name, withoutExpressions(String(input.default))])
  ).toEqual(declared)
})

test('the README lists the inputs of the code, in its order and with its defaults', () => {
  const [, table = ''] = /<!-- inputs -->([\s\S]*)<!-- \/inputs -->/.exec(read('README.md')) ?? []
  const rows = [...table.matchAll(/^\| `([^`]+)` *\| (?:`([^`]+)`)? *\|/gm)]
  expect(rows.map(([, name, value = '']) => [name, withoutExpressions(value)])).toEqual(declared)
})
