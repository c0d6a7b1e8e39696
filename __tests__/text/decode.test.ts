import { expect, test } from '@jest/globals'
import { decodeUtf8, EncodingError } from '../../src/text/decode.ts'

const utf16 = (text: string, isBig: boolean) => {
  const bytes = Buffer.from(text, 'utf16le')
  return isBig ? bytes.swap16() : bytes
}

test.each([
  ['with a mark, as PowerShell writes it', utf16('\ufeff{"version": 1}', false)],
  ['with a mark, big end first', utf16('\ufeff{"version": 1}', true)],
  ['without a mark', utf16('{"version": 1}', false)],
  ['without a mark, big end first', utf16('{"version": 1}', true)]
])('UTF-16 %s is refused with what to do', (_, bytes) => {
  expect(() => decodeUtf8(bytes, 'b.json')).toThrow(new EncodingError('b.json is UTF-16: save it as UTF-8.'))
})

test('bytes that are not UTF-8 are refused, never replaced', () => {
  for (const bytes of [[0xff], [0x22, 0xc3, 0x28, 0x22], [0xed, 0xa0, 0x80], [0xc0, 0xaf]])
    expect(() => decodeUtf8(Uint8Array.from(bytes), 'b.json')).toThrow(
      'b.json is not UTF-8 text: save it as UTF-8.'
    )
})

test('UTF-8 is read as it is, with its mark', () => {
  for (const text of ['', '{', '\ufeff{}', 'ünïcode 😀\r\n'])
    expect(decodeUtf8(Buffer.from(text), 'b.json')).toBe(text)
})
