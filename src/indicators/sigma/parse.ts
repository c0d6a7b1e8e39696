import { RE2JS } from 're2js'
import * as z from 'zod'
import type { Condition, SigmaRule } from './rule.ts'
import { parseCondition } from './rule.ts'

/** Fields of Sigma's category process_creation, and the columns that packs have for them. */
const COLUMNS: Readonly<Record<string, string>> = {
  Image: 'path',
  CommandLine: 'cmdline',
  CurrentDirectory: 'cwd',
  User: 'username',
  ParentImage: 'parent_path',
  ParentCommandLine: 'parent_cmdline',
  ProcessName: 'name'
}

const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
const fieldsSchema = z.record(z.string(), z.union([scalarSchema, z.array(scalarSchema)]))
const selectionSchema = z.union([fieldsSchema, z.array(z.union([fieldsSchema, scalarSchema]))])

const ruleSchema = z.looseObject({
  title: z.string(),
  id: z.coerce.string().optional(),
  logsource: z.looseObject({
    product: z.string().optional(),
    category: z.string().optional(),
    service: z.string().optional()
  }),
  detection: z.looseObject({ condition: z.union([z.string(), z.array(z.string())]) })
})

/** What a Sigma document is. */
export type SigmaReading =
  | { readonly rule: SigmaRule }
  /** A rule about what processes do not show. */
  | { readonly title: string; readonly logsource: string }

/**
 * Reads one Sigma rule that is already parsed from YAML: the category process_creation, the modifiers contains,
 * startswith, endswith, all, re and cased, and conditions with and, or, not, `1 of` and `all of`.
 * @throws Error that says what is not understood
 */
export function readSigmaRule(value: unknown): SigmaReading {
  const parsed = ruleSchema.safeParse(value)
  if (!parsed.success) throw new Error('not a Sigma rule with title, logsource, detection and condition')
  const { title, id, logsource, detection } = parsed.data
  const { product, category, service } = logsource
  if (category !== 'process_creation' || (product !== undefined && product !== 'linux'))
    return { title, logsource: [product, category ?? service].filter(Boolean).join('/') }
  const columns = new Set<string>()
  const { condition, timeframe, ...named } = detection
  const field = unknownField(Object.values(named))
  if (field !== null) return { title, logsource: `${product ?? ''}/${category} with the field ${field}` }
  if (timeframe !== undefined) throw new Error('a timeframe is not understood: a process list is one moment')
  const selections = new Map(
    Object.entries(named).map(([name, selection]) => {
      const read = selectionSchema.safeParse(selection)
      if (!read.success) throw new Error(`the selection ${name} is not a map or a list`)
      return [name, selectionOf(read.data, columns)] as const
    })
  )
  const conditions = [condition].flat().map(text => parseCondition(text, selections))
  const matches: Condition = row => conditions.some(part => part(row))
  return { rule: { title, key: id ?? title, columns: [...columns].sort(), matches } }
}

/** A field that no row of processes has; `null`: there is none. */
function unknownField(selections: readonly unknown[]): string | null {
  const fields = selections
    .flat()
    .flatMap(part => (typeof part === 'object' && part !== null ? Object.keys(part) : []))
  return fields.map(key => key.split('|')[0] ?? '').find(field => !Object.hasOwn(COLUMNS, field)) ?? null
}

type Fields = z.infer<typeof fieldsSchema>
type Scalar = z.infer<typeof scalarSchema>

/** A map: all of its fields. A list: any of its maps or words. */
function selectionOf(selection: z.infer<typeof selectionSchema>, columns: Set<string>): Condition {
  if (!Array.isArray(selection)) return fieldsOf(selection, columns)
  const parts = selection.map(part =>
    typeof part === 'object' && part !== null ? fieldsOf(part, columns) : keyword(part, columns)
  )
  return row => parts.some(part => part(row))
}

function fieldsOf(fields: Fields, columns: Set<string>): Condition {
  const parts = Object.entries(fields).map(([key, value]) => fieldOf(key, [value].flat(), columns))
  return row => parts.every(part => part(row))
}

/** A word of a list without fields: anywhere in the command line. */
function keyword(word: Scalar, columns: Set<string>): Condition {
  return fieldOf('CommandLine|contains', [word], columns)
}

const MODIFIERS = new Set(['contains', 'startswith', 'endswith', 'all', 're', 'cased'])

function fieldOf(key: string, values: readonly Scalar[], columns: Set<string>): Condition {
  const [field = '', ...modifiers] = key.split('|')
  const column = COLUMNS[field]
  if (column === undefined) throw new Error(`the field ${field} is in no row of processes`)
  const unknown = modifiers.find(modifier => !MODIFIERS.has(modifier))
  if (unknown !== undefined) throw new Error(`the modifier ${unknown} of ${field} is not understood`)
  columns.add(column)
  const tests = values.map(value => valueTest(value, new Set(modifiers)))
  return modifiers.includes('all')
    ? row => tests.every(test => test(row[column] ?? ''))
    : row => tests.some(test => test(row[column] ?? ''))
}

/** `*` and `?` are wildcards unless a backslash is before them. */
function valueTest(value: Scalar, modifiers: ReadonlySet<string>): (text: string) => boolean {
  const wanted = value === null ? '' : String(value)
  const flags = modifiers.has('cased') || modifiers.has('re') ? 0 : RE2JS.CASE_INSENSITIVE
  if (modifiers.has('re')) {
    try {
      const expression = RE2JS.compile(wanted, flags)
      return text => expression.test(text)
    } catch {
      throw new Error(`/${wanted}/ is not a regular expression that RE2 understands`)
    }
  }
  const open = modifiers.has('contains')
  const start = open || modifiers.has('endswith') ? '(?s).*' : '(?s)'
  const end = open || modifiers.has('startswith') ? '.*' : ''
  const parts = [...wanted.matchAll(/\\([*?\\])|([*?])|([\s\S])/g)].map(([, escaped, wildcard, plain]) =>
    wildcard === '*' ? '.*' : wildcard === '?' ? '.' : RE2JS.quote(escaped ?? plain ?? '')
  )
  const pattern = RE2JS.compile(`^${start}${parts.join('')}${end}$`.replace('^(?s)', '(?s)^'), flags)
  return text => pattern.test(text)
}
