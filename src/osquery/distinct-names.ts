import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import type { Pack, Query } from './pack.ts'
import { safeName } from './query-name.ts'

/** A file lists this many queries by name, and counts the others. */
const MAX_NAMED = 5

/**
 * The packs with one query to a name. osqueryd runs queries of one name in several packs side by side. Here the first
 * keeps its name, and one that asks something else has the name that osqueryd's logs give it, `pack_PACK_QUERY`.
 */
export function withDistinctNames(packs: readonly Pack[]): Pack[] {
  const known = new Map<string, Query>()
  return packs.map(pack => {
    const renamed: string[] = []
    const queries = pack.queries.map(query => {
      const first = known.get(query.name)
      const name =
        first === undefined || isSame(first, query)
          ? query.name
          : safeName(`pack_${stemOf(pack.name)}_${query.name}`, known)
      const named = name === query.name ? query : { ...query, name }
      if (first === undefined || named !== query) known.set(name, named)
      if (named !== query) renamed.push(`${query.name} is ${name}`)
      return named
    })
    if (renamed.length === 0) return pack
    const notice = `The pack ${sanitize(pack.name, 200)}: queries with other names here, because an earlier pack has theirs: ${list(renamed, MAX_NAMED)}.`
    return { ...pack, queries, notices: [...(pack.notices ?? []), notice] }
  })
}

const isSame = (a: Query, b: Query) => a.sql === b.sql && a.platforms.join() === b.platforms.join()

/** The name of a pack file without its folder and ending, as configurations usually name the pack. */
export function stemOf(name: string): string {
  return name.replace(/^.*\//s, '').replace(/\.(?:json|conf|ya?ml|sql)$/i, '')
}
