import { expect, test } from '@jest/globals'
import { assess } from '../../src/assess.ts'
import { searchNotices } from '../../src/indicators/notices.ts'
import { readIndicators } from '../../src/indicators/read.ts'
import { fleet, hostId, QUERIES } from '../support/fleets.ts'

const read = (text: string) => readIndicators(text, () => Promise.reject(new Error('no file')))
const search = async (text: string, hosts: ReturnType<typeof fleet>) => {
  const { findings, search } = await assess(
    { queries: QUERIES, baseline: null, indicators: await read(text), today: '2026-09-30' },
    async function* () {
      yield* hosts
    }
  )
  const found = findings.filter(({ kind }) => kind === 'indicator')
  return { found: found.map(({ hosts }) => hosts), notices: searchNotices(search!, found.length).join('\n') }
}

/** One host sends six million characters; its last query and those of others hold what is searched for. */
const flooded = fleet(8, (index, rows) => {
  if (index === 4)
    rows.programs?.push(
      ...Array.from({ length: 2_000 }, (_, at) => ({
        path: `/x/${at}${'y'.repeat(3_000)}`,
        username: 'root'
      }))
    )
  if (index === 4 || index === 6) rows.sessions?.push({ user: 'mallory42' })
})

test('a host that sends too much text to search for expressions is listed as not checked, and others are searched in full', async () => {
  const { found, notices } = await search('/mallory\\d+/', flooded)
  expect(found).toEqual([[hostId(6)]])
  expect(notices).toContain(
    `could not be checked on ${hostId(4)}: no query that could show it was answered and searched in full.`
  )
})

test('words are searched for in all of its text', async () => {
  const { found, notices } = await search('mallory42', flooded)
  expect(found).toEqual([[hostId(4), hostId(6)]])
  expect(notices).not.toContain('could not be checked')
})
