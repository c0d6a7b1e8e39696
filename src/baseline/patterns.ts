/** What the learned patterns of a baseline's rows stand for. */
const LEARNED: Readonly<Record<string, string>> = {
  '<hex>': '[0-9A-Fa-f]{1,128}',
  '<num>': '\\d{1,40}',
  '<uuid>': '[0-9A-Fa-f]{8}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{4}[-_][0-9A-Fa-f]{12}',
  '<rand>': '[A-Za-z0-9_-]{1,128}'
}

/** Whether a value of a baseline's row stands for many. */
export function isPattern(value: string): boolean {
  return /(?<!\\)<(?:hex|num|uuid|rand)>/.test(value)
}

/** What a value of a baseline's row matches, as a whole. A pattern also matches itself. */
export function patternOf(value: string): RegExp {
  const parts = value.split(/((?<!\\)<(?:hex|num|uuid|rand)>)/)
  const source = parts.map(part => {
    const literal = part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    const learned = LEARNED[part]
    return learned === undefined ? literal : `(?:${learned}|${part})`
  })
  return new RegExp(`^${source.join('')}$`)
}

const PLACEHOLDER = /(<(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>)/
const UUID =
  /(?<![0-9A-Za-z])[0-9A-Fa-f]{8}([-_])[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{12}(?![0-9A-Za-z])/g

/**
 * The pattern that a value is a variant of: what looks random in it replaced. Single digits stay, for they tell
 * `v1` from `v2`. Placeholders that are there already stay as they are.
 */
export function generalise(value: string): string {
  return value
    .split(PLACEHOLDER)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(UUID, '<uuid>')))
    .join('')
    .split(PLACEHOLDER)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/[A-Za-z0-9]+/g, word)))
    .join('')
}

function word(text: string): string {
  if (text.length >= 8 && /^[0-9A-Fa-f]+$/.test(text) && /\d/.test(text) && /[A-Fa-f]/.test(text))
    return '<hex>'
  const turns = text.match(/[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9])/g)
  if (text.length >= 6 && turns !== null && turns.length >= 2) return '<rand>'
  return text.replace(/\d{2,}/g, '<num>')
}

/** Whether enough of a pattern row is said literally for it to stand for one thing: three letters in a row somewhere. */
export function saysSomething(values: readonly string[]): boolean {
  return values.some(value =>
    value.split(PLACEHOLDER).some((part, at) => at % 2 === 0 && /\p{L}{3}/u.test(part))
  )
}
