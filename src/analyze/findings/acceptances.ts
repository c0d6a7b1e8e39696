import type { Acceptance, Baseline } from '../../baseline/baseline.ts'
import type { Fleet } from '../../normalize/fleet.ts'
import type { Item } from '../../normalize/items.ts'
import { globMatches } from '../../text/glob.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { fingerprint } from './draft.ts'

export interface Sorted {
  /** What no acceptance covers. */
  readonly open: readonly Deviation[]
  readonly accepted: readonly { readonly deviation: Deviation; readonly by: Acceptance }[]
}

/**
 * Removes from the deviations what a valid acceptance covers, host by host. `used` collects the acceptances that
 * covered something. `today` is a date, YYYY-MM-DD; an acceptance holds through its last day.
 */
export function applyAcceptances(
  baseline: Baseline,
  fleet: Fleet,
  deviations: readonly Deviation[],
  today: string,
  used: Set<Acceptance>
): Sorted {
  const valid = baseline.accept.filter(acceptance => acceptance.expires >= today)
  const open: Deviation[] = []
  const accepted: { deviation: Deviation; by: Acceptance }[] = []
  for (const deviation of deviations) {
    let remaining = deviation.hosts
    for (const acceptance of valid) {
      const item = fleet.items[deviation.item]
      if (item === undefined || !coversItem(acceptance, fleet, item)) continue
      const covered = remaining.filter(host => coversHost(acceptance, fleet.hosts[host]?.id ?? ''))
      if (covered.length === 0) continue
      used.add(acceptance)
      accepted.push({ deviation: { ...deviation, hosts: covered }, by: acceptance })
      remaining = remaining.filter(host => !covered.includes(host))
    }
    if (remaining.length > 0)
      open.push(remaining === deviation.hosts ? deviation : { ...deviation, hosts: remaining })
  }
  return { open, accepted }
}

/** Whether an acceptance covers an item; `O(columns × glob)`. */
export function coversItem(acceptance: Acceptance, fleet: Pick<Fleet, 'queries'>, item: Item): boolean {
  if (fleet.queries[item.query]?.name !== acceptance.query) return false
  return Object.entries(acceptance.match).every(([column, glob]) => {
    const at = item.columns.indexOf(column)
    return at >= 0 && globMatches(glob, item.values[at] ?? '')
  })
}

/** @param host its id */
export function coversHost(acceptance: Acceptance, host: string): boolean {
  return acceptance.hosts === undefined || acceptance.hosts.some(glob => globMatches(glob, host))
}

/** The id of the finding about an acceptance itself. */
export function acceptanceId({ query, match, hosts }: Acceptance): string {
  return fingerprint('acceptance', [JSON.stringify([query, match, hosts ?? []])])
}

/** An acceptance in the words of a report. */
export function acceptanceWords({ reason, owner, expires }: Acceptance): string {
  return `${reason} (${owner}, until ${expires})`
}
