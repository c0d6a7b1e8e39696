import type { SigmaRule } from './sigma/rule.ts'

export type DigestKind = 'sha256' | 'sha1' | 'md5'

/** What an indicator matches. Texts are in lower case: a match does not depend on case, except that of a column's value. */
export type Pattern =
  | { readonly kind: 'text' | 'url'; readonly text: string }
  | { readonly kind: 'regex'; readonly source: string }
  | { readonly kind: 'column'; readonly table: string; readonly column: string; readonly value: string }
  | { readonly kind: DigestKind; readonly digest: string }
  /** An address is a network of full length. */
  | { readonly kind: 'address' | 'network'; readonly bytes: readonly number[]; readonly bits: number }
  /** The domain itself and the names below it. */
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'sigma'; readonly rule: SigmaRule }
  /** Nothing that osquery returns can show it, such as an email address. */
  | { readonly kind: 'other'; readonly type: string; readonly value: string }

/** Something to look for in every row of every host. */
export interface Indicator {
  /** As the user wrote it. */
  readonly text: string
  readonly pattern: Pattern
}

/** Where an indicator was written. */
export interface Origin {
  /** `null`: in the input itself. */
  readonly file: string | null
  readonly line: number
}

/** An indicator with its place, or why there is none at that place. */
export type ReadEntry =
  | { readonly origin: Origin; readonly indicator: Indicator }
  | { readonly origin: Origin; readonly text: string; readonly problem: string }

/** One text for each pattern: two indicators that match the same have the same. */
export function patternKey(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'text':
    case 'url':
      return `text:${pattern.text}`
    case 'regex':
      return `/${pattern.source}/`
    case 'column':
      return `${pattern.table}.${pattern.column}=${pattern.value}`
    case 'address':
    case 'network':
      return `ip:${pattern.bytes.join('.')}/${pattern.bits}`
    case 'domain':
      return `domain:${pattern.domain}`
    case 'sigma':
      return `sigma:${pattern.rule.key}`
    case 'other':
      return `${pattern.type}:${pattern.value}`
    default:
      return `${pattern.kind}:${pattern.digest}`
  }
}
