import { statSync } from 'node:fs'
import { expect, test } from '@jest/globals'

test('the bundle is at most 4 MB', () => {
  expect(statSync('dist/index.js').size).toBeLessThanOrEqual(4_000_000)
})
