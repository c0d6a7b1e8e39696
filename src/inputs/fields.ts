import { isAbsolute } from 'node:path'
import { z } from 'zod'
import { listOf } from './lists.ts'
import { type OsquerySource, parseOsquerySources } from './osquery-sources.ts'
import { parseTargets } from './targets.ts'

export type ExpectedHosts = { readonly count: number } | { readonly ids: readonly string[] }

/** Controls, line breaks, and characters that are not seen. */
const ODD = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
/** Characters of an inline session policy (STS API reference, AssumeRoleWithWebIdentity). */
const MAX_SESSION_POLICY_CHARACTERS = 2048

/** Whether a text is one path that does not climb out of the workspace; absolute ones are the workflow's choice. */
export function isFolder(path: string): boolean {
  return !ODD.test(path) && (isAbsolute(path) || !path.split(/[\\/]/).includes('..'))
}

/** A whole number between two bounds, written in digits. */
export function whole(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine(value => value >= least && value <= most, message)
}

/** True and false as the YAML 1.2 core schema writes them. */
export function truth() {
  return z
    .string()
    .regex(/^(?:true|True|TRUE|false|False|FALSE)$/, 'must be true or false')
    .transform(text => text.toLowerCase() === 'true')
}

/** A number of hosts, or their ids one a line; `null` where nothing is said. */
export function parseExpectedHosts(text: string, context: z.RefinementCtx): ExpectedHosts | null {
  const lines = listOf(text)
  const [first] = lines
  if (first === undefined) return null
  if (lines.length === 1 && /^[1-9]\d{0,6}$/.test(first)) return { count: Number(first) }
  const parsed = parseTargets(lines)
  if ('targets' in parsed && parsed.targets.kind === 'hosts') return { ids: parsed.targets.hosts }
  context.addIssue({ code: 'custom', message: 'must be a number from 1, or host ids, one a line' })
  return z.NEVER
}

/** Where hosts without osquery may get it; empty for `system`. */
export function parseOsquery(text: string, context: z.RefinementCtx): readonly OsquerySource[] {
  const parsed = parseOsquerySources(listOf(text))
  if ('sources' in parsed) return parsed.sources
  context.addIssue({ code: 'custom', message: parsed.problem })
  return z.NEVER
}

/** A path inside the repository, without `./`; `null` where there is none. */
export function parseBaselinePath(text: string, context: z.RefinementCtx): string | null {
  if (text === '') return null
  const path = text.replace(/^\.\//, '')
  const inside = !isAbsolute(path) && !/\\/.test(path) && !ODD.test(path) && !path.split('/').includes('..')
  if (inside && path.endsWith('.json')) return path
  context.addIssue({ code: 'custom', message: 'must be a path inside the repository that ends in .json' })
  return z.NEVER
}

/** A session policy without white space; `null` where there is none. */
export function parseSessionPolicy(text: string, context: z.RefinementCtx): string | null {
  if (text === '') return null
  try {
    const compact = JSON.stringify(JSON.parse(text))
    if (compact.startsWith('{') && compact.length <= MAX_SESSION_POLICY_CHARACTERS) return compact
  } catch {
    // told below
  }
  context.addIssue({
    code: 'custom',
    message: `must be a JSON object of at most ${MAX_SESSION_POLICY_CHARACTERS} characters`
  })
  return z.NEVER
}
