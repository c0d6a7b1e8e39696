import { errorMessage } from '../../lib/error-message.ts'
import type { Pattern } from '../indicator.ts'

/** A value of a document, as an indicator, as a Sigma rule that is still to be read, or with the reason why it is none. */
export type DocumentEntry =
  | { readonly text: string; readonly pattern: Pattern }
  | { readonly text: string; readonly sigma: string }
  | { readonly text: string; readonly problem: string }

/** The entry of a value, from a function that throws if the value cannot be searched for. */
export function entryOf(text: string, pattern: () => Pattern): DocumentEntry {
  try {
    return { text, pattern: pattern() }
  } catch (error) {
    return { text, problem: errorMessage(error) }
  }
}

const MAX_VALUE_LENGTH = 200

/** A value that nothing that osquery returns can show. */
export const unobservable = (type: string, value: string): Pattern => ({
  kind: 'other',
  type,
  value: value.slice(0, MAX_VALUE_LENGTH)
})
