import type { Verdict } from '../finding.ts'

export interface Told {
  readonly verdict: Verdict
  readonly rows: number
  readonly hosts: number
  /** Hosts of the clusters concerned. */
  readonly compared: number
  /** How many others show something as rare in the same place, for its most surprising row. */
  readonly quiet: { readonly others: number; readonly among: number } | undefined
  /** Names of the queries, most surprising first. */
  readonly queries: readonly string[]
  readonly baseline: boolean
  /** Whether all that is told of is missing. */
  readonly missing: boolean
}

/** One plain sentence that a responder can check. Our own words and query names only: no host can speak here. */
export function explain(told: Told): string {
  const { verdict, rows, hosts, compared, queries, baseline } = told
  const these = rows === 1 ? 'this row' : `these ${rows} rows`
  const on = `on ${hosts} of ${compared} hosts`
  const where = listed(queries)
  const quiet = quietness(told.quiet, queries[0] ?? 'it')
  switch (verdict) {
    case 'rollout':
      if (told.missing)
        return `The baseline requires ${these} in ${where}, missing ${on}: removed by a deploy, or by a compromise of a large part of the fleet; update the baseline if it was a deploy.`
      return `The baseline does not know ${these} in ${where}, ${on}: a deploy, or a compromise of a large part of the fleet; update the baseline if it was a deploy.`
    case 'variation':
      return `${hosts === 1 ? 'This host is' : 'These hosts are'} like no other, as a bastion is: ${these} in ${where}; nothing here says what is usual for ${hosts === 1 ? 'it' : 'them'}.`
    case 'broken-control':
      return `A protection is missing or changed ${on}: ${these} in ${where}${baseline ? ' are required by the baseline' : ' are on nearly every other host'}${quiet}.`
    case 'missing':
      return `${baseline ? 'The baseline requires' : 'Nearly every other host has'} ${these} in ${where}, missing ${on}${quiet}.`
    default:
      return `${baseline ? 'New against the baseline and rare' : 'Rare'}: ${these} in ${where} ${rows === 1 ? 'is' : 'are'} ${on}${quiet}.`
  }
}

function quietness(quiet: Told['quiet'], query: string): string {
  if (quiet === undefined || quiet.among === 0) return ''
  const { others, among } = quiet
  return `; ${others} of ${among} other ${among === 1 ? 'host' : 'hosts'} ${others === 1 ? 'has' : 'have'} anything this rare in ${query}`
}

function listed(names: readonly string[]): string {
  if (names.length > 3) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
