/** A file is not UTF-8. The message is a sentence for its owner. */
export class EncodingError extends Error {}

/**
 * The text of a file that must be UTF-8, with its byte order mark if it has one.
 * @param path for the message
 * @throws EncodingError for UTF-16, which PowerShell's `>` writes, and for other bytes that are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, path: string): string {
  const [first, second] = bytes
  const isUtf16 =
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (bytes.length > 1 && (first === 0) !== (second === 0))
  if (isUtf16) throw new EncodingError(`${path} is UTF-16: save it as UTF-8.`)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new EncodingError(`${path} is not UTF-8 text: save it as UTF-8.`)
  }
}
