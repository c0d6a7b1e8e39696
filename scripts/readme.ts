import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { markdownTable } from 'markdown-table'
import { parse } from 'yaml'
import * as z from 'zod'
import { BUILTIN_PACKS, builtinPack } from '../src/osquery/builtin-packs.ts'
import type { Query } from '../src/osquery/pack.ts'

const ROOT = new URL('..', import.meta.url)

/** The documents with generated tables, each between `<!-- NAME -->` and `<!-- /NAME -->`. */
export const DOCS = ['README.md', 'docs/packs.md'] as const

const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.coerce.string() })),
  outputs: z.record(z.string(), z.object({ description: z.string() }))
})

/** What action.yml declares. */
export async function readAction(): Promise<z.infer<typeof actionSchema>> {
  return actionSchema.parse(parse(await readFile(new URL('action.yml', ROOT), 'utf8')))
}

/** Regenerates the tables in the text of a document. @throws Error if the end of a table is missing. */
export async function withTables(text: string): Promise<string> {
  let result = text
  for (const [name, table] of await tables()) {
    const start = `<!-- ${name} -->`
    const end = `<!-- /${name} -->`
    const from = result.indexOf(start)
    if (from < 0) continue
    const to = result.indexOf(end, from)
    if (to < 0) throw new Error(`${start} has no ${end}`)
    result = `${result.slice(0, from)}${start}\n${table}\n${result.slice(to)}`
  }
  return result
}

async function tables(): Promise<Map<string, string>> {
  const { inputs, outputs } = await readAction()
  const generated = new Map([
    [
      'inputs',
      table(
        ['input', 'default', 'meaning'],
        Object.entries(inputs).map(([name, input]) => [code(name), code(input.default), input.description])
      )
    ],
    [
      'outputs',
      table(
        ['output', 'value'],
        Object.entries(outputs).map(([name, output]) => [code(name), output.description])
      )
    ]
  ])
  for (const name of BUILTIN_PACKS) {
    const queries = builtinPack(name)?.queries ?? []
    generated.set(
      `pack ${name}`,
      table(['query', 'what for', 'a row is', 'ATT&CK', 'weight'], queries.map(rowOf))
    )
  }
  return generated
}

function rowOf(query: Query): string[] {
  const columns = query.identity?.map(column => {
    const mark = query.cohort.includes(column) ? ' ⊂' : query.changes.includes(column) ? ' Δ' : ''
    return `${code(column)}${mark}`
  })
  const marks = [query.weight, ...(query.control ? ['control'] : []), ...(query.root ? ['root'] : [])]
  return [code(query.name), query.title, columns?.join(' ') ?? '', query.attack.join(' '), marks.join(', ')]
}

function table(head: string[], rows: string[][]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return markdownTable(
    [head, ...rows].map(row => row.map(cell)),
    { alignDelimiters: false, padding: true }
  )
}

const code = (text: string) => (text === '' ? '' : `\`${text}\``)

/** The file with the descriptions of the inputs, for the help of the command line. */
const DESCRIPTIONS = 'src/cli/descriptions.json'

/** What the inputs mean, without Markdown. */
async function descriptions(): Promise<string> {
  const { inputs } = await readAction()
  const plain = Object.entries(inputs).map(([name, { description }]) => [
    name,
    description.replaceAll('`', '')
  ])
  return `${JSON.stringify(Object.fromEntries(plain), null, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL(DESCRIPTIONS, ROOT), await descriptions())
  for (const doc of DOCS) {
    const path = new URL(doc, ROOT)
    const text = await readFile(path, 'utf8')
    const updated = await withTables(text)
    if (updated !== text) await writeFile(path, updated)
    console.log(`${doc} ${updated === text ? 'is up to date' : 'was updated'}`)
  }
}
