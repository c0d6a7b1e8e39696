import { expect, test } from '@jest/globals'
import { lockedDocument, PARAMETERS } from '../../../src/collect/script/document.ts'
import { lockedParameters } from '../../../src/collect/ssm/task.ts'
import { parseOsquerySources } from '../../../src/inputs/osquery-sources.ts'
import { builtinPack } from '../../../src/osquery/builtin-packs.ts'

const NONCE = '00ff00ff00ff00ff00ff00ff'
const queries = builtinPack('linux')!.queries

test('a locked document is within the limit of SSM, and accepts no commands', () => {
  const document = JSON.parse(lockedDocument(queries))
  expect(Object.keys(document.parameters)).not.toContain('commands')
  expect(document.mainSteps[0].inputs.runCommand.join('\n')).not.toMatch(/\{\{ ?ssm:/)
})

test('the document has every parameter that a run sends, and its pattern allows the value', () => {
  const limits = { budgetSeconds: 480, querySeconds: 60, retain: true, viaS3: false, osquery: [] }
  for (const task of [
    { kind: 'collect', queries, ...limits },
    { kind: 'chunk', index: 59 },
    { kind: 'dedup', dictionary: 'H4sIAAAA+/==' },
    { kind: 'remove' }
  ] as const) {
    for (const [name, [value]] of Object.entries(lockedParameters(task, NONCE)))
      expect(value).toMatch(new RegExp(PARAMETERS[name]!.allowedPattern))
  }
})

test('no value of a parameter can escape its quotes', () => {
  for (const { allowedPattern } of Object.values(PARAMETERS))
    for (const hostile of ["'", "x'; id; '", '$(id)', '`id`', '\n', 'a b', '{{ssm:x}}', '\\'])
      expect(hostile).not.toMatch(new RegExp(allowedPattern))
})

test('the osquery input is parsed strictly', () => {
  const hex = 'ab'.repeat(32)
  expect(parseOsquerySources(['system'])).toEqual({ sources: [] })
  expect(parseOsquerySources([`x86_64 https://example.com/o.tar.gz#sha256=${hex.toUpperCase()}`])).toEqual({
    sources: [{ arch: 'x86_64', url: 'https://example.com/o.tar.gz', sha256: hex }]
  })
  for (const line of [
    'latest',
    `x86_64 http://example.com/o#sha256=${hex}`,
    `x86_64 https://example.com/o'#sha256=${hex}`,
    `x86_64 https://example.com/o#sha256=${hex.slice(1)}`,
    `x86_64 https://example.com/o`,
    `x86_64 https://example.com/{{ssm:x}}#sha256=${hex}`
  ])
    expect(parseOsquerySources([line])).toHaveProperty('problem')
  const twice = `x86_64 https://example.com/o#sha256=${hex}`
  expect(parseOsquerySources([twice, twice])).toEqual({ problem: 'names x86_64 twice' })
})
