import { list } from '../text/phrases.ts'
import { sanitize } from '../text/sanitize.ts'
import type { Fields, PackDocument, PackEntry } from './pack-document.ts'
import { PackError } from './pack-json.ts'

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The queries of a YAML file of Fleet: documents of `kind: query`, `report`, `policy` and `pack`, or lists of them, at the
 * top or under `queries`, `reports` and `policies`. The YAML library is loaded only here.
 * @throws PackError that says what the file is instead
 */
export async function readFleetYaml(text: string): Promise<PackDocument> {
  const { parseAllDocuments } = await import('yaml')
  const documents = parseAllDocuments(text)
  const values: unknown[] = []
  for (const document of 'empty' in documents ? [] : documents) {
    const [error] = document.errors
    if (error !== undefined)
      throw new PackError(
        `is not valid YAML: ${sanitize(error.message.split('\n')[0] ?? '', 200).replace(/[.:]$/, '')}`
      )
    values.push(document.toJS({ maxAliasCount: 100 }))
  }
  const present = values.filter(value => value !== null && value !== undefined)
  if (present.length === 0) throw new PackError('is empty')
  const specs = present.flatMap(specsOf)
  if (specs.every(({ kind }) => kind === 'other'))
    throw new PackError(
      'is neither a pack in JSON nor YAML of Fleet, which has `kind: query`, `kind: pack` or `queries:`'
    )
  return entriesOf(specs)
}

interface Spec {
  readonly kind: 'query' | 'policy' | 'pack' | 'file' | 'other'
  readonly fields: Fields
}

const LISTS = ['queries', 'reports', 'policies'] as const

function specsOf(document: unknown): Spec[] {
  if (Array.isArray(document))
    return document
      .filter(isObject)
      .flatMap(item => ('kind' in item ? specsOf(item) : asQuery(item, 'query')))
  if (!isObject(document)) return []
  const { kind, spec } = document
  const content = isObject(spec) ? spec : document
  if (kind === 'query' || kind === 'report') return asQuery(content, 'query')
  if (kind === 'policy') return asQuery(content, 'policy')
  if (kind === 'pack') return [{ kind: 'pack', fields: content }]
  const listed = LISTS.flatMap(name => {
    const items = content[name]
    return Array.isArray(items)
      ? items.filter(isObject).flatMap(item => asQuery(item, name === 'policies' ? 'policy' : 'query'))
      : []
  })
  return listed.length > 0 ? listed : [{ kind: 'other', fields: document }]
}

function asQuery(fields: Fields, kind: 'query' | 'policy'): Spec[] {
  if ('query' in fields) return [{ kind, fields }]
  return 'path' in fields || 'paths' in fields ? [{ kind: 'file', fields }] : []
}

/** What of the file is not a query as it is. */
function specNotices(specs: readonly Spec[]): string[] {
  const of = (kind: Spec['kind']) => specs.filter(spec => spec.kind === kind).map(({ fields }) => fields)
  const files = of('file').map(({ path, paths }) => sanitize(String(path ?? paths), 200))
  const kinds = new Set(of('other').map(({ kind }) => sanitize(textOf(kind) ?? 'none', 60)))
  return [
    ...(of('policy').length > 0 ? ['its policies are queries: a host that passes one has a row'] : []),
    ...(files.length > 0
      ? [`some of its queries are in other files, ${list(files, MAX_NAMED)}: name these files in \`packs\``]
      : []),
    ...(kinds.size > 0 ? [`its documents of kind ${list([...kinds], MAX_NAMED)} have no queries`] : [])
  ]
}

const MAX_NAMED = 5

/** Queries of packs name a query of the file. Queries that no pack names count too. */
function entriesOf(specs: readonly Spec[]): PackDocument {
  const notices = specNotices(specs)
  const queries = new Map<string, Fields>()
  for (const { kind, fields } of specs) {
    const name = textOf(fields.name)
    if ((kind !== 'query' && kind !== 'policy') || name === null) continue
    if (queries.has(name)) notices.push(`it has the query ${sanitize(name, 60)} twice; the first counts`)
    else queries.set(name, fields)
  }
  const entries = new Map<string, PackEntry>()
  const used = new Set<string>()
  for (const { kind, fields: pack } of specs) {
    if (kind !== 'pack' || !Array.isArray(pack.queries)) continue
    for (const item of pack.queries.filter(isObject)) {
      const reference = textOf(item.query) ?? textOf(item.query_name) ?? ''
      const query = queries.get(reference)
      const name = textOf(item.name) ?? reference
      used.add(reference)
      if (query === undefined) {
        notices.push(
          `it has a pack that asks the query ${sanitize(reference, 60)}, which is not in the file: add its \`kind: query\``
        )
        continue
      }
      const value = {
        ...query,
        ...item,
        query: query.query,
        description: item.description ?? query.description
      }
      if (!entries.has(name)) entries.set(name, { name, value, packPlatform: pack.platform })
    }
  }
  for (const [name, value] of queries)
    if (!used.has(name) && !entries.has(name)) entries.set(name, { name, value, packPlatform: undefined })
  if (entries.size === 0)
    throw new PackError(['is YAML of Fleet without a usable query', ...notices].join('; '))
  return { entries: [...entries.values()], notices }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
