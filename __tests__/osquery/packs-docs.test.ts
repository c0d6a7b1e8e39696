import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from '@jest/globals'
import { markdownTable } from 'markdown-table'
import { builtinPack } from '../../src/osquery/builtin-packs.ts'
import { loadPacks, queriesOf } from '../../src/osquery/load-packs.ts'
import { modelHost } from '../support/model-host.ts'
import { osqueryPlanner, TABLE_FACTS } from '../support/osquery-planner.ts'
import { TECHNIQUES } from '../support/pack-techniques.ts'
import { secondsOf } from '../support/query-cost.ts'

const DOCUMENT = new URL('../../docs/packs.md', import.meta.url)
const planner = osqueryPlanner(
  'linux',
  TABLE_FACTS.latest,
  modelHost({ processes: 300, connections: 200, osqueryPid: 60_000 })
)
afterAll(() => planner.close())

function techniqueTable(): string {
  const costs = new Map(
    builtinPack('linux')!.queries.map(({ name, sql }) => [name, secondsOf(planner.run(sql).calls)] as const)
  )
  const rows = [...TECHNIQUES]
    .sort((a, b) => (a.attack < b.attack ? -1 : a.attack > b.attack ? 1 : 0))
    .map(({ attack, what, query }) => [attack, what, `\`${query}\``, `${costs.get(query)?.toFixed(2)} s`])
  return markdownTable([['ATT&CK', 'what is planted', 'query', 'CPU'], ...rows], {
    alignDelimiters: false
  })
}

/** `UPDATE_DOCS=1` writes the table. */
test('the documented table of techniques is what the tests plant, with the cost of each query', () => {
  const text = readFileSync(DOCUMENT, 'utf8')
  const written = text.replace(
    /(<!-- techniques -->\n)[\s\S]*?(<!-- \/techniques -->)/,
    (_all, start: string, end: string) => `${start}${techniqueTable()}\n${end}`
  )
  if (process.env.UPDATE_DOCS === '1') writeFileSync(DOCUMENT, written)
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(written)
  expect(written).toContain('| ATT&CK |')
})

test.each(['kubernetes-node', 'container-host', 'bastion', 'ci-runner'])(
  'the example pack %s loads beside the default pack, and its SQL passes the planner of the minimum version',
  async name => {
    const path = new URL(`../../docs/examples/${name}.json`, import.meta.url)
    const packs = await loadPacks(['linux', `docs/examples/${name}.json`], async () =>
      readFileSync(path, 'utf8')
    )
    const queries = queriesOf(packs)
    expect(queries.length).toBeGreaterThan(builtinPack('linux')!.queries.length)
    const oldest = osqueryPlanner('linux', TABLE_FACTS.minimum, modelHost())
    const own = queries.slice(builtinPack('linux')!.queries.length)
    for (const { sql } of own) expect(oldest.run(sql).rows).toBeInstanceOf(Array)
    oldest.close()
  }
)
