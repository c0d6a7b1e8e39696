import { markdownTable } from 'markdown-table'
import type { Measured, Tally } from './run.ts'
import { FIGURES, type Figure } from './score.ts'

/** Whether a value is on the right side of a bound: of the figure's goal, or of a recorded floor. */
const reaches = ({ atLeast }: Figure, value: number, bound: number): boolean =>
  atLeast ? value >= bound : value <= bound

const shown = (tally: Tally | undefined): string => tally?.value.toFixed(3) ?? ''

/** Every figure beside its goal: the product first, then the reference methods. */
export function printFigures({ product, references }: Measured): string {
  const rows = FIGURES.flatMap(figure => {
    const tally = product.get(figure.key)
    if (tally === undefined) return []
    const bound = `${figure.atLeast ? '≥' : '≤'} ${figure.goal}`
    const reached = reaches(figure, tally.value, figure.goal) ? 'yes' : 'no'
    const others = [...references.values()].map(tallies => shown(tallies.get(figure.key)))
    return [[figure.title, bound, shown(tally), reached, String(tally.weight), ...others]]
  })
  const head = ['figure', 'goal', 'product', 'reached', 'of', ...references.keys()]
  return markdownTable([head, ...rows], { align: ['l', 'r', 'r', 'l', ...head.slice(4).map(() => 'r')] })
}

/** The product's figures by scenario; a column for each figure, headed by its key. */
export function printScenarios({ byScenario }: Measured): string {
  return printColumns('scenario', byScenario)
}

/** A row for each name, a column for each figure that some of them have. */
export function printColumns(head: string, rows: Measured['byScenario'], keys = figureKeys(rows)): string {
  const lines = [...rows].map(([name, tallies]) => [name, ...keys.map(key => shown(tallies.get(key)))])
  return markdownTable([[head, ...keys], ...lines])
}

function figureKeys(rows: Measured['byScenario']): string[] {
  return FIGURES.map(({ key }) => key).filter(key => [...rows.values()].some(tallies => tallies.has(key)))
}

/** One sentence for each figure below its recorded floor; a figure that was not measured counts as below. */
export function belowFloor({ product }: Measured, floor: Readonly<Record<string, number>>): string[] {
  return Object.entries(floor).flatMap(([key, bound]) => {
    const figure = FIGURES.find(candidate => candidate.key === key)
    if (figure === undefined) return [`The floor names ${key}, which is not a figure.`]
    const value = product.get(key)?.value
    if (value !== undefined && reaches(figure, value, bound)) return []
    return [`${figure.title}: ${value?.toFixed(3) ?? 'not measured'}, the recorded floor is ${bound}.`]
  })
}
