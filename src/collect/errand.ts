import type { Query } from '../osquery/pack.ts'
import {
  carry,
  collectorScript,
  digestOfQueries,
  type OsquerySource,
  pieceScript,
  removeScript,
  shorthandScript
} from './script.ts'

/** What a command is to do on its hosts. All but the first kind go on with what the first left there. */
export type Errand =
  | {
      readonly do: 'collect'
      readonly queries: readonly Pick<Query, 'name' | 'sql'>[]
      readonly budgetSeconds: number
      readonly querySeconds: number
      readonly keep: boolean
      readonly osquery: readonly OsquerySource[]
    }
  | { readonly do: 'piece'; readonly index: number }
  | { readonly do: 'shorthand'; readonly known: string }
  | { readonly do: 'remove' }

type Parameters = Readonly<Record<string, readonly string[]>>

/** The parameters of AWS-RunShellScript. @throws Error when the packs are too large for one command. */
export function openParameters(errand: Errand, nonce: string): Parameters {
  return { commands: carry(scriptFor(errand, nonce)) }
}

function scriptFor(errand: Errand, nonce: string): string {
  switch (errand.do) {
    case 'collect':
      return collectorScript(errand.queries, { nonce, ...errand })
    case 'piece':
      return pieceScript(nonce, errand.index)
    case 'shorthand':
      return shorthandScript(nonce, errand.known)
    case 'remove':
      return removeScript(nonce)
  }
}

/** The parameters of a document of our own, which holds the script (document.ts). */
export function lockedParameters(errand: Errand, nonce: string): Parameters {
  const shared = { errand: [errand.do], nonce: [nonce] }
  switch (errand.do) {
    case 'collect':
      return {
        ...shared,
        asked: [digestOfQueries(errand.queries)],
        budget: [String(errand.budgetSeconds)],
        limit: [String(errand.querySeconds)],
        keep: [errand.keep ? 'yes' : 'no']
      }
    case 'piece':
      return { ...shared, piece: [String(errand.index)] }
    case 'shorthand':
      return { ...shared, known: [errand.known] }
    case 'remove':
      return shared
  }
}
