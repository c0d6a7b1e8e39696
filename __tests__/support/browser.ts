import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

export interface Opened {
  readonly page: Page
  /** What the browser said of the page: errors, warnings, refusals. */
  readonly complaints: readonly string[]
  /** Every address asked for but the page's own; what its policy refused stands in the complaints. */
  readonly requests: ReadonlySet<string>
}

export interface Chromium {
  /** Opens a page from disk in a window of its own, at an address that may end in `#…`. */
  open(html: string, options?: BrowserContextOptions & { readonly hash?: string }): Promise<Opened>
  closePages(): Promise<void>
  close(): Promise<void>
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run'
]

/** A real Chromium: `CHROMIUM_PATH`, or where Debian and Ubuntu put it. */
export async function startChromium(): Promise<Chromium> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  if (!existsSync(executablePath))
    throw new Error(
      `no Chromium at ${executablePath}: install it (apt-get install chromium) or set CHROMIUM_PATH`
    )
  const browser: Browser = await chromium.launch({ executablePath, args: FLAGS })
  const folder = await mkdtemp(join(tmpdir(), 'page-'))
  let pages = 0
  return {
    async open(html, { hash = '', ...options } = {}) {
      const path = join(folder, `${pages++}.html`)
      await writeFile(path, html)
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
      const page = await context.newPage()
      const complaints: string[] = []
      const requests = new Set<string>()
      const own = pathToFileURL(path).href
      page.on('console', message => complaints.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', error => complaints.push(String(error)))
      page.on('dialog', dialog => {
        complaints.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('popup', popup => complaints.push(`popup: ${popup.url()}`))
      page.on('request', request => {
        if (request.url().split('#')[0] !== own) requests.add(request.url())
      })
      page.on('requestfailed', request => {
        if (request.failure()?.errorText === 'csp') requests.delete(request.url())
      })
      await page.goto(`${own}${hash}`)
      return { page, complaints, requests }
    },
    async closePages() {
      for (const context of browser.contexts()) await context.close()
    },
    async close() {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
