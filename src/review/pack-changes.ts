import type { Draft } from '../analyze/findings/draft.ts'
import { weightOfQuery } from '../analyze/table-weight.ts'
import type { Pack, Query } from '../osquery/pack.ts'
import { list, plural } from '../text/phrases.ts'
import { proposalDraft, severityOfTable } from './proposal-draft.ts'

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
          `The proposed pack ${list(losses)}: rows of an intruder could go unnoticed.`
        )
      ]
    }),
    added: [...after.keys()].filter(name => !before.has(name)).sort()
  }
}

/** Of two packs with a query of one name, a run uses the first. */
function byName(packs: readonly Pack[]): Map<string, Query> {
  const queries = new Map<string, Query>()
  for (const query of packs.flatMap(pack => pack.queries))
    if (!queries.has(query.name)) queries.set(query.name, query)
  return queries
}

/** What is lost from one version of a query to the next, in our words and those of the base's pack. */
function lossesOf(before: Query, after: Query | undefined): string[] {
  const { name } = before
  if (after === undefined) return [`no longer has the query ${name}`]
  const weight = weightOfQuery(after)
  const changes: readonly (readonly [isLost: boolean, words: string])[] = [
    [before.sql !== after.sql, `changes the SQL of ${name}`],
    ...identityChanges(before, after),
    added(before.cohort, after.cohort, names => `compares ${name} only where ${names}`, ['agrees', 'agree']),
    added(before.changes, after.changes, names => `takes another ${names} of ${name} for the same row`),
    [RANK[weight] < RANK[weightOfQuery(before)], `lowers the weight of ${name} to ${weight}`],
    [before.control && !after.control, `no longer treats ${name} as protections`],
    [!before.root && after.root, `leaves out the rows of ${name} on hosts without root`],
    [isNarrower(before, after), `asks ${name} on fewer platforms`]
  ]
  return changes.flatMap(([isLost, words]) => (isLost ? [words] : []))
}

/** More columns weaken a query too: with a value that is different on each host, no row is like another. */
function identityChanges(before: Query, after: Query): (readonly [boolean, string])[] {
  const { name } = before
  if (before.identity === null || after.identity === null)
    return [
      [before.identity === null && after.identity !== null, `compares only some columns of ${name}`],
      [
        before.identity !== null && after.identity === null,
        `no longer says which columns of ${name} are compared`
      ],
      added(before.volatile ?? [], after.volatile ?? [], names => `no longer compares ${names} of ${name}`)
    ]
  return [
    added(after.identity, before.identity, names => `no longer compares ${names} of ${name}`),
    added(
      before.identity,
      after.identity,
      names => `also compares ${names} of ${name}, which may differ on each host`
    )
  ]
}

/** @param verb singular and plural, at the end */
function added(
  before: readonly string[],
  after: readonly string[],
  words: (names: string) => string,
  verb?: readonly [one: string, other: string]
): readonly [boolean, string] {
  const names = after.filter(column => !before.includes(column))
  const text = words(list(names))
  return [names.length > 0, verb === undefined ? text : `${text} ${plural(names.length, ...verb)}`]
}

function isNarrower(before: Query, after: Query): boolean {
  if (after.platforms.length === 0) return false
  return (
    before.platforms.length === 0 || before.platforms.some(platform => !after.platforms.includes(platform))
  )
}

const RANK = { context: 0, normal: 1, integrity: 2 } as const
