import { generate } from './generate.ts'
import type { FleetScenario } from './ground-truth.ts'
import { changed, type DrawEdits, kit, mimicry, oneRow, otherRole, stopped, toolset } from './incidents.ts'
import { type Noise, QUIET, USUAL } from './noise.ts'
import type { IncidentPlan, Scenario, Stratum } from './scenario.ts'

export const stratum = (role: string, share: Stratum['share'], version = 0, generation = 0): Stratum => ({
  role,
  share,
  version,
  generation
})

export const incident = (
  draw: DrawEdits,
  count: number,
  hosts = 1,
  rows: IncidentPlan['rows'] = [2, 8]
): IncidentPlan => ({
  draw,
  count,
  hosts,
  rows,
  benign: false
})
const benign = (hosts: number): IncidentPlan => ({
  draw: toolset,
  count: 1,
  hosts,
  rows: [8, 8],
  benign: true
})
export const single = (count: number): IncidentPlan => incident(oneRow, count, 1, [1, 1])

type Options = Partial<Omit<Scenario, 'name' | 'noise'>> & { readonly noise?: Partial<Noise> }

export function scenario(
  name: string,
  hosts: number,
  strata: readonly Stratum[],
  rest: Options = {}
): Scenario {
  return {
    name,
    hosts,
    strata,
    incidents: [],
    baseline: false,
    distribution: 'debian',
    figures: [],
    foreign: null,
    quirks: null,
    short: false,
    ...rest,
    noise: { ...USUAL, ...rest.noise }
  }
}

const THREE = [stratum('web', 5), stratum('worker', 3), stratum('database', 2)]
const SIX = [
  stratum('web', 6),
  stratum('api', 5),
  stratum('worker', 4),
  stratum('database', 2),
  stratum('cache', 2),
  stratum('queue', 1)
]
const BLUE_GREEN = [stratum('web', 5), stratum('web', 5, 3), stratum('database', 2)]
const IMAGES = [stratum('web', 4), stratum('web', 2, 0, 1), stratum('worker', 3), stratum('worker', 1, 0, 1)]
const BASTIONS = [
  stratum('web', 6),
  stratum('api', 4),
  stratum('bastion', { hosts: 1 }),
  stratum('monitor', { hosts: 1 })
]
const VERSIONS = ['web', 'api', 'worker', 'database'].flatMap(role =>
  [0, 2, 5].flatMap(version =>
    [0, 1].map(generation => stratum(role, role === 'web' ? 2 : 1, version, generation))
  )
)
const EVEN_VERSIONS = ['web', 'api', 'worker', 'database'].flatMap(role =>
  [1, 2, 3, 5, 6].map(version => stratum(role, 1, version))
)
const UNEVEN_VERSIONS = ['web', 'api', 'worker', 'database'].flatMap(role =>
  [8, 5, 3, 2, 2].map((share, version) => stratum(role, share, version))
)
const ONE_ROLE_VERSIONS = [0, 1, 2, 3, 4, 5, 6, 7].map(version => stratum('web', 1, version))

/** Every scenario has seeds to develop on and others to report with. */
const PLANS: readonly Scenario[] = [
  // Healthy.
  scenario('homogeneous-60', 60, [stratum('web', 1)], {
    noise: QUIET,
    figures: ['homogeneous'],
    short: true
  }),
  scenario('homogeneous-200', 200, [stratum('api', 1)], { noise: QUIET, figures: ['homogeneous'] }),
  scenario('clean-200', 200, THREE, { short: true }),
  scenario('clean-noisy-200', 200, SIX, { noise: { shared: 7, people: 0.08, upgrading: 0.1, patched: 0.3 } }),
  scenario('clean-1000', 1000, SIX),
  scenario('clean-two-images-120', 120, IMAGES),
  scenario('clean-many-strata-240', 240, VERSIONS, { figures: ['manyVersions'], short: true }),
  scenario('clean-many-strata-600', 600, VERSIONS, { figures: ['manyVersions'] }),
  scenario('clean-even-strata-200', 200, EVEN_VERSIONS, { figures: ['manyVersions'], short: true }),
  scenario('clean-even-strata-400', 400, EVEN_VERSIONS, { figures: ['manyVersions'] }),
  scenario('clean-uneven-strata-300', 300, UNEVEN_VERSIONS, {
    figures: ['manyVersions'],
    noise: { shared: 7 }
  }),
  scenario('clean-eight-versions-160', 160, ONE_ROLE_VERSIONS),
  scenario('clean-container-nodes-120', 120, [stratum('node', 7), stratum('web', 3)], {
    noise: { containers: 0.33 }
  }),
  scenario('clean-people-200', 200, THREE, { noise: { people: 0.15, upgrading: 0.1 } }),
  scenario('clean-patching-200', 200, THREE, { noise: { patched: 0.3, ahead: 0.3 } }),
  scenario('clean-booting-200', 200, THREE, { noise: { booting: 0.04 } }),
  scenario('clean-canary-200', 200, [stratum('web', 18), stratum('web', 2, 3), stratum('api', 10)]),
  scenario('clean-rolling-120', 120, [stratum('web', 6), stratum('web', 4, 2), stratum('worker', 4)]),
  // Incidents.
  scenario('kit-60', 60, THREE, { incidents: [incident(kit, 1)], short: true }),
  scenario('kit-200', 200, SIX, { incidents: [incident(kit, 3)], short: true }),
  scenario('kit-1000', 1000, SIX, { incidents: [incident(kit, 6)] }),
  scenario('kit-noisy-200', 200, THREE, {
    incidents: [incident(kit, 2)],
    noise: {
      shared: 7,
      people: 0.1,
      upgrading: 0.1,
      booting: 0.04,
      patched: 0.3,
      ahead: 0.1,
      unobserved: 0.06
    }
  }),
  scenario('five-hosts-120', 120, THREE, { incidents: [incident(kit, 1, 5, [2, 6])], short: true }),
  scenario('five-percent-200', 200, BLUE_GREEN, {
    incidents: [incident(kit, 1, 0.05, [3, 8]), incident(kit, 1)]
  }),
  scenario('three-hosts-200', 200, SIX, { incidents: [incident(kit, 2, 3, [2, 5])] }),
  scenario('stopped-on-five-120', 120, THREE, { incidents: [incident(stopped, 1, 5, [2, 5])] }),
  scenario('mimicry-on-five-200', 200, THREE, { incidents: [incident(mimicry, 1, 5, [2, 5])] }),
  scenario('five-hosts-noisy-200', 200, THREE, {
    incidents: [incident(kit, 1, 5, [2, 6])],
    noise: { shared: 7, people: 0.1, upgrading: 0.1, booting: 0.04, patched: 0.3, unobserved: 0.06 }
  }),
  scenario('stopped-120', 120, THREE, { incidents: [incident(stopped, 2)], short: true }),
  scenario('changed-120', 120, THREE, { incidents: [incident(changed, 2, 1, [2, 6])] }),
  scenario('mimicry-200', 200, THREE, { incidents: [incident(mimicry, 2)] }),
  scenario('other-role-200', 200, SIX, { incidents: [incident(otherRole, 2)] }),
  scenario('one-row-60', 60, [stratum('web', 1)], { incidents: [single(1)] }),
  scenario('one-row-200', 200, THREE, { incidents: [single(3)], short: true }),
  scenario('one-row-1000', 1000, SIX, { incidents: [single(6)] }),
  scenario('benign-toolset-200', 200, THREE, { incidents: [benign(0.02), incident(kit, 1)] }),
  scenario('canary-kit-200', 200, [stratum('web', 18), stratum('web', 2, 3), stratum('api', 10)], {
    incidents: [incident(kit, 2)]
  }),
  scenario('rolling-kit-120', 120, [stratum('web', 6), stratum('web', 4, 2), stratum('worker', 4)], {
    incidents: [incident(kit, 2)]
  }),
  scenario('two-images-120', 120, IMAGES, { incidents: [incident(kit, 1), incident(changed, 1, 1, [2, 5])] }),
  scenario('bastions-120', 120, BASTIONS, { incidents: [incident(kit, 2)] }),
  scenario('many-strata-240', 240, VERSIONS, { incidents: [incident(kit, 3)], figures: ['manyVersions'] }),
  scenario('even-strata-240', 240, EVEN_VERSIONS, {
    incidents: [incident(kit, 2), incident(kit, 1, 4, [2, 6])],
    figures: ['manyVersions']
  }),
  scenario('even-strata-on-four-160', 160, EVEN_VERSIONS, {
    incidents: [incident(kit, 1, 4, [2, 6])],
    figures: ['manyVersions']
  }),
  scenario('across-strata-on-five-80', 80, EVEN_VERSIONS, {
    incidents: [incident(kit, 1, 5, [2, 6])],
    figures: ['manyVersions']
  }),
  scenario('container-nodes-120', 120, [stratum('node', 7), stratum('web', 3)], {
    noise: { containers: 0.33 },
    incidents: [incident(kit, 2)]
  }),
  scenario('mixed-200', 200, SIX, {
    incidents: [
      incident(kit, 1),
      incident(stopped, 1),
      incident(mimicry, 1),
      incident(kit, 1, 3, [2, 6]),
      single(1)
    ]
  }),
  // Small.
  scenario('tiny-3', 3, [stratum('web', 1)], { incidents: [incident(kit, 1)] }),
  scenario('tiny-8', 8, [stratum('web', 1)], { incidents: [incident(kit, 1)] }),
  scenario('tiny-20', 20, [stratum('web', 2), stratum('database', 1)], {
    incidents: [incident(kit, 1)],
    short: true
  }),
  scenario('tiny-30', 30, [stratum('web', 2), stratum('worker', 1)], { incidents: [incident(kit, 1)] }),
  scenario('tiny-clean-3', 3, [stratum('web', 1)], { noise: { silent: 0, unobserved: 0 } }),
  scenario('tiny-clean-8', 8, [stratum('web', 1)]),
  scenario('tiny-clean-20', 20, [stratum('web', 2), stratum('database', 1)], { short: true }),
  scenario('tiny-clean-29', 29, [stratum('web', 2), stratum('worker', 1)]),
  // With a baseline.
  scenario('most-compromised-60', 60, [stratum('web', 1)], {
    incidents: [incident(kit, 1, 0.6, [3, 6])],
    baseline: true,
    figures: ['baseline'],
    noise: { silent: 0, unobserved: 0 },
    short: true
  }),
  scenario('most-compromised-200', 200, [stratum('web', 3), stratum('database', 1)], {
    incidents: [incident(kit, 1, 0.6, [3, 8])],
    baseline: true,
    figures: ['baseline'],
    noise: { silent: 0, unobserved: 0 }
  }),
  scenario('baseline-kit-120', 120, THREE, {
    incidents: [incident(kit, 2), incident(stopped, 1)],
    baseline: true
  })
]

/** Scenarios as the bench runs them. */
export const runnable = (scenarios: readonly Scenario[]): FleetScenario[] =>
  scenarios.map(scenario => ({
    name: scenario.name,
    hosts: scenario.hosts,
    short: scenario.short,
    make: seed => generate(scenario, seed)
  }))

export const SCENARIOS: readonly FleetScenario[] = runnable(PLANS)
