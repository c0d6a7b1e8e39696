import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** The folder of a package within the path of one of its files. */
const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/

/** What `@actions/core` imports for functions that are not used. These packages do not say that they may be left out. */
const withoutUnused: Plugin = {
  name: 'without-unused',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@actions\/(?:exec|http-client)$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === withoutUnused) return
      const resolved = await resolve(path, {
        importer: from.importer,
        kind: from.kind,
        resolveDir: from.resolveDir,
        pluginData: withoutUnused
      })
      return { ...resolved, sideEffects: false }
    })
  }
}

/**
 * Writes `lib/index.js`, the one file that ncc packs, without what is not used: ncc keeps it. It is CommonJS, because
 * there a module of Node.js is loaded where it is used, and not before everything else. Beside what ncc writes, `dist/`
 * gets the licenses of the packages that are in the file.
 */
async function bundle(): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/index.ts'],
    outfile: 'lib/index.js',
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    preserveSymlinks: true,
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 200,
    legalComments: 'none',
    metafile: true,
    plugins: [withoutUnused],
    logLevel: 'warning'
  })
  const inputs = Object.values(metafile.outputs).flatMap(output => Object.entries(output.inputs))
  const used = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (PACKAGE.exec(path) ?? []) : []
  )
  const licenses = [...new Set(used)].sort().map(licenseOf)
  writeFileSync(join(ROOT, 'dist', 'licenses.txt'), [...new Set(licenses)].join('\n'))
  for (const folder of ['lib', 'dist'])
    writeFileSync(join(ROOT, folder, 'package.json'), '{\n  "type": "commonjs"\n}\n')
}

function licenseOf(folder: string): string {
  const path = join(ROOT, folder)
  const { name, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const file = readdirSync(path).find(entry => /^licen[cs]e/i.test(entry))
  const text =
    file === undefined ? '' : `${readFileSync(join(path, file), 'utf8').replaceAll('\r\n', '\n').trim()}\n`
  return `${name}\n${license}\n${text}`
}

await bundle()
