import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { lineLocator } from '../../src/text/line-locator.ts'

test('every offset of a text has the line and column that an editor shows', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n', '💥')), pieces => {
      const text = pieces.join('')
      const locate = lineLocator(text)
      for (let offset = 0; offset <= text.length; offset++) {
        const lines = text.slice(0, offset).split('\n')
        expect(locate(offset)).toEqual({ line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 })
      }
    })
  )
})
