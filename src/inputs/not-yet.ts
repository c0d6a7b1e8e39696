/** Inputs of the contract that this version cannot serve yet, and what would set them. */
const NOT_YET: readonly (readonly [name: string, isSet: (value: string) => boolean, what: string])[] = [
  ['mode', value => value === 'baseline', 'mode `baseline`'],
  ['collector', value => value === 'local', 'the collector `local`'],
  ['baseline-hosts', value => value !== '', '`baseline-hosts`'],
  ['output-s3', value => value !== '', '`output-s3`']
]

/** One sentence for each input that is set to something not yet built. */
export function notYet(read: (name: string) => string): string[] {
  return NOT_YET.filter(([name, isSet]) => isSet(read(name).trim())).map(
    ([name, , what]) => `${name}: ${what} is not available in this version; a later release brings it`
  )
}
