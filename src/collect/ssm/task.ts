import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { Query } from '../../osquery/pack.ts'
import {
  collectorScript,
  digestOfQueries,
  encodeScript,
  pieceScript,
  removeScript,
  shorthandScript
} from '../script/build.ts'
import { carryToWindows, windowsCollector, windowsPiece, windowsRemove } from '../script/powershell.ts'

/** What a command is to do on its hosts. All but the first kind go on with what the first left there. */
export type HostTask =
  | {
      readonly do: 'collect'
      readonly queries: readonly Pick<Query, 'name' | 'sql'>[]
      readonly budgetSeconds: number
      readonly querySeconds: number
      readonly keep: boolean
      /** SSM stores the output in S3 too. */
      readonly stored: boolean
      readonly osquery: readonly OsquerySource[]
    }
  | { readonly do: 'piece'; readonly index: number }
  | { readonly do: 'shorthand'; readonly known: string }
  | { readonly do: 'remove' }

type Parameters = Readonly<Record<string, readonly string[]>>

/** What runs a host's commands: a POSIX shell (Linux, macOS), or Windows PowerShell. */
export type Shell = 'posix' | 'powershell'

/** The queries that can mean a host of this kind; those that name no platform mean all. */
export function queriesFor<T extends Pick<Query, 'platforms'>>(queries: readonly T[], shell: Shell): T[] {
  return queries.filter(
    ({ platforms }) =>
      platforms.length === 0 || platforms.some(name => (name === 'windows') === (shell === 'powershell'))
  )
}

/**
 * The parameters of the documents of AWS that run a script.
 * @throws Error when the packs are too large for one command.
 */
export function openParameters(errand: HostTask, nonce: string, shell: Shell = 'posix'): Parameters {
  return {
    commands:
      shell === 'posix'
        ? encodeScript(scriptFor(errand, nonce))
        : carryToWindows(windowsScriptFor(errand, nonce))
  }
}

function windowsScriptFor(errand: HostTask, nonce: string): string {
  switch (errand.do) {
    case 'collect':
      return windowsCollector(errand.queries, { nonce, ...errand })
    case 'piece':
      return windowsPiece(nonce, errand.index)
    case 'shorthand':
    case 'remove':
      return windowsRemove(nonce)
  }
}

function scriptFor(errand: HostTask, nonce: string): string {
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
export function lockedParameters(errand: HostTask, nonce: string): Parameters {
  const shared = { errand: [errand.do], nonce: [nonce] }
  switch (errand.do) {
    case 'collect':
      return {
        ...shared,
        asked: [digestOfQueries(errand.queries)],
        budget: [String(errand.budgetSeconds)],
        limit: [String(errand.querySeconds)],
        keep: [errand.keep ? 'yes' : 'no'],
        stored: [errand.stored ? 'yes' : 'no']
      }
    case 'piece':
      return { ...shared, piece: [String(errand.index)] }
    case 'shorthand':
      return { ...shared, known: [errand.known] }
    case 'remove':
      return shared
  }
}
