/**
 * The source of a regular expression for a UUID in either case, its groups separated by `-` or all by `_`. The
 * separator is group 1, so nothing may be captured before it.
 */
export const UUID_SOURCE = (() => {
  const hex = (digits: number) => `[0-9A-Fa-f]{${digits}}`
  return `${hex(8)}([-_])${hex(4)}\\1${hex(4)}\\1${hex(4)}\\1${hex(12)}`
})()
