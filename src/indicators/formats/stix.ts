import { z } from 'zod'
import { errorMessage } from '../../lib/error-message.ts'
import { parseEntry, textPattern } from '../entry.ts'
import type { Pattern } from '../indicator.ts'

/** A value of a document with its type, as an indicator or with the reason why it is none. */
export type DocumentEntry =
  | { readonly text: string; readonly pattern: Pattern }
  | { readonly text: string; readonly problem: string }

const objectSchema = z.looseObject({
  type: z.string(),
  pattern: z.string().optional(),
  pattern_type: z.string().default('stix'),
  revoked: z.boolean().default(false),
  value: z.string().optional(),
  name: z.string().optional(),
  hashes: z.record(z.string(), z.string()).optional()
})

const bundleSchema = z.object({ objects: z.array(z.unknown()).default([]) })

/** `type:path = 'value'` (STIX 2.1, section 9). Quotes are escaped by a backslash. */
const COMPARISON =
  /([a-z0-9-]+):([\w.'\x2d[\]*]+)\s*(=|!=|<>|>|<|>=|<=|IN|LIKE|MATCHES|ISSUBSET|ISSUPERSET)\s*'((?:[^'\\]|\\.)*)'/g

/**
 * The indicators of a STIX 2.1 bundle. A bundle without any is read for its observables. Rules in other languages than
 * STIX's are not searched for, and neither is what osquery cannot show; both are returned as such.
 */
export function readStix(value: unknown): DocumentEntry[] {
  const parsed = bundleSchema.safeParse(value)
  const objects = (parsed.success && parsed.data.objects.length > 0 ? parsed.data.objects : [value]).flatMap(
    object => objectSchema.safeParse(object).data ?? []
  )
  const indicators = objects.filter(({ type, revoked }) => type === 'indicator' && !revoked)
  if (indicators.length === 0) return objects.flatMap(object => observable(object))
  return indicators.flatMap(({ pattern = '', pattern_type }) =>
    pattern_type === 'stix'
      ? patternEntries(pattern)
      : [entryOf(pattern.slice(0, 200), other(`${pattern_type} rule`, pattern))]
  )
}

type StixObject = z.infer<typeof objectSchema>

function observable({ type, value, name, hashes }: StixObject): DocumentEntry[] {
  if (hashes !== undefined && type === 'file')
    return Object.entries(hashes).map(([algorithm, digest]) =>
      valueEntry(type, `hashes.'${algorithm}'`, digest)
    )
  if (value !== undefined && type !== 'indicator') return [valueEntry(type, 'value', value)]
  return type === 'file' && name !== undefined ? [valueEntry(type, 'name', name)] : []
}

/** The alternatives of a pattern; of comparisons that must hold together the most exact one. */
function patternEntries(pattern: string): DocumentEntry[] {
  const entries: DocumentEntry[] = []
  for (const part of pattern.split(/\bOR\b(?=(?:[^']*'[^']*')*[^']*$)/)) {
    const found = [...part.matchAll(COMPARISON)].map(([text, type = '', path = '', operator, quoted = '']) =>
      operator === '='
        ? valueEntry(type, path, quoted.replace(/\\(.)/g, '$1'))
        : { text, problem: `${operator} is not understood in a STIX pattern` }
    )
    const [best] = found.sort((a, b) => exactness(b) - exactness(a))
    entries.push(best ?? { text: part.trim(), problem: 'not a STIX pattern of comparisons with =' })
  }
  return entries
}

const EXACTNESS: readonly Pattern['kind'][] = [
  'other',
  'text',
  'domain',
  'network',
  'address',
  'url',
  'md5',
  'sha1',
  'sha256'
]

function exactness(entry: DocumentEntry): number {
  return 'pattern' in entry ? EXACTNESS.indexOf(entry.pattern.kind) : -1
}

function valueEntry(type: string, path: string, value: string): DocumentEntry {
  const text = `${type}:${path} = '${value}'`
  switch (type) {
    case 'file':
      return fileEntry(text, path, value)
    case 'ipv4-addr':
    case 'ipv6-addr':
      return entryOf(text, () => parseEntry(`ip:${value}`))
    case 'domain-name':
      return entryOf(text, () => parseEntry(`domain:${value}`))
    case 'url':
      return entryOf(text, () => parseEntry(`url:${value}`))
    case 'network-traffic':
      return /ref\.value$/.test(path)
        ? entryOf(text, () => parseEntry(value))
        : entryOf(text, other(`${type} ${path}`, value))
    case 'process':
      return entryOf(text, () => textPattern(value))
    case 'directory':
      return entryOf(text, () => textPattern(value))
    default:
      return entryOf(text, other(type, value))
  }
}

function fileEntry(text: string, path: string, value: string): DocumentEntry {
  const algorithm = /^hashes\.'?([\w-]+)'?$/.exec(path)?.[1]?.toLowerCase().replace('-', '')
  if (algorithm === 'sha256' || algorithm === 'sha1' || algorithm === 'md5')
    return entryOf(text, () => parseEntry(`${algorithm}:${value}`))
  if (path === 'name' || path === 'parent_directory_ref.path') return entryOf(text, () => textPattern(value))
  return entryOf(text, other(algorithm ?? `file ${path}`, value))
}

const other = (type: string, value: string) => (): Pattern => ({
  kind: 'other',
  type,
  value: value.slice(0, 200)
})

export function entryOf(text: string, pattern: () => Pattern): DocumentEntry {
  try {
    return { text, pattern: pattern() }
  } catch (error) {
    return { text, problem: errorMessage(error) }
  }
}
