import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { lockedDocument } from '../src/collect/script/document.ts'
import { parseOsquerySources } from '../src/inputs/osquery-sources.ts'
import { errorMessage } from '../src/lib/error-message.ts'
import { loadPacks, queriesOf } from '../src/osquery/load-packs.ts'

const USAGE = `npm run --silent document -- PACK… [--osquery 'x86_64 https://…#sha256=…'] > fleet-drift-linux.json

Prints a locked SSM document for packs (default: linux).`

/** @throws Error with one sentence */
async function document(): Promise<string> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      osquery: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (values.help) return `${USAGE}\n`
  const parsed = parseOsquerySources(values.osquery)
  if ('problem' in parsed) throw new Error(`osquery: ${parsed.problem}`)
  const packs = await loadPacks(positionals.length > 0 ? positionals : ['linux'], path =>
    readFile(path, 'utf8')
  )
  return lockedDocument(queriesOf(packs), parsed.sources)
}

try {
  process.stdout.write(await document())
} catch (error) {
  console.error(`${errorMessage(error)}\n\n${USAGE}`)
  process.exitCode = 2
}
