import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { patternOf } from '../../src/baseline/patterns.ts'

const matches = (pattern: string, text: string) => patternOf(pattern).test(text)

describe('a pattern of a baseline', () => {
  test.each<[string, string[], string[]]>([
    [
      '/x/<num>',
      ['/x/1', `/x/${'1'.repeat(40)}`, '/x/<num>'],
      ['/x/', '/x/a', `/x/${'1'.repeat(41)}`, '/x/1/']
    ],
    ['<hex>.so', ['a0.so', `${'f'.repeat(128)}.so`], [`${'f'.repeat(129)}.so`, 'g.so', '.so', 'a0.so.1']],
    [
      'j-<uuid>',
      ['j-00000000-0000-0000-0000-000000000000'],
      ['j-0', 'j-00000000-0000-0000-0000-00000000000g']
    ],
    ['<rand>-<rand>', ['a-b', 'a-b-c', '---', '<rand>-x'], ['-', '--', 'ab', 'a b-c']],
    ['a+(<num>)', ['a+(7)'], ['aa7', 'a+7']],
    ['\\<hex> <num>', ['\\<hex> 7'], ['\\ab 7']]
  ])('%s matches whole values of its kind', (pattern, those, others) => {
    expect(those.filter(text => !matches(pattern, text))).toEqual([])
    expect(others.filter(text => matches(pattern, text))).toEqual([])
  })

  test('with many parts matches like the equivalent regular expression', () => {
    const SOURCE: Record<string, string> = {
      '<num>': '\\d{1,40}',
      '<hex>': '[0-9a-fA-F]{1,128}',
      '<rand>': '[A-Za-z0-9_-]{1,128}'
    }
    const part = fc.constantFrom('<num>', '<hex>', '<rand>', 'a', '-', '1', '/')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.stringMatching(/^[a1g/-]{0,8}$/), (parts, text) => {
        const source = parts.map(one => SOURCE[one] ?? one).join('')
        return matches(parts.join(''), text) === new RegExp(`^${source}$`).test(text)
      })
    )
  })

  test('with any number of parts is quick on hostile text', () => {
    expect(matches(`/x/${'<rand>'.repeat(40)}!`, `/x/${'a'.repeat(4000)}`)).toBe(false)
    expect(matches(`/x/${'<rand>-'.repeat(40)}!`, `/x/${'a-'.repeat(2000)}!`)).toBe(true)
  })
})
