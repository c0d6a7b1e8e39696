import { markdownTable } from 'markdown-table'
import { FIGURES, type Figure, type Observation } from './score.ts'

/** Observations of one figure added up. */
export interface Tally {
  readonly value: number
  /** How many fleets, incidents or rows it is made of. */
  readonly weight: number
}

export function tally(observations: readonly Observation[]): Map<string, Tally> {
  const tallies = new Map<string, Tally>()
  for (const [key, list] of Map.groupBy(observations, observation => observation.key)) {
    const weight = list.reduce((sum, one) => sum + one.weight, 0)
    if (weight > 0) tallies.set(key, { value: list.reduce((sum, one) => sum + one.sum, 0) / weight, weight })
  }
  return tallies
}

export const reaches = ({ goal, least }: Figure, value: number): boolean =>
  least ? value >= goal : value <= goal

const shown = (tallied: Tally | undefined): string => (tallied === undefined ? '' : tallied.value.toFixed(3))

/** Every figure beside its goal, ours first, then the peers. */
export function printFigures(
  ours: ReadonlyMap<string, Tally>,
  peers: ReadonlyMap<string, ReadonlyMap<string, Tally>>
): string {
  const rows = FIGURES.filter(({ key }) => ours.has(key)).map(figure => {
    const own = ours.get(figure.key)
    return [
      figure.title,
      `${figure.least ? '≥' : '≤'} ${figure.goal}`,
      shown(own),
      own !== undefined && reaches(figure, own.value) ? 'yes' : 'NO',
      String(own?.weight ?? 0),
      ...[...peers.values()].map(peer => shown(peer.get(figure.key)))
    ]
  })
  return markdownTable([['figure', 'goal', 'ours', 'reached', 'of', ...peers.keys()], ...rows], {
    align: ['l', 'r', 'r', 'l', 'r']
  })
}

/** Our figures by family; a column for each figure by its key. */
export function printFamilies(byFamily: ReadonlyMap<string, ReadonlyMap<string, Tally>>): string {
  const keys = FIGURES.map(({ key }) => key).filter(key =>
    [...byFamily.values()].some(tallies => tallies.has(key))
  )
  const rows = [...byFamily].map(([name, tallies]) => [name, ...keys.map(key => shown(tallies.get(key)))])
  return markdownTable([['family', ...keys], ...rows])
}
