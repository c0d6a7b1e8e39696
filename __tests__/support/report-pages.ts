import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { renderHtml } from '../../src/report/html.ts'
import type { Report } from '../../src/report/report.ts'
import { type Chromium, type Opened, startChromium } from './browser.ts'

/** One browser for the tests of a file. Its pages are closed after each test. */
export function reportPages() {
  type Options = Parameters<Chromium['open']>[1]
  let chromium: Chromium
  beforeAll(async () => {
    chromium = await startChromium()
  })
  afterEach(() => chromium.closePages())
  afterAll(() => chromium.close())
  const openHtml = (html: string, options: Options = {}): Promise<Opened> => chromium.open(html, options)
  return {
    openHtml,
    open: (report: Report, options: Options = {}): Promise<Opened> => openHtml(renderHtml(report, 0), options)
  }
}
