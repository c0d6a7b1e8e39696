import { parseArgs } from 'node:util'
import type { Family } from './quality/fleet/scenario.ts'
import { FAMILIES } from './quality/fleet/scenarios.ts'
import floor from './quality/floor.json' with { type: 'json' }
import { HELD_OUT } from './quality/held-out/scenarios.ts'
import { belowFloor, printFamilies, printFigures } from './quality/print.ts'
import { measure } from './quality/run.ts'

/**
 * Prints the quality of the analysis on generated fleets with planted truth, each figure beside its goal and two peers.
 *
 *     npm run bench:quality -- [--seeds dev|report] [--family TEXT] [--fleets N] [--no-peers] [--short]
 *
 * `--short` takes some families, no peers, and fails when a figure falls below `quality/floor.json`.
 */
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: 'report' },
    family: { type: 'string', default: '' },
    fleets: { type: 'string' },
    peers: { type: 'boolean', default: true },
    short: { type: 'boolean', default: false }
  },
  allowNegative: true
})

/** The engine is tuned on the first and reported on the second; held-out families have no development seeds. */
const FIRST_SEED: Readonly<Record<string, number>> = { dev: 1_000, report: 500_000 }
const FLEETS = 6
const FLEETS_SHORT = 3

const first = FIRST_SEED[options.seeds]
const fleets = Number(options.fleets ?? (options.short ? FLEETS_SHORT : FLEETS))
if (first === undefined) throw new Error(`--seeds must be dev or report, not ${options.seeds}`)
if (!Number.isInteger(fleets) || fleets < 1)
  throw new Error(`--fleets must be a number from 1, not ${options.fleets}`)
const seeds = Array.from({ length: fleets }, (_, at) => first + at)
const peers = options.peers && !options.short

const chosen = (families: readonly Family[]) =>
  families.filter(({ name, short }) => name.includes(options.family) && (short || !options.short))
const known = chosen(FAMILIES)
const heldOut = options.seeds === 'report' ? chosen(HELD_OUT) : []
if (known.length + heldOut.length === 0) throw new Error(`no family has ${options.family} in its name`)

const started = performance.now()
const kind =
  options.seeds === 'dev'
    ? 'DEVELOPMENT seeds, to tune on and not to report'
    : 'reporting seeds, which nothing was tuned on'
console.log(`${fleets} fleets a family, ${kind}: ${seeds[0]} to ${seeds.at(-1)}.`)
if (known.length > 0) {
  console.log(`\n## ${known.length} families that the engine was developed on\n`)
  const measured = await measure(known, seeds, peers)
  console.log(printFigures(measured))
  if (!options.short) console.log(`\n${printFamilies(measured)}`)
  if (options.short && options.family === '' && options.seeds === 'report') {
    const fallen = belowFloor(measured, floor)
    for (const line of fallen) console.error(line)
    if (fallen.length > 0) process.exitCode = 1
    else console.log('\nNo figure is below its recorded floor.')
  }
}
if (heldOut.length > 0) {
  console.log(
    `\n## ${heldOut.length} held-out families: other services, another distribution, other noise, a foreign pack\n`
  )
  const measured = await measure(heldOut, seeds, peers)
  console.log(printFigures(measured))
  console.log(`\n${printFamilies(measured)}`)
}
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`)
