import { expect, test } from '@jest/globals'
import { renderHtml } from '../../src/report/html.ts'
import { redactReport } from '../../src/report/redact.ts'
import { violations, violationsInEachLook } from '../support/axe.ts'
import { hostile, large, withHostFindings } from '../support/html-samples.ts'
import { reportPages } from '../support/report-pages.ts'
import { finding, host, report, row } from '../support/reports.ts'
import { drifted, healthy, incomplete } from '../support/samples.ts'

const { open, openHtml } = reportPages()

/** What is visible: the result of the filters, the findings, the lines of the matrix. */
async function seen({ page }: Awaited<ReturnType<typeof open>>) {
  return {
    result: await page.locator('[role=status]').innerText(),
    findings: await page.locator('.finding:visible h3').allTextContents(),
    lines: await page.locator('[role=rowheader]:visible > bdi').allTextContents(),
    dimmed: await page.locator('[role=option][data-dim]').count()
  }
}

test.each([
  [
    'a drifted fleet',
    withHostFindings(drifted()),
    'Drift',
    '3 findings on 7 hosts and 1 rollout on 16 hosts; 62 of 64 hosts assessed.'
  ],
  ['a healthy fleet', healthy(), 'Clean', 'No drift, all 62 hosts assessed.'],
  ['an incomplete run', incomplete(), 'Incomplete', 'No drift found, but only 46 of 64 hosts assessed.'],
  ['no host at all', report([]), 'Incomplete', 'Nothing was assessed.']
])(
  'the page of %s gives the verdict first, requests nothing and has no error',
  async (_, sample, verdict, sentence) => {
    const { page, messages, requests } = await open(sample)
    expect(await page.locator('h1').innerText()).toBe(verdict)
    expect(await page.locator('.lead').innerText()).toBe(sentence)
    expect(await page.title()).toBe(`checkout: ${verdict.toLowerCase()} · Fleet Drift`)
    expect({ messages, requests }).toEqual({ messages: [], requests: new Set() })
  }
)

test('the map has every host once: the outliers and the others of each cluster, then partial and silent hosts', async () => {
  const { page } = await open(withHostFindings(drifted()))
  const groups = await page
    .locator('[role=listbox]')
    .evaluateAll(boxes => boxes.map(box => [box.getAttribute('aria-label'), box.children.length]))
  expect(groups).toEqual([
    ['Cluster c1: 6 outliers', 6],
    ['Cluster c1: 40 other hosts', 40],
    ['Cluster c2: 1 outlier', 1],
    ['Cluster c2: 15 other hosts', 15],
    ['Partial: 1 host', 1],
    ['Silent: 1 host', 1]
  ])
  expect(await page.getByRole('option', { name: /web-40/ }).getAttribute('aria-label')).toBe(
    'web-40 (i-0a1b2c3d4e5f1040): silent: SSM: DeliveryTimedOut. The agent did not pick up the command.'
  )
})

test('hosts that were expected but not found are on the map', async () => {
  const { page } = await open(incomplete())
  expect(await page.locator('#fleet h3').allTextContents()).toContain('Not found 2')
})

test('filters apply to map, matrix and list, are counted, kept in the address, and reset at once', async () => {
  const opened = await open(withHostFindings(drifted()))
  const { page } = opened
  const all = await seen(opened)
  expect(all).toMatchObject({ result: '7 findings, 64 hosts', dimmed: 0 })
  expect(all.lines).toHaveLength(22)

  await page.getByRole('button', { name: 'critical', exact: true }).click()
  expect(await seen(opened)).toEqual({
    result: '1 of 7 findings, 5 of 64 hosts',
    findings: ['Critical intruder'],
    lines: ['web-03', 'web-07', 'web-12', 'web-19', 'web-33'],
    dimmed: 59
  })
  expect(new URL(page.url()).hash).toBe('#severities=critical')

  await page.getByLabel('Host', { exact: true }).fill('web-07')
  expect(await seen(opened)).toMatchObject({
    result: '1 of 7 findings, 1 of 64 hosts',
    lines: ['web-07'],
    dimmed: 63
  })
  await page.getByRole('button', { name: 'Reset' }).click()
  expect(await seen(opened)).toEqual(all)
  expect(new URL(page.url()).hash).toBe('')

  await page.getByLabel('Table').selectOption('authorized_keys')
  expect(await seen(opened)).toMatchObject({ findings: ['High intruder'], lines: ['web-21'] })
  await page.getByRole('button', { name: 'Reset' }).click()
  await page.getByLabel('Cluster', { exact: true }).selectOption('c2')
  expect(await seen(opened)).toMatchObject({
    findings: ['High broken control', 'Medium rollout'],
    dimmed: 48
  })
  await page.getByRole('button', { name: 'Reset' }).click()
  await page.getByLabel('Search').fill('node_exporter')
  expect(await seen(opened)).toMatchObject({
    result: '1 of 7 findings, 16 of 64 hosts',
    findings: ['Medium rollout']
  })
})

test('an address with filters and a finding restores both', async () => {
  const opened = await open(withHostFindings(drifted()), {
    hash: '#severities=high&host=web-52&finding=fd-0c4d2e9b77'
  })
  expect(await seen(opened)).toMatchObject({ findings: ['High broken control'], lines: ['web-52'] })
  expect(await opened.page.locator('.finding[open] .explanation').textContent()).toBe(
    'auditd runs on 61 of 62 hosts, but not on this one.'
  )
})

test('a finding shows its hosts, its rows with prevalence, old and new values, and techniques as links', async () => {
  const { page } = await open(withHostFindings(drifted()))
  const first = page.locator('.finding').first()
  expect(await first.locator('.hosts button').allTextContents()).toContain('web-03 i-0a1b2c3d4e5f1003')
  expect(await first.locator('h4').allTextContents()).toEqual([
    'kernel_modules 1 row',
    'crontab 1 row',
    'file_hashes 1 row'
  ])
  const changed = first.locator('tr[data-kind=changed]')
  expect(await changed.locator('del').textContent()).toMatch(/from\s*2c26b46b/)
  expect(await changed.locator('ins').textContent()).toMatch(/to\s*9f86d081/)
  expect(await changed.locator('.prevalence').textContent()).toMatch(/5 of 46\s*cluster\s*5 of 62\s*fleet/)
  expect(await changed.locator('[data-label=Baseline]').textContent()).toBe('known')
  const share = (part: string) =>
    changed
      .locator(part)
      .first()
      .evaluate(element => element.getBoundingClientRect().width)
  expect((await share('.meter i')) / (await share('.meter'))).toBeCloseTo(5 / 46, 1)
  expect(await first.getByRole('link', { name: 'T1547.006' }).getAttribute('href')).toBe(
    'https://attack.mitre.org/techniques/T1547/006/'
  )
})

test('a finding is copied as JSON, and a row as SQL', async () => {
  const { page } = await open(withHostFindings(drifted()), {
    permissions: ['clipboard-read', 'clipboard-write']
  })
  const first = page.locator('.finding').first()
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
  await first.getByRole('button', { name: 'Copy as JSON' }).click()
  await first.getByRole('button', { name: 'Copied' }).waitFor()
  expect(JSON.parse(await clipboard())).toEqual(drifted().findings[0])
  await first.locator('tr[data-kind=unexpected]').first().getByRole('button').click()
  await first.locator('tr').getByRole('button', { name: 'Copied' }).waitFor()
  expect(await clipboard()).toMatch(/WHERE "name" = 'nf_conntrack_helper2'\n {2}AND "used_by" = '-'/)
})

test('the keyboard reaches hosts on the map, cells of the matrix, and findings', async () => {
  const opened = await open(withHostFindings(drifted()))
  const { page } = opened
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
  await page.locator('[role=option]').first().focus()
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft']) await page.keyboard.press(key)
  expect(await focused()).toMatch(/^web-07/)
  await page.keyboard.press('Enter')
  expect((await seen(opened)).lines).toEqual(['web-07'])
  await page.keyboard.press('Enter')
  await page.keyboard.press('End')
  expect(await focused()).toMatch(/^web-21/)
  await page.keyboard.press('Tab')
  expect(await focused()).toMatch(/nothing found$/)
  await page.keyboard.press('ArrowDown')
  expect(await focused()).toMatch(/nothing found$/)

  await page.locator('[role=rowheader]').first().focus()
  for (const key of ['ArrowDown', 'ArrowRight']) await page.keyboard.press(key)
  expect(await focused()).toBe('web-07, finding 1: critical intruder on 5 hosts')
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight'])
    await page.keyboard.press(key)
  expect(await focused()).toBe('web-52, finding 4: medium rollout on 16 hosts')
  await page.keyboard.press('Enter')
  expect(await page.locator('.finding[open] h3').allTextContents()).toContain('Medium rollout')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/Medium rollout/)
  expect(new URL(page.url()).hash).toBe('#finding=fd-5e5e5e0001')
})

test('the theme can be set to light or dark, and follows the system by default', async () => {
  const { page } = await open(healthy(), { colorScheme: 'dark' })
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  const dark = await paper()
  await page.getByRole('button', { name: 'light' }).click()
  const light = await paper()
  expect(light).not.toBe(dark)
  await page.getByRole('button', { name: 'auto' }).click()
  expect(await paper()).toBe(dark)
})

test('an accessibility checker finds nothing, light, dark or narrow, and nothing is wider than the screen', async () => {
  const opened = await open(withHostFindings(drifted()))
  await opened.page.locator('.finding').nth(1).locator('summary').click()
  expect(await violationsInEachLook(opened)).toEqual({ light: [], dark: [], narrow: [] })
  expect(await opened.page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
})

test.each(['light', 'dark'] as const)(
  'an accessibility checker finds nothing in a filtered page that is %s',
  async colorScheme => {
    const opened = await open(withHostFindings(drifted()), { colorScheme })
    await opened.page.getByRole('button', { name: 'critical', exact: true }).click()
    expect(await violations(opened)).toEqual([])
  }
)

test('nothing that a host sends runs, loads, links or hides', async () => {
  for (const sample of [hostile(), redactReport(hostile()).report]) {
    const { page, messages, requests } = await open(sample)
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
    })
    await page.waitForFunction(() => document.querySelectorAll('.evidence').length > 50)
    const found = await page.evaluate(() => {
      const text = document.querySelector('main')?.textContent ?? ''
      return {
        foreign: document.querySelectorAll(
          'main :is(script, img, iframe, object, embed, style, base, meta, form form, svg)'
        ).length,
        handlers: [...document.querySelectorAll('*')].filter(element =>
          [...element.attributes].some(
            ({ name }) => name.startsWith('on') || name === 'src' || name === 'srcdoc'
          )
        ).length,
        addresses: [
          ...new Set([...document.querySelectorAll('a')].map(link => link.getAttribute('href')))
        ].filter(address => !address?.startsWith('#')),
        unseen: /(?![\n\t])[\p{Cc}\p{Cf}]/u.test(text),
        wide: document.documentElement.scrollWidth > document.documentElement.clientWidth
      }
    })
    expect(found).toEqual({
      foreign: 0,
      handlers: 0,
      addresses: ['https://attack.mitre.org/techniques/T1053/003/'],
      unseen: false,
      wide: false
    })
    expect({ messages, requests }).toEqual({ messages: [], requests: new Set() })
  }
})

test('if markup got in anyway, the policy would not let it run or load anything', async () => {
  const html = renderHtml(healthy(), 0).replace(
    '</body>',
    '<img src="https://evil.example/x.png" onerror="document.title=\'run\'"><script>document.title="run"</script><svg onload="document.title=\'run\'"></svg></body>'
  )
  const { page, messages, requests } = await openHtml(html)
  await page.locator('h1').waitFor()
  expect(await page.title()).toBe('checkout: clean · Fleet Drift')
  expect(requests).toEqual(new Set())
  expect(messages.filter(text => text.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(3)
  const refused = await page.evaluate(() => {
    try {
      document.body.innerHTML = '<b>x</b>'
      return false
    } catch {
      return true
    }
  })
  expect(refused).toBe(true)
})

test('a long value is cut, and shown in full on request', async () => {
  const cmdline = `start ${'x'.repeat(5_000)} end`
  const { page } = await open(
    report([host('i-1')], [finding('f', { hosts: ['i-1'], rows: [row('q', { cmdline })] })])
  )
  const cell = page.locator('td[data-label=cmdline]')
  expect((await cell.locator('code').textContent())?.length).toBe(301)
  await cell.getByRole('button').click()
  expect(await cell.locator('code').textContent()).toBe(cmdline)
})

test('5,000 hosts with 300 findings are all there, and the matrix draws only what is visible', async () => {
  const { page, messages } = await open(large(5_000, 300))
  expect(await page.locator('[role=option]').count()).toBe(5_000)
  expect(await page.locator('.finding').count()).toBe(300)
  const grid = page.locator('[role=grid]')
  const rows = Number(await grid.getAttribute('aria-rowcount'))
  expect(rows).toBeGreaterThan(4_000)
  expect(await grid.getAttribute('aria-colcount')).toBe('301')
  expect(await page.locator('.line').count()).toBeLessThan(80)
  await grid.evaluate(element => {
    element.scrollTop = element.scrollHeight
  })
  await page.locator(`.line[aria-rowindex="${rows}"]`).waitFor()
  expect(await page.locator('.line').count()).toBeLessThan(80)
  await page.locator('[role=rowheader]').last().focus()
  await page.keyboard.press('End')
  const last = await page.evaluate(() => document.activeElement?.getAttribute('aria-colindex'))
  await page.keyboard.press('ArrowRight')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-colindex'))).toBe(last)
  await page.keyboard.press('Home')
  await page.keyboard.press('PageUp')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^web-/)
  expect(messages).toEqual([])
})

test('for printing every visible finding opens, and closes again', async () => {
  const { page } = await open(withHostFindings(drifted()))
  const opened = () => page.locator('.finding[open]').count()
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  expect(await opened()).toBe(7)
  await page.emulateMedia({ media: 'print' })
  expect(await page.locator('input:visible, select:visible, .actions:visible').count()).toBe(0)
  await page.evaluate(() => dispatchEvent(new Event('afterprint')))
  expect(await opened()).toBe(1)
})
