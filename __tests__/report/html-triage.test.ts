import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { historyOf } from '../../src/report/fleet-memory.ts'
import { renderHtml } from '../../src/report/html.ts'
import type { Inventory, Report } from '../../src/report/report.ts'
import { violations } from '../support/axe.ts'
import { type Chromium, startChromium } from '../support/browser.ts'
import { withHostFindings } from '../support/html-samples.ts'
import { host, report } from '../support/reports.ts'
import { drifted, healthy, incomplete } from '../support/samples.ts'

// A browser is slow on a busy machine.
jest.setTimeout(120_000)

let chromium: Chromium
beforeAll(async () => {
  chromium = await startChromium()
})
afterEach(() => chromium.closePages())
afterAll(() => chromium.close())

const open = (sample: Report) => chromium.open(renderHtml(sample, 0))

/** Hosts without a baseline, too few to compare. */
function uncompared(...ids: string[]): Report {
  const queries: Inventory['queries'] = [
    {
      query: 'kernel_modules',
      total: 130,
      rows: Array.from({ length: 100 }, (_, at) => ({
        row: { name: `module_${at}`, used_by: '-' },
        hosts: 1
      }))
    },
    {
      query: 'setuid_elsewhere',
      total: 1,
      rows: [{ row: { path: '/opt/x/sandbox', mode: '4755' }, hosts: 1 }]
    }
  ]
  const hosts = ids.map(id => host(id, { cluster: null }))
  const sample = report(hosts, [], { run: { baseline: null } })
  return {
    ...sample,
    summary: { ...sample.summary, verdict: 'incomplete' },
    inventory: { hosts: ids, queries }
  }
}

test('the page begins with the worst findings, their hosts and what to do', async () => {
  const { page } = await open(withHostFindings(drifted()))
  expect(await page.locator('.worst li').allInnerTexts()).toEqual([
    '1 · Critical intruder on web-03, web-07, web-12 and 2 more\nNone of the other 57 hosts has this row of kernel_modules, and it is not in the baseline.',
    '2 · High intruder on web-21\n1 of 62 hosts has this authorized key of root, and it is not in the baseline.',
    '3 · High broken control on web-52\nauditd runs on 61 of 62 hosts, but not on this one.',
    '4 · Medium rollout on web-48, web-49, web-50 and 13 more\nNew on all 16 hosts of this cluster, like a deployment. If you made it, update the baseline.'
  ])
  expect(await page.locator('.steps li').first().innerText()).toMatch(/^Findings 1 and 2: treat the 6 hosts/)
  const { y, height } = (await page.locator('.triage').boundingBox())!
  expect(y + height).toBeLessThan(900)
})

test('a finding opens from the top of the page, even if filters hide it', async () => {
  const { page } = await open(withHostFindings(drifted()))
  await page.getByLabel('Host', { exact: true }).fill('web-21')
  await page.getByRole('button', { name: '3 · High broken control' }).click()
  expect(await page.locator('.finding[open] h3').allInnerTexts()).toContain('High broken control')
})

test('a page that knows earlier runs says since when, what is new, and when each finding was first seen', async () => {
  const sample = withHostFindings(drifted())
  const before = historyOf(null, {
    ...sample,
    run: { ...sample.run, startedAt: '2026-09-28T06:00:00.000Z' },
    summary: { ...sample.summary, findings: sample.summary.findings - 1 },
    findings: sample.findings.slice(1)
  })
  const { page } = await open({ ...sample, history: historyOf(before.memory, sample) })
  expect(await page.locator('.comparison').last().innerText()).toBe(
    'Not clean since 2026-09-28. Last change on 2026-09-30: 1 new. New: finding 1.'
  )
  expect(await page.locator('.finding dl').first().textContent()).toContain('First seen2026-09-30')
})

test('hosts that were not fully assessed are listed with the reason, whether or not a finding is about them', async () => {
  const { page } = await open(withHostFindings(drifted()))
  expect(await page.locator('#unassessed tbody tr').allInnerTexts()).toEqual([
    expect.stringMatching(/^silent\s+web-40 i-0a1b2c3d4e5f1040\s+SSM: DeliveryTimedOut/),
    expect.stringMatching(/^partial\s+web-41 i-0a1b2c3d4e5f1041\s+osquery is not installed/)
  ])
  expect(await page.locator('.figures').first().innerText()).toMatch(/partial: web-41\s+1\s+silent: web-40/)
  const without = await open(incomplete())
  expect(await without.page.locator('#unassessed tbody tr').allInnerTexts()).toEqual([
    expect.stringMatching(/^silent\s+web-00 .*and 12 more\s+The agent is offline/s),
    expect.stringMatching(/^not found\s+2 hosts\s+Expected, or counted by SSM, but not among the hosts/)
  ])
})

test('a run that could judge nothing shows the rows of the integrity tables, and the way to a baseline', async () => {
  const { page, messages } = await open(uncompared('i-1'))
  expect(await page.locator('.lead').innerText()).toBe('Nothing to compare with, its only host assessed.')
  expect(await page.locator('.comparison').innerText()).toBe(
    'Hosts were not compared: there are too few, and there is no baseline.'
  )
  const inventory = page.locator('#inventory')
  expect(await inventory.locator('.explanation').innerText()).toMatch(/^Nothing judged this host\./)
  expect(await inventory.locator('code').allInnerTexts()).toContain('baseline: baselines/NAME.json')
  expect(await inventory.locator('h3').allInnerTexts()).toEqual(['kernel_modules 130', 'setuid_elsewhere 1'])
  expect(await inventory.locator('tbody tr').allInnerTexts()).toEqual([
    expect.stringMatching(/^\/opt\/x\/sandbox\s+4755$/)
  ])
  await inventory.locator('summary').first().click()
  expect(await inventory.getByText('The first 100 rows; the others are in the snapshot.').count()).toBe(1)
  expect(messages).toEqual([])
})

test('an inventory of several hosts says how many of them have each row', async () => {
  const { page } = await open(uncompared('i-1', 'i-2'))
  expect(await page.locator('.lead').innerText()).toBe('Nothing to compare with, both hosts assessed.')
  expect(await page.locator('#inventory tbody td').allInnerTexts()).toContain('1 of 2')
  expect(await page.locator('#inventory .hosts li').allInnerTexts()).toEqual(['i-1', 'i-2'])
})

test.each<[string, Report]>([
  ['a healthy fleet', healthy()],
  ['an incomplete run', incomplete()],
  ['a run that could judge nothing', uncompared('i-1', 'i-2')],
  ['no host', report([])]
])('an accessibility checker finds nothing on the page of %s', async (_, sample) => {
  expect(await violations(await open(sample))).toEqual([])
})
