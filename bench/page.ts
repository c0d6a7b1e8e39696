import { parseArgs } from 'node:util'
import { startChromium } from '../__tests__/support/browser.ts'
import { large } from '../__tests__/support/html-samples.ts'
import { renderHtml } from '../src/report/html.ts'

/**
 * How long a large report takes to open from disk, to filter and to scroll in a real Chromium, and how that compares to
 * the same page with one host and no findings.
 */
const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '5000' },
    findings: { type: 'string', default: '300' },
    runs: { type: 'string', default: '5' }
  }
})
const chromium = await startChromium()
const runs = Number(values.runs)
const median = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0

/** Milliseconds until the second frame after the page is opened: parsed, laid out and painted. */
async function openingTime(html: string): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const { page } = await chromium.open(html)
    times.push(
      await page.evaluate(
        () =>
          new Promise<number>(resolve =>
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
          )
      )
    )
    await chromium.closePages()
  }
  return median(times)
}

const start = performance.now()
const html = renderHtml(large(Number(values.hosts), Number(values.findings)), 0)
const rendering = performance.now() - start
const largest = await openingTime(html)
const smallest = await openingTime(renderHtml(large(1, 0), 0))
console.log(
  `${values.hosts} hosts, ${values.findings} findings: ${(html.length / 1e6).toFixed(1)} MB, rendered in ${rendering.toFixed(0)} ms`
)
console.log(
  `open     ${largest.toFixed(0)} ms; ${(largest / smallest).toFixed(1)} × a page with one host (${smallest.toFixed(0)} ms)`
)

const { page } = await chromium.open(html)
const filtering = await page.evaluate(() => {
  const input = document.querySelector<HTMLInputElement>('#text')
  const times: number[] = []
  for (const text of ['w', 'wo', 'wor', 'work', 'work', 'worker-1', '']) {
    if (input !== null) input.value = text
    const start = performance.now()
    input?.dispatchEvent(new Event('input'))
    document.body.getBoundingClientRect()
    times.push(performance.now() - start)
  }
  return times
})
console.log(
  `filter   ${filtering[0]?.toFixed(0)} ms the first time, then ${median(filtering.slice(1)).toFixed(0)} ms per key`
)
for (const [name, selector] of [
  ['page', 'html'],
  ['matrix', '[role=grid]']
] as const) {
  const frames = await page.evaluate(
    async ([selector]) => {
      const element = document.querySelector(selector)
      const gaps: number[] = []
      let last = performance.now()
      for (let frame = 0; frame < 120; frame++) {
        element?.scrollBy({ top: 180, behavior: 'instant' })
        await new Promise(requestAnimationFrame)
        const now = performance.now()
        gaps.push(now - last)
        last = now
      }
      return gaps
    },
    [selector] as const
  )
  frames.sort((a, b) => a - b)
  console.log(
    `scroll   ${name.padEnd(6)} median frame ${frames[60]?.toFixed(1)} ms, 95 % within ${frames[114]?.toFixed(1)} ms, worst ${frames[119]?.toFixed(1)} ms`
  )
}
await chromium.close()
