import { parseArgs } from 'node:util'
import { ourAnswer } from './quality/answer.ts'
import { FAMILIES } from './quality/families.ts'
import type { Family } from './quality/family.ts'
import floor from './quality/floor.json' with { type: 'json' }
import { generate } from './quality/generate.ts'
import { jaccardClusters } from './quality/peers/jaccard.ts'
import { stacking } from './quality/peers/stacking.ts'
import { printFamilies, printFigures, type Tally, tally } from './quality/print.ts'
import { FIGURES, type Observation, score } from './quality/score.ts'

/** Seeds to develop on, and seeds to report with: an engine tuned on the one is measured on the other. */
const SEEDS = { dev: 1_000, report: 500_000 } as const
const FLEETS = 6
const FLEETS_SHORT = 2

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: 'report' },
    family: { type: 'string' },
    fleets: { type: 'string' },
    short: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: true }
  },
  allowNegative: true
})
const floors: Readonly<Record<string, number>> = floor
const kind = options.seeds === 'dev' ? 'dev' : 'report'
const fleets = Number(options.fleets ?? (options.short ? FLEETS_SHORT : FLEETS))

interface Measured {
  readonly ours: ReadonlyMap<string, Tally>
  readonly peers: ReadonlyMap<string, ReadonlyMap<string, Tally>>
  readonly byFamily: ReadonlyMap<string, ReadonlyMap<string, Tally>>
}

async function measure(families: readonly Family[]): Promise<Measured> {
  const ours: Observation[] = []
  const stacked: Observation[] = []
  const clustered: Observation[] = []
  const byFamily = new Map<string, ReadonlyMap<string, Tally>>()
  for (const family of families) {
    const own: Observation[] = []
    for (let at = 0; at < fleets; at++) {
      const fleet = generate(family, SEEDS[kind] + at)
      own.push(...score(family, fleet, await ourAnswer(fleet)))
      if (!options.peers || options.short || family.hosts > 300) continue
      stacked.push(...score(family, fleet, stacking(fleet)))
      clustered.push(...score(family, fleet, jaccardClusters(fleet)))
    }
    ours.push(...own)
    byFamily.set(family.name, tally(own))
    process.stderr.write('.')
  }
  process.stderr.write('\n')
  const peers = new Map(
    stacked.length > 0
      ? [['stacking', tally(stacked)] as const, ['Jaccard, DBSCAN', tally(clustered)] as const]
      : []
  )
  return { ours: tally(ours), peers, byFamily }
}

const started = performance.now()
const chosen = FAMILIES.filter(({ name, short }) =>
  options.family === undefined ? !options.short || short : name.includes(options.family)
)
const measured = await measure(chosen)
console.log(
  `\nQuality on ${chosen.length} families of ${fleets} fleets each, ${kind === 'dev' ? 'DEVELOPMENT seeds: to tune on, not to report' : 'reporting seeds, apart from those of development'} (${SEEDS[kind]} to ${SEEDS[kind] + fleets - 1}).\n`
)
console.log(printFigures(measured.ours, measured.peers))
if (!options.short) console.log(`\n${printFamilies(measured.byFamily)}`)
console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`)

if (options.short && options.family === undefined && kind === 'report') {
  for (const { key, title, least } of FIGURES) {
    const recorded = floors[key]
    const value = measured.ours.get(key)?.value
    if (recorded === undefined || value === undefined) continue
    if (least ? value < recorded : value > recorded) {
      console.error(`${title} is ${value.toFixed(3)}: the recorded floor is ${recorded}`)
      process.exitCode = 1
    }
  }
}
