import { commandSecrets, MAY_HOLD_COMMANDS } from './command-secrets.ts'
import { CONTEXTS, namesSecret, SENTENCES } from './secret-contexts.ts'
import { FORMS } from './secret-forms.ts'
import { applyRules, isReference, MARK, mark, type RedactedText } from './secret-rules.ts'

/** Columns that name what another column of their row holds, as in process_envs, registry and augeas. */
const NAME_COLUMNS = ['key', 'name', 'label', 'variable']
const VALUE_COLUMNS = new Set(['value', 'data', 'current_value', 'config_value'])

/** The columns of a row without their secrets, and how many secrets there were. */
export function redactColumns(columns: Readonly<Record<string, string>>): {
  readonly columns: Record<string, string>
  readonly count: number
} {
  let count = 0
  const isNamed = NAME_COLUMNS.some(
    column => Object.hasOwn(columns, column) && namesSecret(columns[column] ?? '')
  )
  const shown = Object.entries(columns).map(([column, value]): [string, string] => {
    const isSecret = (isNamed && VALUE_COLUMNS.has(column)) || namesSecret(column)
    if (!isSecret) {
      const redacted = redactText(value)
      count += redacted.count
      return [column, redacted.text]
    }
    if (value.startsWith(MARK) || /^\d?$/.test(value) || isReference(value)) return [column, value]
    count++
    return [column, mark('secret')]
  })
  return { columns: Object.fromEntries(shown), count }
}

/** The values of a row without their secrets. */
export function redactRow(columns: readonly string[], values: readonly string[]): string[] {
  const row = Object.fromEntries(columns.map((column, at) => [column, values[at] ?? '']))
  const redacted = redactColumns(row).columns
  return columns.map(column => redacted[column] ?? '')
}

/** Whether a secret was hidden in a text. */
export const hidesSecret = (text: string): boolean => text.includes(MARK)

/** UTF-16 units of a value that are shown; real values are far shorter. */
export const MAX_VALUE_LENGTH = 8_192
/** Searched beyond the cut, so that a secret that crosses it is still recognized. */
const OVERLAP = 4_096

/** Every secret is a long word, or follows a blank or a sign. */
const MAY_HOLD_SECRET = /[\s=:@<&$]|[A-Za-z0-9_.+-]{20}/
const DIGEST = /^[0-9a-f]{32,128}$/

/** A host's text without its secrets, and how many there were. O(length). */
export function redactText(full: string): RedactedText {
  if (full.length <= MAX_VALUE_LENGTH && (!MAY_HOLD_SECRET.test(full) || DIGEST.test(full)))
    return { text: full, count: 0 }
  const text = full.slice(0, MAX_VALUE_LENGTH + OVERLAP)
  let redacted = applyRules(FORMS, { text, count: 0 })
  redacted = hideCommandSecrets(redacted)
  const { text: hidden, count } = applyRules(CONTEXTS, redacted)
  if (full.length <= MAX_VALUE_LENGTH + OVERLAP && hidden.length <= MAX_VALUE_LENGTH)
    return { text: hidden, count }
  const cut = hidden.slice(0, MAX_VALUE_LENGTH).toWellFormed()
  return { text: `${cut}… [cut: ${full.length} characters]`, count }
}

/**
 * A sentence of ours, which may quote others, without its secrets. In our own words "token: write" names no secret, so
 * only what has the form of a secret, or is assigned by `=`, is hidden.
 */
export function redactSentence(sentence: string): RedactedText {
  return applyRules(SENTENCES, applyRules(FORMS, { text: sentence, count: 0 }))
}

/** Hides the secrets in the arguments of well-known programs. */
function hideCommandSecrets({ text, count }: RedactedText): RedactedText {
  if (!MAY_HOLD_COMMANDS.test(text)) return { text, count }
  let result = ''
  let hidden = count
  let from = 0
  for (const { start, end } of commandSecrets(text)) {
    const secret = text.slice(start, end)
    if (start < from || secret.includes(MARK) || isReference(secret)) continue
    hidden++
    result += text.slice(from, start) + mark('password')
    from = end
  }
  return { text: result + text.slice(from), count: hidden }
}
