import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const HTML = fileURLToPath(new URL('../src/report/html/', import.meta.url))

/** The module that holds the page's script and style as text, made from `src/report/html/page`. */
export const ASSETS = `${HTML}assets.ts`

/** What {@link ASSETS} should hold: it is checked in, so that the sources run without a build. */
export async function pageAssets(): Promise<string> {
  const [script, style] = await Promise.all([bundle('main.ts'), bundle('page.css')])
  return [
    '// Made by `npm run page` from the files in page/. Do not edit.',
    `export const SCRIPT =\n  ${JSON.stringify(script)}`,
    `export const STYLE =\n  ${JSON.stringify(style)}`,
    ''
  ].join('\n')
}

async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${HTML}page/${file}`],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: ['es2023', 'chrome123', 'firefox120', 'safari17.5'],
    charset: 'ascii',
    legalComments: 'none'
  })
  return outputFiles[0]?.text.trim() ?? ''
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await pageAssets()
  if (readFileSync(ASSETS, { encoding: 'utf8', flag: 'a+' }) !== text) writeFileSync(ASSETS, text)
}
