import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

export interface Opened {
  readonly page: Page
  /** Messages of the browser about the page: errors, warnings, refusals. */
  readonly messages: readonly string[]
  /** Every address requested except the page's own. What its policy refused is in the messages. */
  readonly requests: ReadonlySet<string>
}

export interface Chromium {
  /** Opens a page from disk in its own window, at an address that may end in `#…`. */
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

/** A real Chromium: `CHROMIUM_PATH`, or the path that Debian and Ubuntu use. */
export async function startChromium(): Promise<Chromium> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  if (!existsSync(executablePath))
    throw new Error(
      `no Chromium at ${executablePath}: install it (apt-get install chromium) or set CHROMIUM_PATH`
    )
  const browser: Browser = await chromium.launch({ executablePath, args: FLAGS, timeout: 0 })
  const folder = await mkdtemp(join(tmpdir(), 'page-'))
  let pages = 0
  return {
    async open(html, { hash = '', ...options } = {}) {
      const path = join(folder, `${pages++}.html`)
      await writeFile(path, html)
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
      // The test's own time limit ends a wait that is in vain.
      context.setDefaultTimeout(0)
      const page = await context.newPage()
      const messages: string[] = []
      const requests = new Set<string>()
      const ownAddress = pathToFileURL(path).href
      page.on('console', message => messages.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', error => messages.push(String(error)))
      page.on('dialog', dialog => {
        messages.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('popup', popup => messages.push(`popup: ${popup.url()}`))
      page.on('request', request => {
        if (request.url().split('#')[0] !== ownAddress) requests.add(request.url())
      })
      page.on('requestfailed', request => {
        if (request.failure()?.errorText === 'csp') requests.delete(request.url())
      })
      await page.goto(`${ownAddress}${hash}`)
      return { page, messages, requests }
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
