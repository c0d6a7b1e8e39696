import { describe, expect, test } from '@jest/globals'
import { choices, count, list, number, plural } from '../../src/text/phrases.ts'

describe('phrases', () => {
  test('a noun agrees with its number', () => {
    expect([0, 1, 2, 2_000].map(n => count(n, 'host'))).toEqual([
      '0 hosts',
      '1 host',
      '2 hosts',
      '2,000 hosts'
    ])
    expect([1, 2].map(n => count(n, 'query', 'queries'))).toEqual(['1 query', '2 queries'])
    expect([0, 1, 2].map(n => plural(n, 'has', 'have'))).toEqual(['have', 'has', 'have'])
  })

  test('thousands are separated by a comma', () => {
    expect([0, 999, 1_000, 12_345, 1_234_567].map(number)).toEqual([
      '0',
      '999',
      '1,000',
      '12,345',
      '1,234,567'
    ])
  })

  test('a list ends with "and"', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(names => list(names))).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c'
    ])
  })

  test('a choice ends with "or"', () => {
    expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(choices)).toEqual(['a', 'a or b', 'a, b or c'])
  })

  test('a list that is too long says how many names are left out', () => {
    const names = ['a', 'b', 'c', 'd']
    expect(list(names, 4)).toBe('a, b, c and d')
    expect(list(names, 3)).toBe('a, b, c and 1 more')
    expect(list(names, 0)).toBe('4 more')
    expect(
      list(
        Array.from({ length: 2_002 }, (_, at) => `${at}`),
        2
      )
    ).toBe('0, 1 and 2,000 more')
  })
})
