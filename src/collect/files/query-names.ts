import { stemOf } from '../../osquery/distinct-names.ts'
import type { Pack } from '../../osquery/pack.ts'

/**
 * The name in the packs of this run of a query as osqueryd's logs name it: `pack_linux_crontab`, or with another
 * delimiter, is `crontab` of the pack `linux`. A name that fits no query, or several, stays as it is.
 */
export function queryNames(packs: readonly Pack[]): (logged: string) => string {
  const known = new Map<string, string>()
  const queries = packs.flatMap(pack =>
    pack.queries.map(({ name }) => ({ pack: stemOf(pack.name), query: name }))
  )
  const bare = new Set(queries.map(({ query }) => query))
  return logged => {
    const cached = known.get(logged)
    if (cached !== undefined) return cached
    const fits = bare.has(logged) ? [] : queries.filter(query => isNamed(logged, query))
    const names = new Set(fits.map(({ query }) => query))
    const [name] = names
    const found = name !== undefined && names.size === 1 ? name : logged
    known.set(logged, found)
    return found
  }
}

/** Whether osqueryd gives a query of a pack this name, with any delimiter: `pack` D pack D query. */
function isNamed(
  logged: string,
  { pack, query }: { readonly pack: string; readonly query: string }
): boolean {
  if (!logged.startsWith('pack') || !logged.endsWith(query)) return false
  const middle = logged.slice('pack'.length, logged.length - query.length)
  const delimiter = middle.slice(0, (middle.length - pack.length) / 2)
  return delimiter !== '' && middle === `${delimiter}${pack}${delimiter}`
}
