import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Opened } from './browser.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that a page breaks, by the axe accessibility checker, each with the first element that breaks it. */
export async function violations({ page }: Opened): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the line above put the checker into the page
    const { violations } = await (globalThis as any).axe.run()
    return violations.map(
      (each: { id: string; impact: string; nodes: { html: string }[] }) =>
        `${each.impact} ${each.id}: ${each.nodes[0]?.html.slice(0, 300)}`
    )
  })
}
