import { createHash } from 'node:crypto'
import { EncodingError } from '../text/decode.ts'
import { BUILTIN_PACKS, builtinPack } from './builtin-packs.ts'
import { withDistinctNames } from './distinct-names.ts'
import type { Pack, Query } from './pack.ts'
import { readPackFile } from './parse-pack.ts'

/**
 * Loads packs. Each entry is the name of a built-in pack or the path of a pack file.
 * @throws Error if a file cannot be read or is not a usable pack.
 */
export async function loadPacks(
  entries: readonly string[],
  readFile: (path: string) => Promise<string>
): Promise<Pack[]> {
  const packs = await Promise.all([...new Set(entries)].map(entry => loadPack(entry, readFile)))
  if (packs.every(({ queries }) => queries.length === 0))
    throw new Error(
      [
        'packs: they have no query for Linux, macOS or Windows.',
        ...packs.flatMap(({ notices = [] }) => notices)
      ].join('\n')
    )
  return withDistinctNames(packs)
}

/** All queries of the packs, each once. */
export function queriesOf(packs: readonly Pack[]): Query[] {
  const queries = new Map<string, Query>()
  for (const query of packs.flatMap(pack => pack.queries))
    if (!queries.has(query.name)) queries.set(query.name, query)
  return [...queries.values()]
}

async function loadPack(entry: string, readFile: (path: string) => Promise<string>): Promise<Pack> {
  const builtin = builtinPack(entry)
  if (builtin !== null) return builtin
  const text = await readFile(entry).catch((error: unknown) => {
    if (error instanceof EncodingError) throw new Error(`packs: ${error.message}`)
    if (isFolder(error)) throw new Error(`packs: ${entry} is a folder: name the files in it, one per line`)
    throw new Error(
      `packs: ${entry} is neither a built-in pack (${BUILTIN_PACKS.join(', ')}) nor a file that can be read`
    )
  })
  const sha256 = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return { name: entry, sha256, ...(await readPackFile(entry, text)) }
}

const isFolder = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EISDIR'
