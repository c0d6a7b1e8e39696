import { parseArgs } from 'node:util'
import { ABLATIONS } from './quality/ablations.ts'
import type { FleetScenario } from './quality/fleet/ground-truth.ts'
import { SCENARIOS } from './quality/fleet/scenarios.ts'
import floors from './quality/floor.json' with { type: 'json' }
import { HELD_OUT_SCENARIOS } from './quality/held-out/scenarios.ts'
import { OPERATED_SCENARIOS } from './quality/operations/scenarios.ts'
import { belowFloor, printColumns, printFigures, printScenarios } from './quality/print.ts'
import { type Measured, measure, type Tallies } from './quality/run.ts'
import { HEADLINE } from './quality/score.ts'

/**
 * Prints the quality of the analysis on generated fleets with known truth, each figure beside its goal and two
 * reference methods. Two generators that share no model of a fleet: what was tuned on one is reported on the other.
 *
 *     npm run bench:quality -- [--seeds dev|report] [--scenario TEXT] [--fleets N] [--no-references] [--short] [--ablate]
 *
 * `--short` takes some scenarios, no reference methods, and fails when a figure falls below `quality/floor.json`.
 * `--ablate` prints the main figures with parts of the model switched off, one after the other.
 */
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: 'report' },
    scenario: { type: 'string', default: '' },
    fleets: { type: 'string' },
    references: { type: 'boolean', default: true },
    short: { type: 'boolean', default: false },
    ablate: { type: 'boolean', default: false }
  },
  allowNegative: true
})

interface Suite {
  readonly name: keyof typeof floors
  readonly title: string
  readonly scenarios: readonly FleetScenario[]
  /** Is never run with development seeds. */
  readonly reportOnly: boolean
}

const SUITES: readonly Suite[] = [
  {
    name: 'drawn',
    title: 'drawn: rows of an image, a role and a version, with noise by probability',
    scenarios: SCENARIOS,
    reportOnly: false
  },
  {
    name: 'operated',
    title: 'operated: hosts that are booted, deployed to, used, patched and attacked',
    scenarios: OPERATED_SCENARIOS,
    reportOnly: false
  },
  {
    name: 'heldOut',
    title: 'held out: other services, another distribution, other noise, a foreign pack',
    scenarios: HELD_OUT_SCENARIOS,
    reportOnly: true
  }
]

/** The engine is tuned on the first and reported on the second. */
const FIRST_SEED: Readonly<Record<string, number>> = { dev: 1_000, report: 500_000 }
const FLEETS = 6
const FLEETS_SHORT = 4

const first = FIRST_SEED[options.seeds]
const fleets = Number(options.fleets ?? (options.short ? FLEETS_SHORT : FLEETS))
if (first === undefined) throw new Error(`--seeds must be dev or report, not ${options.seeds}`)
if (!Number.isInteger(fleets) || fleets < 1)
  throw new Error(`--fleets must be a number from 1, not ${options.fleets}`)
const seeds = Array.from({ length: fleets }, (_, index) => first + index)

const suites = SUITES.filter(({ reportOnly }) => !reportOnly || options.seeds === 'report')
  .map(suite => ({
    ...suite,
    scenarios: suite.scenarios.filter(
      ({ name, short }) => name.includes(options.scenario) && (short || !(options.short || options.ablate))
    )
  }))
  .filter(({ scenarios }) => scenarios.length > 0)
if (suites.length === 0) throw new Error(`no scenario has ${options.scenario} in its name`)

const started = performance.now()
const kind =
  options.seeds === 'dev'
    ? 'DEVELOPMENT seeds, to tune on and not to report'
    : 'reporting seeds, which nothing was tuned on'
console.log(`${fleets} fleets a scenario, ${kind}: ${seeds[0]} to ${seeds.at(-1)}.`)
if (options.ablate) await printAblations()
else await printSuites()
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`)

async function printSuites(): Promise<void> {
  const summary = new Map<string, Tallies>()
  const fallen: string[] = []
  for (const { name, title, scenarios } of suites) {
    const measured = await measure(scenarios, seeds, { references: options.references && !options.short })
    console.log(`\n## ${scenarios.length} scenarios, ${title}\n\n${printFigures(measured)}`)
    if (!options.short) console.log(`\n${printScenarios(measured)}`)
    summary.set(name, measured.product)
    fallen.push(...belowFloor(measured, floors[name]).map(line => `${name}: ${line}`))
  }
  console.log(`\n## The main figures\n\n${printColumns('generator', summary, [...HEADLINE])}`)
  const holdsToFloor = options.short && options.scenario === '' && options.seeds === 'report'
  if (!holdsToFloor) return
  for (const line of fallen) console.error(line)
  if (fallen.length > 0) process.exitCode = 1
  else console.log('\nNo figure is below its recorded floor.')
}

async function printAblations(): Promise<void> {
  const variants = { 'the product': {}, ...ABLATIONS }
  for (const { title, scenarios } of suites) {
    const rows = new Map<string, Measured['product']>()
    for (const [name, variant] of Object.entries(variants))
      rows.set(name, (await measure(scenarios, seeds, { variant })).product)
    console.log(`\n## ${title}\n\n${printColumns('without', rows, [...HEADLINE])}`)
  }
}
