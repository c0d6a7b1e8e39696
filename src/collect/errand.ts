import type { Query } from '../osquery/pack.ts'
import { carry, collectorScript, pieceScript, removeScript, shorthandScript } from './script.ts'

/** What a command is to do on its hosts. All but the first kind go on with what the first left there. */
export type Errand =
  | {
      readonly do: 'collect'
      readonly queries: readonly Pick<Query, 'name' | 'sql'>[]
      readonly budgetSeconds: number
      readonly querySeconds: number
      readonly keep: boolean
    }
  | { readonly do: 'piece'; readonly index: number }
  | { readonly do: 'shorthand'; readonly known: string }
  | { readonly do: 'remove' }

/** The script for an errand of a run. @throws Error when the packs are too large for one command. */
export function scriptFor(errand: Errand, nonce: string): string[] {
  switch (errand.do) {
    case 'collect':
      return carry(collectorScript(errand.queries, { nonce, ...errand }))
    case 'piece':
      return carry(pieceScript(nonce, errand.index))
    case 'shorthand':
      return carry(shorthandScript(nonce, errand.known))
    case 'remove':
      return carry(removeScript(nonce))
  }
}
