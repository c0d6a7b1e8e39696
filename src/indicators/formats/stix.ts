import * as z from 'zod'
import { type DocumentEntry, entryOf, unobservable } from './entry.ts'
import { patternEntries } from './stix-pattern.ts'
import { valueEntry } from './stix-value.ts'

const objectSchema = z.looseObject({
  type: z.string(),
  pattern: z.string().optional(),
  pattern_type: z.string().default('stix'),
  revoked: z.boolean().default(false),
  value: z.string().optional(),
  name: z.string().optional(),
  path: z.string().optional(),
  command_line: z.string().optional(),
  account_login: z.string().optional(),
  hashes: z.record(z.string(), z.string()).optional(),
  /** STIX 2.0, of `observed-data`. */
  objects: z.record(z.string(), z.unknown()).optional()
})

type StixObject = z.infer<typeof objectSchema>

const bundleSchema = z.object({ objects: z.array(z.unknown()).default([]) })

/** Observables that are worth a search beside indicators. The others are context there, such as the folder of a file. */
const SEARCHED = new Set(['ipv4-addr', 'ipv6-addr', 'domain-name', 'url'])

/**
 * The indicators and the observables of a STIX 2.1 bundle. Rules in other languages than STIX's and Sigma are not searched
 * for, and neither is what osquery cannot show; both are returned as such.
 */
export function readStix(value: unknown): DocumentEntry[] {
  const parsed = bundleSchema.safeParse(value)
  const objects = (parsed.success && parsed.data.objects.length > 0 ? parsed.data.objects : [value]).flatMap(
    object => objectSchema.safeParse(object).data ?? []
  )
  const indicators = objects.filter(({ type, revoked }) => type === 'indicator' && !revoked)
  const observed = [
    ...objects.filter(({ type }) => type !== 'indicator'),
    ...objects.flatMap(({ objects: inner = {} }) =>
      Object.values(inner).flatMap(object => objectSchema.safeParse(object).data ?? [])
    )
  ]
  if (indicators.length === 0) return observed.flatMap(observable)
  const others = observed.flatMap(({ type, value: observedValue, hashes }) => {
    if (SEARCHED.has(type) && observedValue !== undefined) return [valueEntry(type, 'value', observedValue)]
    return type === 'file' ? digests(hashes) : []
  })
  return [...indicators.flatMap(indicatorEntries), ...others]
}

function indicatorEntries({ pattern = '', pattern_type, name }: StixObject): DocumentEntry[] {
  if (pattern_type === 'stix') return patternEntries(pattern)
  if (pattern_type === 'sigma') return [{ text: name ?? 'Sigma rule', sigma: pattern }]
  return [entryOf(pattern.slice(0, 200), () => unobservable(`${pattern_type} rule`, pattern))]
}

const digests = (hashes: StixObject['hashes'] = {}): DocumentEntry[] =>
  Object.entries(hashes).map(([algorithm, digest]) => valueEntry('file', `hashes.'${algorithm}'`, digest))

function observable({
  type,
  value,
  name,
  path,
  hashes,
  command_line,
  account_login
}: StixObject): DocumentEntry[] {
  if (type === 'file' && hashes !== undefined) return digests(hashes)
  if (type === 'file' && name !== undefined) return [valueEntry(type, 'name', name)]
  if (type === 'process' && command_line !== undefined)
    return [valueEntry(type, 'command_line', command_line)]
  if (type === 'directory' && path !== undefined) return [valueEntry(type, 'path', path)]
  if (account_login !== undefined) return [valueEntry(type, 'account_login', account_login)]
  return value === undefined ? [] : [valueEntry(type, 'value', value)]
}
