import { changed, type Draw, kit, mimicry, oneRow, otherRole, stopped, toolset } from './incidents.ts'
import { type Noise, QUIET, USUAL } from './noise.ts'
import type { Cell, Family, Planting } from './scenario.ts'

export const cell = (role: string, share: Cell['share'], version = 0, generation = 0): Cell => ({
  role,
  share,
  version,
  generation
})

export const planted = (draw: Draw, count: number, hosts = 1, rows: Planting['rows'] = [2, 8]): Planting => ({
  draw,
  count,
  hosts,
  rows,
  benign: false
})
const benign = (hosts: number): Planting => ({ draw: toolset, count: 1, hosts, rows: [8, 8], benign: true })
export const single = (count: number): Planting => planted(oneRow, count, 1, [1, 1])

type Rest = Partial<Omit<Family, 'name' | 'noise'>> & { readonly noise?: Partial<Noise> }

export function family(name: string, hosts: number, cells: readonly Cell[], rest: Rest = {}): Family {
  return {
    name,
    hosts,
    cells,
    plantings: [],
    baseline: false,
    distribution: 'debian',
    figures: [],
    foreign: null,
    oddities: null,
    short: false,
    ...rest,
    noise: { ...USUAL, ...rest.noise }
  }
}

const THREE = [cell('web', 5), cell('worker', 3), cell('database', 2)]
const SIX = [
  cell('web', 6),
  cell('api', 5),
  cell('worker', 4),
  cell('database', 2),
  cell('cache', 2),
  cell('queue', 1)
]
const BLUE_GREEN = [cell('web', 5), cell('web', 5, 3), cell('database', 2)]
const IMAGES = [cell('web', 4), cell('web', 2, 0, 1), cell('worker', 3), cell('worker', 1, 0, 1)]
const BASTIONS = [
  cell('web', 6),
  cell('api', 4),
  cell('bastion', { hosts: 1 }),
  cell('monitor', { hosts: 1 })
]
const VERSIONS = ['web', 'api', 'worker', 'database'].flatMap(role =>
  [0, 2, 5].flatMap(version =>
    [0, 1].map(generation => cell(role, role === 'web' ? 2 : 1, version, generation))
  )
)
const EVEN_VERSIONS = ['web', 'api', 'worker', 'database'].flatMap(role =>
  [1, 2, 3, 5, 6].map(version => cell(role, 1, version))
)
const UNEVEN_VERSIONS = ['web', 'api', 'worker', 'database'].flatMap(role =>
  [8, 5, 3, 2, 2].map((share, version) => cell(role, share, version))
)
const ONE_ROLE_VERSIONS = [0, 1, 2, 3, 4, 5, 6, 7].map(version => cell('web', 1, version))

/** The families that the engine was developed on, and is reported on with seeds of their own. */
export const FAMILIES: readonly Family[] = [
  // Healthy.
  family('homogeneous-60', 60, [cell('web', 1)], { noise: QUIET, figures: ['homogeneous'], short: true }),
  family('homogeneous-200', 200, [cell('api', 1)], { noise: QUIET, figures: ['homogeneous'] }),
  family('clean-200', 200, THREE, { short: true }),
  family('clean-noisy-200', 200, SIX, { noise: { shared: 7, people: 0.08, upgrading: 0.1, patched: 0.3 } }),
  family('clean-1000', 1000, SIX),
  family('clean-two-images-120', 120, IMAGES),
  family('clean-many-cells-240', 240, VERSIONS, { figures: ['manyCells'], short: true }),
  family('clean-many-cells-600', 600, VERSIONS, { figures: ['manyCells'] }),
  family('clean-even-cells-200', 200, EVEN_VERSIONS, { figures: ['manyCells'], short: true }),
  family('clean-even-cells-400', 400, EVEN_VERSIONS, { figures: ['manyCells'] }),
  family('clean-uneven-cells-300', 300, UNEVEN_VERSIONS, { figures: ['manyCells'], noise: { shared: 7 } }),
  family('clean-eight-versions-160', 160, ONE_ROLE_VERSIONS),
  family('clean-container-nodes-120', 120, [cell('node', 7), cell('web', 3)], {
    noise: { containers: 0.33 }
  }),
  family('clean-people-200', 200, THREE, { noise: { people: 0.15, upgrading: 0.1 } }),
  family('clean-patching-200', 200, THREE, { noise: { patched: 0.3, ahead: 0.3 } }),
  family('clean-booting-200', 200, THREE, { noise: { booting: 0.04 } }),
  family('clean-canary-200', 200, [cell('web', 18), cell('web', 2, 3), cell('api', 10)]),
  family('clean-rolling-120', 120, [cell('web', 6), cell('web', 4, 2), cell('worker', 4)]),
  // Incidents.
  family('kit-60', 60, THREE, { plantings: [planted(kit, 1)], short: true }),
  family('kit-200', 200, SIX, { plantings: [planted(kit, 3)], short: true }),
  family('kit-1000', 1000, SIX, { plantings: [planted(kit, 6)] }),
  family('kit-noisy-200', 200, THREE, {
    plantings: [planted(kit, 2)],
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
  family('five-hosts-120', 120, THREE, { plantings: [planted(kit, 1, 5, [2, 6])], short: true }),
  family('five-percent-200', 200, BLUE_GREEN, {
    plantings: [planted(kit, 1, 0.05, [3, 8]), planted(kit, 1)]
  }),
  family('three-hosts-200', 200, SIX, { plantings: [planted(kit, 2, 3, [2, 5])] }),
  family('stopped-on-five-120', 120, THREE, { plantings: [planted(stopped, 1, 5, [2, 5])] }),
  family('mimicry-on-five-200', 200, THREE, { plantings: [planted(mimicry, 1, 5, [2, 5])] }),
  family('five-hosts-noisy-200', 200, THREE, {
    plantings: [planted(kit, 1, 5, [2, 6])],
    noise: { shared: 7, people: 0.1, upgrading: 0.1, booting: 0.04, patched: 0.3, unobserved: 0.06 }
  }),
  family('stopped-120', 120, THREE, { plantings: [planted(stopped, 2)], short: true }),
  family('changed-120', 120, THREE, { plantings: [planted(changed, 2, 1, [2, 6])] }),
  family('mimicry-200', 200, THREE, { plantings: [planted(mimicry, 2)] }),
  family('other-role-200', 200, SIX, { plantings: [planted(otherRole, 2)] }),
  family('one-row-60', 60, [cell('web', 1)], { plantings: [single(1)] }),
  family('one-row-200', 200, THREE, { plantings: [single(3)], short: true }),
  family('one-row-1000', 1000, SIX, { plantings: [single(6)] }),
  family('benign-toolset-200', 200, THREE, { plantings: [benign(0.02), planted(kit, 1)] }),
  family('canary-kit-200', 200, [cell('web', 18), cell('web', 2, 3), cell('api', 10)], {
    plantings: [planted(kit, 2)]
  }),
  family('rolling-kit-120', 120, [cell('web', 6), cell('web', 4, 2), cell('worker', 4)], {
    plantings: [planted(kit, 2)]
  }),
  family('two-images-120', 120, IMAGES, { plantings: [planted(kit, 1), planted(changed, 1, 1, [2, 5])] }),
  family('bastions-120', 120, BASTIONS, { plantings: [planted(kit, 2)] }),
  family('many-cells-240', 240, VERSIONS, { plantings: [planted(kit, 3)], figures: ['manyCells'] }),
  family('even-cells-240', 240, EVEN_VERSIONS, {
    plantings: [planted(kit, 2), planted(kit, 1, 4, [2, 6])],
    figures: ['manyCells']
  }),
  family('even-cells-on-four-160', 160, EVEN_VERSIONS, {
    plantings: [planted(kit, 1, 4, [2, 6])],
    figures: ['manyCells']
  }),
  family('across-cells-on-five-80', 80, EVEN_VERSIONS, {
    plantings: [planted(kit, 1, 5, [2, 6])],
    figures: ['manyCells']
  }),
  family('container-nodes-120', 120, [cell('node', 7), cell('web', 3)], {
    noise: { containers: 0.33 },
    plantings: [planted(kit, 2)]
  }),
  family('mixed-200', 200, SIX, {
    plantings: [
      planted(kit, 1),
      planted(stopped, 1),
      planted(mimicry, 1),
      planted(kit, 1, 3, [2, 6]),
      single(1)
    ]
  }),
  // Small.
  family('tiny-3', 3, [cell('web', 1)], { plantings: [planted(kit, 1)], figures: ['tiny'] }),
  family('tiny-8', 8, [cell('web', 1)], { plantings: [planted(kit, 1)], figures: ['tiny'] }),
  family('tiny-20', 20, [cell('web', 2), cell('database', 1)], { plantings: [planted(kit, 1)], short: true }),
  family('tiny-30', 30, [cell('web', 2), cell('worker', 1)], { plantings: [planted(kit, 1)] }),
  family('tiny-clean-3', 3, [cell('web', 1)], { noise: { silent: 0, unobserved: 0 } }),
  family('tiny-clean-8', 8, [cell('web', 1)]),
  family('tiny-clean-20', 20, [cell('web', 2), cell('database', 1)], { short: true }),
  family('tiny-clean-29', 29, [cell('web', 2), cell('worker', 1)]),
  // With a baseline.
  family('most-compromised-60', 60, [cell('web', 1)], {
    plantings: [planted(kit, 1, 0.6, [3, 6])],
    baseline: true,
    figures: ['baseline'],
    noise: { silent: 0, unobserved: 0 },
    short: true
  }),
  family('most-compromised-200', 200, [cell('web', 3), cell('database', 1)], {
    plantings: [planted(kit, 1, 0.6, [3, 8])],
    baseline: true,
    figures: ['baseline'],
    noise: { silent: 0, unobserved: 0 }
  }),
  family('baseline-kit-120', 120, THREE, {
    plantings: [planted(kit, 2), planted(stopped, 1)],
    baseline: true
  })
]
