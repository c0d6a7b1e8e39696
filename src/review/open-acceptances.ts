import { acceptanceId, coversHost, coversItem } from '../analyze/findings/acceptances.ts'
import type { Draft } from '../analyze/findings/draft.ts'
import type { Acceptance } from '../baseline/baseline.ts'
import { acceptanceKey } from '../baseline/diff.ts'
import type { Fleet } from '../normalize/fleet.ts'
import type { Approval, Change } from './approvals.ts'
import { isKnown } from './baseline-version.ts'
import { proposalDraft, severityOfTable } from './proposal-draft.ts'

/**
 * Acceptances that only the new version has and that match more than deviates today: a row that no host has, or any
 * text, because of a wildcard.
 *
 * @param unused ids of the acceptances that cover nothing
 */
export function openAcceptances(
  change: Change,
  unused: ReadonlySet<string>,
  reported: readonly Approval[]
): Draft[] {
  const { fleet, older, newer } = change
  const before = new Set(older.accept.map(acceptanceKey))
  return newer.accept.flatMap(acceptance => {
    const query = fleet.queries.find(({ name }) => name === acceptance.query)
    if (query === undefined || before.has(acceptanceKey(acceptance))) return []
    if (reported.some(({ item }) => coversItem(acceptance, fleet, item))) return []
    const coversNothing = unused.has(acceptanceId(acceptance))
    if (!coversNothing && !matchesMore(acceptance, change)) return []
    return [
      proposalDraft(
        query,
        acceptanceKey(acceptance),
        severityOfTable(query),
        coversNothing
          ? `The new baseline accepts rows of ${query.name} that no host has: a match would go unnoticed when it appears.`
          : `The new baseline accepts more rows of ${query.name} than hosts have today: any other match would go unnoticed. Accept the rows that hosts have, without a wildcard.`
      )
    ]
  })
}

/**
 * Whether an acceptance also matches what does not deviate today: any text, by a wildcard; rows that are known and so
 * need no acceptance; or a rare row on hosts that do not have it.
 */
function matchesMore(acceptance: Acceptance, { fleet, older, newer }: Change): boolean {
  if (Object.values(acceptance.match).some(glob => /[*?]/.test(glob))) return true
  return fleet.items.some((item, id) => {
    if (!coversItem(acceptance, fleet, item)) return false
    return isKnown(older, id) || isKnown(newer, id) || coversMoreHosts(acceptance, id, fleet)
  })
}

/** Whether an acceptance covers hosts that lack a row which fewer than half of the hosts have. */
function coversMoreHosts(acceptance: Acceptance, id: number, { hosts }: Fleet): boolean {
  const having = hosts.filter(({ items }) => items.includes(id))
  if (having.length * 2 >= hosts.length) return false
  const covered = hosts.filter(host => coversHost(acceptance, host.id))
  return (
    acceptance.hosts === undefined ||
    acceptance.hosts.some(glob => /[*?]/.test(glob)) ||
    covered.length > having.length
  )
}
