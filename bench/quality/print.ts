import { markdownTable } from 'markdown-table'
import type { Measured, Tally } from './run.ts'
import { FIGURES, type Figure } from './score.ts'

/** Whether a value is on the right side of a bound: of the figure's goal, or of a recorded floor. */
export const reaches = ({ least }: Figure, value: number, bound: number): boolean =>
  least ? value >= bound : value <= bound

const shown = (tallied: Tally | undefined): string => tallied?.value.toFixed(3) ?? ''

/** Every figure beside its goal, ours first, then the peers. */
export function printFigures({ ours, peers }: Measured): string {
  const rows = FIGURES.flatMap(figure => {
    const own = ours.get(figure.key)
    if (own === undefined) return []
    const bound = `${figure.least ? '≥' : '≤'} ${figure.goal}`
    const reached = reaches(figure, own.value, figure.goal) ? 'yes' : 'no'
    const theirs = [...peers.values()].map(peer => shown(peer.get(figure.key)))
    return [[figure.title, bound, shown(own), reached, String(own.weight), ...theirs]]
  })
  const head = ['figure', 'goal', 'ours', 'reached', 'of', ...peers.keys()]
  return markdownTable([head, ...rows], { align: ['l', 'r', 'r', 'l', ...head.slice(4).map(() => 'r')] })
}

/** Our figures by family; a column for each figure, named by its key. */
export function printFamilies({ byFamily }: Measured): string {
  const keys = FIGURES.map(({ key }) => key).filter(key => [...byFamily.values()].some(one => one.has(key)))
  const rows = [...byFamily].map(([name, tallies]) => [name, ...keys.map(key => shown(tallies.get(key)))])
  return markdownTable([['family', ...keys], ...rows])
}

/** The figures that fell below their recorded floor, one sentence each; a figure that was not measured is one too. */
export function belowFloor({ ours }: Measured, floor: Readonly<Record<string, number>>): string[] {
  return Object.entries(floor).flatMap(([key, bound]) => {
    const figure = FIGURES.find(one => one.key === key)
    if (figure === undefined) return [`The floor names ${key}, which is no figure.`]
    const value = ours.get(key)?.value
    if (value !== undefined && reaches(figure, value, bound)) return []
    return [`${figure.title}: ${value?.toFixed(3) ?? 'not measured'}, the recorded floor is ${bound}.`]
  })
}
