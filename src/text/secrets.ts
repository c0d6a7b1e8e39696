import { createHash } from 'node:crypto'
import { commandSecrets, MAY_HOLD_COMMANDS } from './command-secrets.ts'

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

export interface RedactedText {
  readonly text: string
  readonly count: number
}

/** A host's text without its secrets, and how many there were. O(length). */
export function redactText(full: string): RedactedText {
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

function applyRules(rules: readonly Rule[], { text, count }: RedactedText): RedactedText {
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

/** Secrets with a form of their own, in order: blocks, then tokens. */
const FORMS: readonly Rule[] = [
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
  {
    kind: 'JWT',
    hint: /eyJ/,
    // It begins only where a word does, so that a long word is read once.
    pattern:
      /((?<![A-Za-z0-9_-]))(eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,4096})?)/g
  },
  token('RubyGems key', /rubygems_/, 'rubygems_[a-f0-9]{48}'),
  token('Atlassian token', /ATATT/, 'ATATT3[A-Za-z0-9_=-]{60,400}'),
  token('Google secret', /GOCSPX-|ya29\\./, '(?:GOCSPX-[A-Za-z0-9_-]{20,64}|ya29\\.[A-Za-z0-9_-]{20,1024})'),
  token('Telegram token', /:AA/, '[0-9]{8,10}:AA[A-Za-z0-9_-]{32,40}'),
  {
    kind: 'password hash',
    hint: /\$/,
    pattern:
      /((?<![A-Za-z0-9$]))(\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:id|i|d))\$[A-Za-z0-9./$,=+-]{20,512})/g
  },
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
    kind: 'secret',
    hint: /:\/\/[^\s@]{20,}@/,
    // A token in place of a user: https://TOKEN@host
    pattern: /(:\/\/)([A-Za-z0-9_-]{20,256})(?=@)/g,
    show: secret => (/\d/.test(secret) && /[A-Za-z]/.test(secret) ? mark('secret') : secret)
  }
]

/** NAME=value, "name": "value"; in a host's text also name: value and --name value. */
const VALUE = `("(?:[^"\\\\]|\\\\.){1,2048}"?|'[^']{1,2048}'?|[^\\s"'&;,]{1,2048})`
// Except sudo's NOPASSWD: COMMANDS.
const NAME =
  '(?<!NO)passw(?:or)?d|passphrase|[;?&]pwd|secret|token|credential|' +
  '(?:api|access|private|account|encryption|auth|master|signing|shared|subscription|license|app|session|storage|consumer|client|webhook)[_-]?key'
/** What follows the name of something about a secret, and not of the secret itself. */
const ABOUT =
  '(?!s?[._-]?(?:file|path|dir|name|id|ur[il]|type|len|length|policy|ttl|expir|store|iz|authentication)[\\w.-]{0,32}["\']?[\\s=:])[\\w.-]{0,32}'

/** Whether a value is no secret but says where it is: a variable, a placeholder, a word for none. */
function isReference(value: string): boolean {
  return /^["']?(?:\$\{?\w{0,64}\}?|\*{1,64}|null|none|true|false|<\w{1,32}>)["']?$/i.test(value)
}

const named = (separator: string): Rule => ({
  kind: 'secret',
  hint: /passw|passphrase|pwd|secret|token|credential|key/i,
  pattern: new RegExp(`((?:${NAME})${ABOUT}(?:${separator}))${VALUE}`, 'gi'),
  show: secret => (isReference(secret) || /^["']?\[redacted:/.test(secret) ? secret : mark('secret'))
})

/** In our own sentences, names are assigned a value only by `=`, or in JSON. */
const SENTENCES: readonly Rule[] = [named(`=|["']\\s{0,4}:\\s{0,4}(?=["'])`)]

/** An absolute path, a reference, a number of one digit, or something that is hidden already. */
function shortNameSecret(secret: string): string {
  return isReference(secret) || /^["']?(?:\[redacted:|\/[\w./-]{0,256}["']?$|\d?["']?$|-)/.test(secret)
    ? secret
    : mark('secret')
}

/** Secrets that only their context reveals, in order. Every repetition is bounded. */
const CONTEXTS: readonly Rule[] = [
  {
    kind: 'secret',
    hint: /cookie/i,
    pattern: /((?<![\w-])(?:set-)?cookie["']?\s{0,4}:\s{0,4})([^"'\n]{1,4096})/gi
  },
  {
    kind: 'secret',
    hint: /[?&]/,
    pattern:
      /([?&](?:key|sig|signature|auth|code|x-amz-signature|x-goog-signature|pw|pass|pwd)=)([^&\s"'#]{4,1024})/gi
  },
  {
    kind: 'secret',
    hint: /pass:/,
    pattern: /((?<=^|[\s"'=])pass:)([^\s"']{1,256})/g
  },
  {
    kind: 'secret',
    hint: /\s\/p/i,
    pattern: /((?<=\s)\/(?:p|pw|pass|password|pth):)([^\s"']{1,256})/gi
  },
  {
    kind: 'secret',
    hint: /<\//,
    pattern:
      /(<[\w:.-]{0,60}(?:password|passwd|passphrase|secret|token|pass)[\w.-]{0,20}>)([^<>]{1,512})(?=<\/)/gi
  },
  {
    kind: 'secret',
    hint: /identified\s|password\s/i,
    pattern: /(\b(?:identified\s{1,4}by|password)\s{1,4})('[^']{1,256}'|"[^"]{1,256}")/gi
  },
  {
    kind: 'secret',
    hint: /(?:PASS|PSK|_PWD|_PW|_AUTH|_PIN|_COOKIE|_SIGNATURE|_SALT)=/,
    // DB_PASS=value; neither SSH_ASKPASS=program nor BYPASS=1.
    pattern:
      /((?<![A-Za-z0-9_])[A-Z0-9_]{0,60}?(?<!ASK|BY|COM)(?:PASS|PSK|_PWD|_PW|_AUTH|_PIN|_COOKIE|_SIGNATURE|_SALT)=)("[^"]{1,512}"?|'[^']{1,512}'?|[^\s"'&;,]{1,512})/g,
    show: shortNameSecret
  },
  {
    kind: 'secret',
    hint: /pass|pw|psk|auth|community/i,
    // --pass value, --requirepass value, -storepass value, key.pass=value
    pattern:
      /((?<=^|\s)(?:--?[A-Za-z0-9_.-]{0,48}?(?<!by|com|no|no-)(?:pass|pw|pwd|psk|masterauth|auth)|requirepass|masterauth)(?:\s{0,2}=\s{0,2}|\s{1,4}))("[^"]{1,512}"?|'[^']{1,512}'?|[^\s"'&;,]{1,512})/g,
    show: shortNameSecret
  },
  {
    kind: 'secret',
    hint: /pass|pw|psk|Pass|Pwd/,
    // pass=value, "pass": "value", user=x,pass=value, ansible_ssh_pass=value
    pattern:
      /((?<![A-Za-z0-9-])(?:\w{1,40}[._])?(?:pass|Pass|pw|pwd|Pwd|psk)(?:\s{0,2}=\s{0,2}|["']\s{0,2}:\s{0,2}(?=["'])))("[^"]{1,512}"?|'[^']{1,512}'?|[^\s"'&;,]{1,512})/g,
    show: shortNameSecret
  },
  named(`["']?\\s{0,4}[=:]\\s{0,4}|(?=\\s)(?<=(?:^|\\s)--?[\\w.-]{1,80})\\s{1,4}`)
]

const SECRET_COLUMN =
  /^(?:password|passwd|password_hash|passphrase|secret|token|api_key|private_key|secret_key)$/i
const SECRET_NAME = /password|passwd|passphrase|secret|token|credential|api_?key|access_?key|private_?key/i

/** The fingerprint that `ssh-keygen -l` shows of a public key: enough to distinguish keys and to search for one. */
function fingerprint(key: string): string {
  const digest = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')
  return mark(`ssh key SHA256:${digest}`)
}
