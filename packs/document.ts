import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { lockedDocument } from '../src/collect/script/document.ts'
import { parseOsquerySources } from '../src/inputs/osquery-sources.ts'
import { loadPacks, queriesOf } from '../src/osquery/load-packs.ts'

/**
 * Prints a locked SSM document for packs:
 *
 *     npm run --silent document -- linux > fleet-drift-linux.json
 *     npm run --silent document -- linux --osquery 'x86_64 https://…#sha256=…' > fleet-drift-linux.json
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { osquery: { type: 'string', multiple: true, default: [] } }
})
const parsed = parseOsquerySources(values.osquery)
if ('problem' in parsed) throw new Error(`osquery: ${parsed.problem}`)
const packs = await loadPacks(positionals.length > 0 ? positionals : ['linux'], path =>
  readFile(path, 'utf8')
)
process.stdout.write(lockedDocument(queriesOf(packs), parsed.sources))
