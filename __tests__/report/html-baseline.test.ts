import { expect, test } from '@jest/globals'
import { violationsInEachLook } from '../support/axe.ts'
import { manyClusters, withHostFindings } from '../support/html-samples.ts'
import { goodPlan, learnedBaseline, poisonedPlan, staticPlan, suggested } from '../support/plans.ts'
import { reportPages } from '../support/report-pages.ts'
import { drifted } from '../support/samples.ts'

const { open } = reportPages()

/** Rows of the tables in a section, each as its cells. */
const tables = ({ page }: Awaited<ReturnType<typeof open>>, section: string) =>
  page
    .locator(`${section} tbody tr`)
    .evaluateAll(lines => lines.map(line => [...line.children].map(cell => cell.textContent)))

test('a plan shows what it changes, which verdicts change, and which findings appear and vanish', async () => {
  const opened = await open(withHostFindings(poisonedPlan()))
  const { page, messages } = opened
  const plan = page.locator('#plan')
  expect(await page.locator('h1').innerText()).toBe('Baseline poisoning')
  expect(await page.title()).toBe('checkout: baseline poisoning · Fleet Drift')
  expect(await plan.locator('.explanation').innerText()).toBe(
    'This pull request changes baselines/checkout.json: 2 rows added, 1 removed, 1 moved, 1 acceptance added and 1 pack updated.'
  )
  expect(await plan.locator('.guard').innerText()).toBe(
    'It may hide an attack: see 1 baseline poisoning finding.'
  )
  expect(await plan.locator('.notice').innerText()).toBe(
    'Rows are added to kernel_modules, where a change is rarely benign: review each one.'
  )
  expect(await plan.locator('.group header').allTextContents()).toEqual([
    'Become drifted 2only under the new baseline',
    'Become clean 27the new baseline accounts for 1 rollout'
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
  expect(messages).toEqual([])
})

test('every host of a plan can be listed, and selecting one filters the fleet', async () => {
  const { page } = await open(withHostFindings(poisonedPlan()))
  const clean = page.locator('#plan .group').nth(1)
  expect(await clean.locator('li').count()).toBe(13)
  await clean.getByRole('button', { name: 'and 15 more' }).click()
  expect(await clean.locator('li').count()).toBe(27)
  await clean.getByRole('button', { name: /^web-26/ }).click()
  expect(await page.getByLabel('Host', { exact: true }).inputValue()).toBe('i-0a1b2c3d4e5f1026')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('fleet')
})

test('a finding of the plan opens from there if the report has it, even if filters hide it', async () => {
  const sample = poisonedPlan()
  const appeared = { ...drifted().findings[1]!, id: 'fd-3', hosts: sample.plan!.effect!.becomeDrifted }
  const { page } = await open(withHostFindings({ ...sample, findings: [...sample.findings, appeared] }), {
    hash: '#host=i-0a1b2c3d4e5f1004'
  })
  await page.locator('#plan').getByRole('button', { name: 'High missing' }).press('Enter')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/High intruder/)
  expect(new URL(page.url()).hash).toBe('#finding=fd-3')
  expect(await page.locator('#plan').getByRole('button', { name: 'Critical intruder' }).count()).toBe(0)
})

test('a plan that approves nothing rare says so', async () => {
  const { page } = await open(goodPlan())
  expect(await page.locator('h1').innerText()).toBe('Clean')
  expect(await page.locator('#plan .guard').innerText()).toBe(
    'Every row it adds is on at least half of the hosts it applies to.'
  )
  expect(await page.locator('#plan .notice').count()).toBe(0)
})

test('a plan without contacted hosts promises nothing', async () => {
  const opened = await open(staticPlan())
  const { page } = opened
  expect(await page.locator('#plan .notice').first().innerText()).toMatch(/^No host was contacted/)
  expect(await page.locator('#plan :is(.guard, .group)').count()).toBe(0)
  expect(await tables(opened, '#plan')).toHaveLength(5)
})

test('filters do not change the plan', async () => {
  const { page } = await open(withHostFindings(poisonedPlan()))
  const before = await page.locator('#plan').innerText()
  await page.getByLabel('Search').fill('nothing has this')
  expect(await page.locator('[role=status]').innerText()).toBe('0 of 1 finding, 0 of 30 hosts')
  expect(await page.locator('#plan').innerText()).toBe(before)
})

test('learned rows are listed, and rows not learned with the reason', async () => {
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
    'Only 1 of 30 clean hosts has it, and a change in this table is rarely benign'
  ])
  expect(await tables(opened, '#learned')).toHaveLength(4)
})

test('an unchanged baseline takes one sentence', async () => {
  const sample = learnedBaseline()
  const changes = { rows: [], queries: [], acceptances: [], packs: [] }
  const { page } = await open({
    ...sample,
    learned: { ...sample.learned!, changed: false, changes, refused: [] }
  })
  expect(await page.locator('#learned').innerText()).toBe(
    'Learned baseline\n\nbaselines/checkout.json is unchanged: the clean hosts have nothing new.'
  )
})

test('many changes are closed until opened, and open for printing', async () => {
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
  expect(await page.locator('#learned .disclosure[open]').count()).toBe(1)
  await page.evaluate(() => dispatchEvent(new Event('afterprint')))
  expect(await page.locator('#learned .disclosure[open]').count()).toBe(0)
  await page.locator('#learned summary').press('Enter')
  expect(await tables(opened, '#learned')).toHaveLength(50)
  await page.getByRole('button', { name: 'Show 70 more rows' }).click()
  expect(await tables(opened, '#learned')).toHaveLength(120)
})

test('after a rollout the page suggests a baseline that expects it', async () => {
  const opened = await open(withHostFindings(suggested()))
  expect(await opened.page.locator('#suggestion .explanation').innerText()).toBe(
    'baseline.suggested.json suggests a baseline for the rollouts: 1 row added.'
  )
  expect(await tables(opened, '#suggestion')).toEqual([
    ['+added', '6', '::', '9100', '/usr/local/bin/node_exporter', 'required']
  ])
})

test('a report without changes to the baseline has no section for them', async () => {
  const { page } = await open(withHostFindings(drifted()))
  expect(await page.locator('.section').evaluateAll(sections => sections.map(({ id }) => id))).toEqual([
    'fleet',
    'matrix',
    'findings',
    'unassessed',
    'accepted',
    'run'
  ])
})

test('many clusters are brief, isolated hosts share a group, and a split by additions is marked', async () => {
  const { page } = await open(manyClusters(20, 40))
  const heads = await page.locator('#fleet .group h3').allTextContents()
  expect(heads).toHaveLength(21)
  expect(heads.at(-1)).toBe('Isolated 40')
  expect(await page.locator('#fleet [role=option]').count()).toBe(650)
  const added = page.locator('#fleet .group', { hasText: 'Cluster c2 ' }).locator('header p')
  expect(await added.nth(0).textContent()).toBe('node_exporter')
  expect(await added.nth(1).textContent()).toBe(
    'Split off by additional rows only: a deployment, or an implant.'
  )
  expect(await page.locator('#fleet .difference:visible').count()).toBe(0)
  const isolated = page.locator('#fleet .group').last()
  await isolated.getByText('How each one differs').click()
  expect(await isolated.locator('.isolated > div').count()).toBe(40)
  expect(await isolated.locator('.isolated > div').first().textContent()).toMatch(/^c21 role20-0/)
})

test.each([
  ['a plan', withHostFindings(poisonedPlan())],
  ['a learned baseline', learnedBaseline()],
  ['a suggestion', withHostFindings(suggested())],
  ['many clusters', manyClusters(9, 4)]
])('an accessibility checker finds nothing in %s, light, dark or narrow', async (_, sample) => {
  const opened = await open(sample)
  expect(await violationsInEachLook(opened)).toEqual({ light: [], dark: [], narrow: [] })
  expect(await opened.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
})
