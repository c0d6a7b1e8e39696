import type { Acceptance, Baseline } from '../../baseline/baseline.ts'
import type { Fleet } from '../../normalize/fleet.ts'
import type { Item } from '../../normalize/items.ts'
import { globMatches } from '../../text/glob.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { fingerprint } from './draft.ts'

export interface Sorted {
  /** What no acceptance covers. */
  readonly open: readonly Deviation[]
  readonly accepted: readonly { readonly residual: Deviation; readonly by: Acceptance }[]
}

/**
 * Takes out of the residuals what a valid acceptance covers, host by host. `used` gathers the acceptances that
 * covered something. `today` is a date, YYYY-MM-DD; an acceptance holds through its last day.
 */
export function applyAcceptances(
  baseline: Baseline,
  fleet: Fleet,
  residuals: readonly Deviation[],
  today: string,
  used: Set<Acceptance>
): Sorted {
  const valid = baseline.accept.filter(acceptance => acceptance.expires >= today)
  const open: Deviation[] = []
  const accepted: { residual: Deviation; by: Acceptance }[] = []
  for (const residual of residuals) {
    let rest = residual.hosts
    for (const acceptance of valid) {
      const item = fleet.items[residual.item]
      if (item === undefined || !coversItem(acceptance, fleet, item)) continue
      const covered = rest.filter(host => coversHost(acceptance, fleet.hosts[host]?.id ?? ''))
      if (covered.length === 0) continue
      used.add(acceptance)
      accepted.push({ residual: { ...residual, hosts: covered }, by: acceptance })
      rest = rest.filter(host => !covered.includes(host))
    }
    if (rest.length > 0) open.push(rest === residual.hosts ? residual : { ...residual, hosts: rest })
  }
  return { open, accepted }
}

/** Whether an acceptance speaks of an item; `O(columns × glob)`. */
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
