import type { Draft } from '../analyze/findings/draft.ts'
import type { Pack, Query } from '../osquery/pack.ts'
import { list, plural } from '../text/phrases.ts'
import { proposalDraft, severityOfTable } from './blind-spots.ts'

/** What a proposal changes in the packs. */
export interface PackChanges {
  /** One finding for each query that would show less, or otherwise, than it does on the base branch. */
  readonly drafts: readonly Draft[]
  /** Names of queries that only the proposal has, sorted. */
  readonly added: readonly string[]
}

/** Compares the queries of the base's packs with those that are proposed. O(queries). */
export function packChanges(base: readonly Pack[], proposed: readonly Pack[]): PackChanges {
  const before = byName(base)
  const after = byName(proposed)
  return {
    drafts: [...before.values()].flatMap(query => {
      const losses = lossesOf(query, after.get(query.name))
      if (losses.length === 0) return []
      return [
        proposalDraft(
          query,
          JSON.stringify(['pack', query.name, ...losses]),
          severityOfTable(query),
          `The proposed pack ${list(losses)}: rows that it no longer shows would go unnoticed.`
        )
      ]
    }),
    added: [...after.keys()].filter(name => !before.has(name)).sort()
  }
}

function byName(packs: readonly Pack[]): Map<string, Query> {
  return new Map(packs.flatMap(({ queries }) => queries.map(query => [query.name, query])))
}

/** What is lost from one version of a query to the next, in our words and those of the base's pack. */
function lossesOf(before: Query, after: Query | undefined): string[] {
  if (after === undefined) return [`no longer has the query ${before.name}`]
  const words = (sql: string) => sql.replace(/\s+/g, ' ').trim()
  const columns = (before.identity ?? []).filter(column => after.identity?.includes(column) === false)
  const platforms = before.platforms.filter(platform => !after.platforms.includes(platform))
  const isNarrower = after.platforms.length > 0 && (before.platforms.length === 0 || platforms.length > 0)
  const cohort = after.cohort.filter(column => !before.cohort.includes(column))
  return [
    ...(words(before.sql) === words(after.sql) ? [] : [`changes the SQL of ${before.name}`]),
    ...(columns.length > 0 ? [`no longer compares ${list(columns)} of ${before.name}`] : []),
    ...(before.identity === null && after.identity !== null
      ? [`compares only some columns of ${before.name}`]
      : []),
    ...(cohort.length > 0
      ? [`compares ${before.name} only where ${list(cohort)} ${plural(cohort.length, 'agrees', 'agree')}`]
      : []),
    ...(RANK[after.weight] < RANK[before.weight]
      ? [`lowers the weight of ${before.name} to ${after.weight}`]
      : []),
    ...(before.control && !after.control ? [`no longer treats ${before.name} as protections`] : []),
    ...(isNarrower ? [`asks ${before.name} on fewer platforms`] : [])
  ]
}

const RANK = { context: 0, normal: 1, integrity: 2 } as const
