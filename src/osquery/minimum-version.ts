/** The oldest osquery that has every table and column of the built-in packs. */
export const MINIMUM_OSQUERY = '5.8.0'

/** Whether a version (`5.8.0`, `5.8.0-12-gabcdef`) is older than {@link MINIMUM_OSQUERY}. False for what is not a version. */
export function isTooOld(version: string): boolean {
  const numbers = (text: string) => text.split('.').map(part => Number.parseInt(part, 10))
  const found = numbers(version)
  if (found.some(Number.isNaN)) return false
  const wanted = numbers(MINIMUM_OSQUERY)
  const at = wanted.findIndex((number, index) => number !== (found[index] ?? 0))
  return at >= 0 && (found[at] ?? 0) < (wanted[at] ?? 0)
}
