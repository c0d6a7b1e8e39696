import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { choices } from '../text/phrases.ts'
import { linesOf } from './lists.ts'
import { type OsquerySource, parseOsquerySources } from './osquery-sources.ts'
import { parseTargets, type Targets } from './targets.ts'

/** Parses the text of one input. Its messages complete a sentence that starts with the name and the value. */
export type Field<T> = z.ZodType<T, string>

/** How many hosts there should be, or which. */
export type ExpectedHosts = { readonly count: number } | { readonly ids: readonly string[] }

/** Control characters, line breaks, and characters that cannot be seen. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
/** Characters of an inline session policy (STS API reference, AssumeRoleWithWebIdentity). */
const MAX_SESSION_POLICY_CHARACTERS = 2048

export function anyText(): Field<string> {
  return z.string()
}

export function matching(pattern: RegExp, message: string): Field<string> {
  return z.string().regex(pattern, message)
}

export function oneOf<const T extends readonly [string, ...string[]]>(...options: T): Field<T[number]> {
  return z.enum(options, { error: () => `must be ${choices(options)}` })
}

/** A whole number between two bounds, written in digits. */
export function integer(min: number, max: number): Field<number> {
  return parsedBy(text => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  }, `must be a whole number from ${min} to ${max}`)
}

/** A percentage with up to two decimals, with or without its sign. */
export function percentage(): Field<number> {
  return parsedBy(
    text => (/^(?:100|\d{1,2}(?:\.\d{1,2})?)%?$/.test(text) ? Number.parseFloat(text) : undefined),
    'must be a percentage from 0 to 100'
  )
}

/** True and false as the YAML 1.2 core schema writes them. */
export function boolean(): Field<boolean> {
  return parsedBy(
    text => (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text) ? text.toLowerCase() === 'true' : undefined),
    'must be true or false'
  )
}

/** What `parse` makes of a text, or `null` if the input is empty. `parse` returns `null` for a text it refuses. */
export function optional<T>(parse: (text: string) => T | null, message: string): Field<T | null> {
  return parsedBy(text => (text === '' ? null : (parse(text) ?? undefined)), message)
}

export function optionalText(pattern: RegExp, message: string): Field<string | null> {
  return optional(text => (pattern.test(text) ? text : null), message)
}

/** One entry per line, each of which matches `pattern`. */
export function lines(pattern = /./, message = ''): Field<readonly string[]> {
  return parsedBy(text => {
    const entries = linesOf(text)
    return entries.every(entry => pattern.test(entry)) ? entries : undefined
  }, message)
}

/** Some of several words, one per line. */
export function someOf<const T extends readonly [string, ...string[]]>(
  ...options: T
): Field<readonly T[number][]> {
  return z.string().transform((text, context) => {
    const entries = linesOf(text)
    return entries.every(entry => options.some(option => option === entry))
      ? options.filter(option => entries.includes(option))
      : refuse(context, `must be ${choices(options)}, one per line`)
  })
}

/** At least one entry, one per line. */
export function someLines(message: string): Field<readonly string[]> {
  return parsedBy(text => {
    const entries = linesOf(text)
    return entries.length > 0 ? entries : undefined
  }, message)
}

/** A path that does not leave the workspace upwards; an absolute path is the workflow's choice. */
export function folder(): Field<string> {
  return parsedBy(
    path => (!UNPRINTABLE.test(path) && (isAbsolute(path) || !climbs(path)) ? path : undefined),
    'must be one path: absolute, or inside the workspace'
  )
}

/** The path of a JSON file inside the repository, without a leading `./`. */
export function repositoryJson(): Field<string | null> {
  return optional(text => {
    const path = text.replace(/^\.\//, '')
    const inside = !isAbsolute(path) && !/\\/.test(path) && !UNPRINTABLE.test(path) && !climbs(path)
    return inside && path.endsWith('.json') ? path : null
  }, 'must be a path inside the repository that ends in .json')
}

/** A session policy without white space. */
export function sessionPolicy(): Field<string | null> {
  return optional(text => {
    try {
      const compact = JSON.stringify(JSON.parse(text))
      return compact.startsWith('{') && compact.length <= MAX_SESSION_POLICY_CHARACTERS ? compact : null
    } catch {
      return null
    }
  }, `must be a JSON object of at most ${MAX_SESSION_POLICY_CHARACTERS} characters`)
}

/** A number of hosts, or their IDs, one per line; `null` if there is no entry. */
export function expectedHosts(): Field<ExpectedHosts | null> {
  return parsedBy(text => {
    const [first, ...more] = linesOf(text)
    if (first === undefined) return null
    if (more.length === 0 && /^[1-9]\d{0,6}$/.test(first)) return { count: Number(first) }
    const parsed = parseTargets([first, ...more])
    return 'targets' in parsed && parsed.targets.kind === 'hosts' ? { ids: parsed.targets.hosts } : undefined
  }, 'must be a number from 1, or host IDs, one per line')
}

/** Where hosts without osquery may download it; empty for `system`. */
export function osquerySources(): Field<readonly OsquerySource[]> {
  return z.string().transform((text, context) => {
    const parsed = parseOsquerySources(linesOf(text))
    if ('sources' in parsed) return parsed.sources
    return refuse(context, parsed.problem)
  })
}

export function targetHosts(): Field<Targets> {
  return z.string().transform((text, context) => {
    const parsed = parseTargets(linesOf(text))
    if ('targets' in parsed) return parsed.targets
    return refuse(context, ...parsed.problems)
  })
}

/** A field that `parse` understands; `undefined` is the problem that `message` describes. */
function parsedBy<T>(parse: (text: string) => T | undefined, message: string): Field<T> {
  return z.string().transform((text, context) => {
    const value = parse(text)
    return value === undefined ? refuse(context, message) : value
  })
}

function refuse(context: z.RefinementCtx, ...messages: readonly string[]): never {
  for (const message of messages) context.addIssue({ code: 'custom', message })
  return z.NEVER
}

function climbs(path: string): boolean {
  return path.split(/[\\/]/).includes('..')
}
