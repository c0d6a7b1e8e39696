/** How a hidden secret begins in a text. */
export const MARK = '[redacted:'

/** What replaces a secret. */
export const mark = (kind: string): string => `${MARK} ${kind}]`

export interface RedactedText {
  readonly text: string
  readonly count: number
}

/** A form that secrets have, or a place where they are. */
export interface Rule {
  readonly kind: string
  /** A cheap test for whether the pattern can match. */
  readonly hint: RegExp
  /** The first group is the text before the secret, the second is the secret. Every repetition is bounded. */
  readonly pattern: RegExp
  /** The replacement, if it is not the kind. Returning the secret keeps it. */
  readonly show?: (secret: string) => string
}

/** Applies rules one after the other. O(rules × length): every pattern is linear. */
export function applyRules(rules: readonly Rule[], { text, count }: RedactedText): RedactedText {
  let result = text
  let hidden = count
  for (const rule of rules) {
    if (!rule.hint.test(result)) continue
    result = result.replace(rule.pattern, (match: string, before: string, secret: string) => {
      const shown = rule.show?.(secret) ?? mark(rule.kind)
      if (secret.startsWith(MARK) || shown === secret) return match
      hidden++
      return `${before}${shown}${match.slice(before.length + secret.length)}`
    })
  }
  return { text: result, count: hidden }
}

/** A variable, a placeholder, a word for none, or the sign before what is read from elsewhere. */
const REFERENCE =
  /^\\{0,3}["']?(?:\$\{?\w{0,64}\}?|%\w{1,64}%|\$env:\w{1,64}|\*{1,64}|null|nil|none|files|compat|sss|true|false|yes|no|<\w{1,32}>|<{1,3}|-)\\{0,3}["']?$/i
/** A command: what it prints is the secret. `$(…)`, `` `…` ``, `(Get-Secret …)`, or one that a shell is to run. */
const COMMAND = /\$\(|`|^["']?\([A-Z][a-z]{1,32}-[A-Z]|\|\s{0,8}(?:[\w./]{0,64}\/)?(?:ba|da|z|k)?sh\b/

/**
 * Whether a value is no secret but says where it is. A command must not be hidden: rows that differ in a hidden secret
 * count as equal.
 */
export function isReference(value: string): boolean {
  return REFERENCE.test(value) || COMMAND.test(value)
}
