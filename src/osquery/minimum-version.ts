/** The oldest osquery that has every table and column of the built-in packs, unless a query names a later one. */
export const MINIMUM_OSQUERY = '5.8.0'

/**
 * Whether a version (`5.8.0`, `5.8.0-12-gabcdef`) is older than another. False for what is not a version.
 * @param wanted numbers and dots
 */
export function isOlder(version: string, wanted: string): boolean {
  const numbers = (text: string) => text.split('.').map(part => Number.parseInt(part, 10))
  const found = numbers(version)
  if (found.some(Number.isNaN)) return false
  const least = numbers(wanted)
  const at = least.findIndex((number, index) => number !== (found[index] ?? 0))
  return at >= 0 && (found[at] ?? 0) < (least[at] ?? 0)
}
