export const QUOTE = 0x22
const BACKSLASH = 0x5c

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The byte at an offset; −1 behind the end. */
export const byteAt = (text: DataView, at: number): number => (at < text.byteLength ? text.getUint8(at) : -1)

/** Where the JSON string whose first character is at `at` has its closing quote; −1: it is not valid JSON. */
export function stringEnd(text: DataView, at: number): number {
  const length = text.byteLength
  while (at < length) {
    const byte = text.getUint8(at)
    if (byte === QUOTE) return at
    if (byte < 0x20) return -1
    if (byte === BACKSLASH) {
      const escaped = byteAt(text, at + 1)
      if (escaped === 0x75) {
        for (let digit = 2; digit < 6; digit++) if (!isHex(byteAt(text, at + digit))) return -1
        at += 6
      } else {
        if (!ESCAPED.includes(escaped)) return -1
        at += 2
      }
    } else at++
  }
  return -1
}

/** What may follow a backslash: `"`, `\`, `/`, b, f, n, r, t (RFC 8259, section 7). */
const ESCAPED: readonly number[] = [0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)

/**
 * Compares eight bytes at a time, as numbers: this is most of the work. Exact, because `a` is JSON text without zero
 * bytes, so two numbers are equal only if their bytes are. Bytes that are NaN as a number (only
 * invalid UTF-8 can be) never compare equal; such rows are parsed.
 */
export function sameBytes(a: DataView, aAt: number, b: DataView, bAt: number, length: number): boolean {
  if (bAt + length > b.byteLength) return false
  const aEnd = aAt + length
  for (const last = aEnd - 8; aAt <= last; aAt += 8, bAt += 8) {
    if (a.getFloat64(aAt, true) !== b.getFloat64(bAt, true)) return false
  }
  if (aEnd - aAt >= 4) {
    if (a.getInt32(aAt, true) !== b.getInt32(bAt, true)) return false
    aAt += 4
    bAt += 4
  }
  for (; aAt < aEnd; aAt++, bAt++) if (a.getUint8(aAt) !== b.getUint8(bAt)) return false
  return true
}
