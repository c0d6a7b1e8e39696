import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { Query } from '../../osquery/pack.ts'
import {
  chunkScript,
  collectorScript,
  dedupScript,
  digestOfQueries,
  encodeScript,
  removeScript
} from '../script/build.ts'
import { encodeForWindows, windowsChunk, windowsCollector, windowsRemove } from '../script/powershell.ts'
import type { Shell } from '../script/shell.ts'

/** What a command does on its hosts. All but the first kind work on the answer that the first left there. */
export type HostTask =
  | {
      readonly kind: 'collect'
      readonly queries: readonly Pick<Query, 'name' | 'sql'>[]
      readonly budgetSeconds: number
      readonly querySeconds: number
      /** Retain answers that do not fit in SSM's list. */
      readonly retain: boolean
      /** SSM also stores the output in S3. */
      readonly viaS3: boolean
      readonly osquery: readonly OsquerySource[]
    }
  | { readonly kind: 'chunk'; readonly index: number }
  | { readonly kind: 'dedup'; readonly dictionary: string }
  | { readonly kind: 'remove' }

type Parameters = Readonly<Record<string, readonly string[]>>

/**
 * The parameters of AWS's documents, which run any script.
 * @throws Error when the packs are too large for one command.
 */
export function scriptParameters(task: HostTask, nonce: string, shell: Shell): Parameters {
  return {
    commands:
      shell === 'posix'
        ? encodeScript(posixScript(task, nonce))
        : encodeForWindows(windowsScript(task, nonce))
  }
}

function windowsScript(task: HostTask, nonce: string): string {
  switch (task.kind) {
    case 'collect':
      return windowsCollector(task.queries, { nonce, ...task })
    case 'chunk':
      return windowsChunk(nonce, task.index)
    case 'dedup':
    case 'remove':
      return windowsRemove(nonce)
  }
}

function posixScript(task: HostTask, nonce: string): string {
  switch (task.kind) {
    case 'collect':
      return collectorScript(task.queries, { nonce, ...task })
    case 'chunk':
      return chunkScript(nonce, task.index)
    case 'dedup':
      return dedupScript(nonce, task.dictionary)
    case 'remove':
      return removeScript(nonce)
  }
}

/** The parameters of a locked document, which contains the script (document.ts). */
export function lockedParameters(task: HostTask, nonce: string): Parameters {
  const shared = { task: [task.kind], nonce: [nonce] }
  switch (task.kind) {
    case 'collect':
      return {
        ...shared,
        queriesDigest: [digestOfQueries(task.queries)],
        budget: [String(task.budgetSeconds)],
        limit: [String(task.querySeconds)],
        retain: [task.retain ? 'yes' : 'no'],
        viaS3: [task.viaS3 ? 'yes' : 'no']
      }
    case 'chunk':
      return { ...shared, chunk: [String(task.index)] }
    case 'dedup':
      return { ...shared, dictionary: [task.dictionary] }
    case 'remove':
      return shared
  }
}
