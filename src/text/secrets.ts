import { createHash } from 'node:crypto'

/** The columns of a row without their secrets, and how many secrets there were. */
export function redactColumns(columns: Readonly<Record<string, string>>): {
  readonly columns: Record<string, string>
  readonly count: number
} {
  let count = 0
  // In osquery's process_envs, the column `key` says whether `value` is a secret.
  const named = Object.hasOwn(columns, 'key') && SECRET_NAME.test((columns.key ?? '').slice(0, 200))
  const shown = Object.entries(columns).map(([column, value]): [string, string] => {
    if (!SECRET_COLUMN.test(column) && !(named && column === 'value')) {
      const redacted = redactText(value)
      count += redacted.count
      return [column, redacted.text]
    }
    if (value === '' || value.startsWith(MARK)) return [column, value]
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

const MARK = '[redacted:'
const mark = (kind: string): string => `${MARK} ${kind}]`

/** A text without its secrets, and how many there were. O(length). */
export function redactText(full: string): { readonly text: string; readonly count: number } {
  let count = 0
  let text = full.slice(0, MAX_VALUE_LENGTH + OVERLAP)
  for (const rule of RULES) {
    if (!rule.hint.test(text)) continue
    text = text.replace(rule.pattern, (match: string, before: string, secret: string) => {
      const shown = rule.show?.(secret) ?? mark(rule.kind)
      if (secret.startsWith(MARK) || shown === secret) return match
      count++
      return `${before}${shown}${match.slice(before.length + secret.length)}`
    })
  }
  if (full.length > MAX_VALUE_LENGTH + OVERLAP || text.length > MAX_VALUE_LENGTH) {
    text = `${text.slice(0, MAX_VALUE_LENGTH).toWellFormed()}… [cut: ${full.length} characters]`
  }
  return { text, count }
}

interface Rule {
  readonly kind: string
  /** A cheap test for whether the pattern can match. */
  readonly hint: RegExp
  /** The first group is the text before the secret, the second is the secret. Every repetition is bounded. */
  readonly pattern: RegExp
  /** The replacement, if it is not the kind. Returning the secret keeps it. */
  readonly show?: (secret: string) => string
}

const token = (kind: string, hint: RegExp, body: string): Rule => ({
  kind,
  hint,
  pattern: new RegExp(`((?<![A-Za-z0-9]))(${body})`, 'g')
})

/** Applied in order: blocks, then tokens with a form of their own, then secrets that only their context reveals. */
const RULES: readonly Rule[] = [
  {
    kind: 'private key',
    hint: /PRIVATE KEY/,
    pattern:
      /()(-----BEGIN ?[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,12288}(?:-----END [A-Z0-9 ]{0,30}-----)?)/g
  },
  {
    kind: 'ssh key',
    hint: /AAAA[BCEGI]/,
    pattern:
      /()((?:AAAAB3NzaC1|AAAAC3NzaC1|AAAAE2VjZHNh|AAAAGnNrLXNz|AAAAInNrLWVj)[A-Za-z0-9+/]{20,12288}={0,2})/g,
    show: fingerprint
  },
  {
    kind: 'AWS secret key',
    hint: /A[KS]IA[A-Z0-9]{16}/,
    pattern:
      /((?<![A-Za-z0-9/+=.]))((?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/g
  },
  token(
    'AWS access key',
    /A[KSBC][ICT]A|A3T/,
    '(?:A[KS]IA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])'
  ),
  token('GitHub token', /gh[pousr]_|github_pat_/, '(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,255}'),
  token(
    'GitLab token',
    /gl[a-z]{2,5}-/,
    'gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[A-Za-z0-9_-]{16,255}'
  ),
  token('Slack token', /x(?:ox[a-z]|app)-/, 'x(?:ox[abeposr]|app)-[A-Za-z0-9-]{10,255}'),
  token('Anthropic key', /sk-ant-/, 'sk-ant-[A-Za-z0-9_-]{20,255}'),
  token(
    'OpenAI key',
    /sk-/,
    'sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,255}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})'
  ),
  token('Groq key', /gsk_/, 'gsk_[A-Za-z0-9]{40,80}'),
  token('Hugging Face token', /hf_/, 'hf_[A-Za-z0-9]{30,64}'),
  token('Linear key', /lin_api_/, 'lin_api_[A-Za-z0-9_]{32,128}'),
  token('Notion token', /ntn_/, 'ntn_[A-Za-z0-9]{40,64}'),
  token('SendGrid key', /SG\./, 'SG\\.[\\w-]{16,128}\\.[\\w-]{16,128}'),
  token('Shopify token', /shp[a-z]{2}_/, 'shp(?:pa|ca|at|ss)_[A-Za-z0-9]{32,64}'),
  token('Grafana token', /gl(?:c|sa)_/, 'gl(?:c|sa)_[A-Za-z0-9+/_]{32,400}={0,2}'),
  token('1Password token', /ops_ey/, 'ops_ey[A-Za-z0-9+/=_-]{60,2048}'),
  token('Vault token', /hv[sbr]\./, 'hv[sbr]\\.[A-Za-z0-9_-]{24,300}'),
  token('Vercel token', /vc[piark]_/, 'vc[piark]_[A-Za-z0-9]{20,60}'),
  token('Databricks token', /dapi/, 'dapi[A-Fa-f0-9]{32}'),
  token('Docker token', /dckr_/, 'dckr_[a-z]{3}_[A-Za-z0-9_-]{20,64}'),
  token('Figma token', /figd_/, 'figd_[A-Za-z0-9_-]{40,200}'),
  token('PyPI token', /pypi-/, 'pypi-AgE[A-Za-z0-9_-]{50,512}'),
  token('DigitalOcean token', /do[opr]_v1_/, 'do[opr]_v1_[a-f0-9]{64}'),
  token('age key', /AGE-SECRET-KEY-/, 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
  token('Stripe key', /_(?:live|test)_/, '[rs]k_(?:live|test)_[A-Za-z0-9]{10,255}'),
  token('Google API key', /AIza/, 'AIza[A-Za-z0-9_-]{35}'),
  token('npm token', /npm_/, 'npm_[A-Za-z0-9_]{30,255}'),
  token('JWT', /eyJ/, 'eyJ[A-Za-z0-9_-]{8,4096}\\.eyJ[A-Za-z0-9_-]{4,8192}(?:\\.[A-Za-z0-9_-]{0,4096})?'),
  {
    kind: 'Slack webhook',
    hint: /hooks\.slack\.com/,
    pattern: /(hooks\.slack\.com\/(?:services|workflows)\/)([A-Za-z0-9/_-]{8,255})/g
  },
  {
    kind: 'GitHub token',
    hint: /:x-oauth-basic@/,
    pattern: /(:\/\/)([^\s/?#:@"']{1,256})(?=:x-oauth-basic@)/g
  },
  {
    kind: 'password',
    hint: /:\/\//,
    pattern: /(:\/\/[^\s/?#:@"']{0,128}:)([^\s/?#"']{1,255})(?=@)/g
  },
  {
    kind: 'authorization',
    hint: /authorization|bearer/i,
    pattern:
      /((?:authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:[A-Za-z]{1,20}\s{1,4})?|\bbearer\s{1,4}))([^\s"',;]{6,8192})/gi
  },
  {
    kind: 'password',
    hint: /curl|mysql|mariadb|sshpass/,
    pattern:
      /(\bcurl\s[^\n]{0,500}?\s(?:-u|--user)[\s=]{0,4}["']?[^\s:"']{1,128}:|\b(?:mysql|mariadb)\w{0,12}\s[^\n]{0,200}?\s-p|\bsshpass\s{1,4}-p\s{0,4}["']?)([^\s"']{1,255})/g
  },
  {
    kind: 'secret',
    hint: /passw|passphrase|pwd|secret|token|credential|key/i,
    // Except sudo's NOPASSWD: COMMANDS. NAME=value, "name": "value", --name=value, --name value
    pattern:
      /((?:(?<!NO)passw(?:or)?d|passphrase|[;?&]pwd|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|encryption[_-]?key)(?!s?[._-]?(?:file|path|dir|name|id|ur[il]|type|len|length|policy|ttl|expir|store|iz|authentication)[\w.-]{0,32}["']?[\s=:])[\w.-]{0,32}(?:["']?\s{0,4}[=:]\s{0,4}|(?<=(?:^|\s)--?[\w.-]{1,80})\s{1,4}))("(?:[^"\\]|\\.){1,2048}"?|'[^']{1,2048}'?|[^\s"'&;,]{1,2048})/gi,
    show: secret =>
      /^["']?(?:\$\{?\w{0,64}\}?|\*{1,64}|null|none|true|false|<\w{1,32}>)["']?$/i.test(secret) ||
      /^["']?\[redacted:/.test(secret)
        ? secret
        : mark('secret')
  }
]

const SECRET_COLUMN =
  /^(?:password|passwd|password_hash|passphrase|secret|token|api_key|private_key|secret_key)$/i
const SECRET_NAME = /password|passwd|passphrase|secret|token|credential|api_?key|access_?key|private_?key/i

/** The fingerprint that `ssh-keygen -l` shows of a public key: enough to distinguish keys and to search for one. */
function fingerprint(key: string): string {
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')
  return mark(`ssh key SHA256:${digest}`)
}
