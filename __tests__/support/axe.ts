import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Opened } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that look at colors, which are the slowest ones. */
const COLOR_RULES = ['color-contrast', 'link-in-text-block']

/** The rules that a page breaks, by the axe accessibility checker, each with the first element that breaks it. */
export async function violations({ page }: Opened, rules: object = {}): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  return page.evaluate(async rules => {
    // biome-ignore lint/suspicious/noExplicitAny: the lines above put the checker into the page
    const { violations } = await (globalThis as any).axe.run({ ...rules, resultTypes: ['violations'] })
    return violations.map(
      (each: { id: string; impact: string; nodes: { html: string }[] }) =>
        `${each.impact} ${each.id}: ${each.nodes[0]?.html.slice(0, 300)}`
    )
  }, rules)
}

/**
 * The rules that a page breaks in a light or a dark theme, or on a narrow screen. The colors decide only the rules about
 * colors, and the width does not change a color.
 */
export async function violationsInEachLook(opened: Opened): Promise<Record<string, string[]>> {
  const { page } = opened
  const light = await violations(opened)
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await violations(opened, { runOnly: COLOR_RULES })
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 360, height: 740 })
  const off = Object.fromEntries(COLOR_RULES.map(rule => [rule, { enabled: false }]))
  const narrow = await violations(opened, { rules: off })
  return { light, dark, narrow }
}
