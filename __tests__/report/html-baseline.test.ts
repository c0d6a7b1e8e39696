import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals'
import { renderHtml } from '../../src/report/html.ts'
import type { Report } from '../../src/report/report.ts'
import { violations } from '../support/axe.ts'
import { type Chromium, startChromium } from '../support/browser.ts'
import { placed, scattered } from '../support/html-samples.ts'
import { goodPlan, learnedBaseline, poisonedPlan, staticPlan, suggested } from '../support/plans.ts'
import { drifted } from '../support/samples.ts'

// A browser on a busy machine takes its time.
jest.setTimeout(120_000)

let chromium: Chromium
beforeAll(async () => {
  chromium = await startChromium()
})
afterEach(() => chromium.closePages())
afterAll(() => chromium.close())

const open = (sample: Report, options: Parameters<Chromium['open']>[1] = {}) =>
  chromium.open(renderHtml(sample, 0), options)

/** Lines of the tables in a part, each as its cells. */
const tables = ({ page }: Awaited<ReturnType<typeof open>>, part: string) =>
  page
    .locator(`${part} tbody tr`)
    .evaluateAll(lines => lines.map(line => [...line.children].map(cell => cell.textContent)))

test('a plan says what it changes, whose verdict that changes, and which findings appear and vanish', async () => {
  const opened = await open(placed(poisonedPlan()))
  const { page, complaints } = opened
  const plan = page.locator('#plan')
  expect(await page.locator('h1').innerText()).toBe('Baseline poisoning')
  expect(await page.title()).toBe('checkout: baseline poisoning · Fleet Drift')
  expect(await plan.locator('.explanation').innerText()).toBe(
    'This pull request changes baselines/checkout.json: 2 rows added, 1 removed, 1 moved, 1 acceptance added and 1 pack updated.'
  )
  expect(await plan.locator('.marked').innerText()).toBe(
    'It blesses what fewer than half of the hosts have: 1 finding of baseline poisoning.'
  )
  expect(await plan.locator('.notice').innerText()).toBe(
    'Rows are added to kernel_modules, where a change is rarely innocent: look at each of them.'
  )
  expect(await plan.locator('.group header').allTextContents()).toEqual([
    'Become drifted 2under the new baseline only',
    'Become clean 27it follows 1 rollout'
  ])
  const [appears, ...more] = await tables(opened, '#plan')
  expect(appears).toEqual([
    '+appears',
    'High missing',
    'web-28 i-0a1b2c3d4e5f1028web-29 i-0a1b2c3d4e5f1029',
    'listening_ports'
  ])
  expect(more.map(cells => cells.slice(0, 2))).toEqual([
    ['−vanishes', 'Medium rollout'],
    ['−vanishes', 'Critical intruder'],
    ['+added', 'diamorphine'],
    ['+added', '6'],
    ['→moved', '6'],
    ['−removed', '/etc/crontab'],
    ['+added', 'processes']
  ])
  expect(more[4]?.at(-1)).toBe('required → optional')
  expect(await plan.locator('h4').allInnerTexts()).toEqual([
    'kernel_modules 1 row',
    'listening_ports 2 rows',
    'crontab 1 row of role web',
    'accept 1 acceptance'
  ])
  expect(complaints).toEqual([])
})

test('every host of a plan can be shown, and from there the fleet is filtered by it', async () => {
  const { page } = await open(placed(poisonedPlan()))
  const clean = page.locator('#plan .group').nth(1)
  expect(await clean.locator('li').count()).toBe(13)
  await clean.getByRole('button', { name: 'and 15 more' }).click()
  expect(await clean.locator('li').count()).toBe(27)
  await clean.getByRole('button', { name: /^web-26/ }).click()
  expect(await page.getByLabel('Host', { exact: true }).inputValue()).toBe('i-0a1b2c3d4e5f1026')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('fleet')
})

test('a finding of the plan that the report has opens from there, whatever the filters hide', async () => {
  const sample = poisonedPlan()
  const appeared = { ...drifted().findings[1]!, id: 'fd-3', hosts: sample.plan!.effect!.becomeDrifted }
  const { page } = await open(placed({ ...sample, findings: [...sample.findings, appeared] }), {
    hash: '#host=i-0a1b2c3d4e5f1004'
  })
  await page.locator('#plan').getByRole('button', { name: 'High missing' }).press('Enter')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/High intruder/)
  expect(new URL(page.url()).hash).toBe('#finding=fd-3')
  expect(await page.locator('#plan').getByRole('button', { name: 'Critical intruder' }).count()).toBe(0)
})

test('a plan that blesses nothing rare says so', async () => {
  const { page } = await open(goodPlan())
  expect(await page.locator('h1').innerText()).toBe('Clean')
  expect(await page.locator('#plan .marked').innerText()).toBe(
    'Every row that it adds stands on at least half of the hosts that it is for.'
  )
  expect(await page.locator('#plan .notice').count()).toBe(0)
})

test('a plan for which no host was asked promises nothing', async () => {
  const opened = await open(staticPlan())
  const { page } = opened
  expect(await page.locator('#plan .notice').first().innerText()).toMatch(/^No host was asked/)
  expect(await page.locator('#plan :is(.marked, .group)').count()).toBe(0)
  expect(await tables(opened, '#plan')).toHaveLength(5)
})

test('filters leave the plan as it is', async () => {
  const { page } = await open(placed(poisonedPlan()))
  const before = await page.locator('#plan').innerText()
  await page.getByLabel('Search').fill('nothing has this')
  expect(await page.locator('[role=status]').innerText()).toBe('0 of 1 finding, 0 of 30 hosts')
  expect(await page.locator('#plan').innerText()).toBe(before)
})

test('what was learned is told row by row, and what was not learned with the reason', async () => {
  const opened = await open(learnedBaseline())
  const { page } = opened
  expect(await page.locator('h1').innerText()).toBe('Baseline')
  expect(await page.locator('#learned .explanation').innerText()).toBe(
    'baselines/checkout.json was written: 1 row added, 1 removed, 1 moved and 1 pack updated.'
  )
  expect(await page.locator('#learned h3 >> nth=0').innerText()).toBe('1 row not learned')
  expect((await tables(opened, '#learned'))[0]).toEqual([
    'kernel_modules',
    'name=diamorphine',
    'web-04 i-0a1b2c3d4e5f1004',
    'Only 1 of 30 clean hosts has it, and a change in this table is rarely innocent'
  ])
  expect(await tables(opened, '#learned')).toHaveLength(4)
})

test('a baseline that nothing changed is told in one sentence', async () => {
  const sample = learnedBaseline()
  const changes = { rows: [], queries: [], acceptances: [], packs: [] }
  const { page } = await open({
    ...sample,
    learned: { ...sample.learned!, changed: false, changes, refused: [] }
  })
  expect(await page.locator('#learned').innerText()).toBe(
    'What was learned\n\nbaselines/checkout.json is as it was: the clean hosts say nothing new.'
  )
})

test('the first baseline of many rows is closed until it is asked for, and open on paper', async () => {
  const sample = learnedBaseline()
  const rows = Array.from({ length: 120 }, (_, at) => ({
    change: 'added' as const,
    role: null,
    query: 'listening_ports',
    row: { port: String(at) },
    from: null,
    to: 'required' as const
  }))
  const changes = { rows, queries: [], acceptances: [], packs: [] }
  const opened = await open({ ...sample, learned: { ...sample.learned!, changes, refused: [] } })
  const { page } = opened
  expect(await tables(opened, '#learned')).toEqual([])
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  expect(await page.locator('#learned .fold[open]').count()).toBe(1)
  await page.evaluate(() => dispatchEvent(new Event('afterprint')))
  expect(await page.locator('#learned .fold[open]').count()).toBe(0)
  await page.locator('#learned summary').press('Enter')
  expect(await tables(opened, '#learned')).toHaveLength(50)
  await page.getByRole('button', { name: 'Show 70 more rows' }).click()
  expect(await tables(opened, '#learned')).toHaveLength(120)
})

test('after a rollout the page tells of the baseline that follows it', async () => {
  const opened = await open(placed(suggested()))
  expect(await opened.page.locator('#suggestion .explanation').innerText()).toBe(
    'baseline.suggested.json is a baseline that follows the rollouts: 1 row added.'
  )
  expect(await tables(opened, '#suggestion')).toEqual([
    ['+added', '6', '::', '9100', '/usr/local/bin/node_exporter', 'required']
  ])
})

test('a report that has nothing to tell of the baseline has no part for it', async () => {
  const { page } = await open(placed(drifted()))
  expect(await page.locator('.part').evaluateAll(parts => parts.map(({ id }) => id))).toEqual([
    'fleet',
    'matrix',
    'findings',
    'unassessed',
    'accepted',
    'run'
  ])
})

test('many clusters are told briefly, hosts like no other share a group, and additions are marked', async () => {
  const { page } = await open(scattered(20, 40))
  const heads = await page.locator('#fleet .group h3').allTextContents()
  expect(heads).toHaveLength(21)
  expect(heads.at(-1)).toBe('Alone 40')
  expect(await page.locator('#fleet [role=option]').count()).toBe(650)
  const added = page.locator('#fleet .group', { hasText: 'Cluster c2 ' }).locator('header p')
  expect(await added.nth(0).textContent()).toBe('node_exporter')
  expect(await added.nth(1).textContent()).toBe('Split by additions only: a deploy, or an implant.')
  expect(await page.locator('#fleet .apart:visible').count()).toBe(0)
  const alone = page.locator('#fleet .group').last()
  await alone.getByText('What sets each apart').click()
  expect(await alone.locator('.cards > div').count()).toBe(40)
  expect(await alone.locator('.cards > div').first().textContent()).toMatch(/^c21 role20-0/)
})

test.each([
  ['a plan', placed(poisonedPlan())],
  ['a learned baseline', learnedBaseline()],
  ['a suggestion', placed(suggested())],
  ['many clusters', scattered(20, 40)]
])('an accessibility checker finds nothing in %s, light, dark or narrow', async (_, sample) => {
  expect(await violations(await open(sample))).toEqual([])
  expect(await violations(await open(sample, { colorScheme: 'dark' }))).toEqual([])
  const narrow = await open(sample, { viewport: { width: 360, height: 740 } })
  expect(await violations(narrow)).toEqual([])
  expect(await narrow.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
})
