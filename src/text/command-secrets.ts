/** A part of a text that is a secret: from `start` to `end`. */
export interface SecretSpan {
  readonly start: number
  readonly end: number
}

/** Where the secret begins in an argument such as `user:password`; `all`: the whole argument. */
type Style = 'all' | ':' | '%' | ',' | 'pass:'

interface Program {
  /** Options whose value is, or holds, a secret: as the next argument, after `=`, and attached to a short option. */
  readonly options?: Readonly<Record<string, Style>>
  /** Short options whose value is only ever attached: `-pSECRET`. */
  readonly attached?: readonly string[]
  /** The options hold secrets only after this word, such as `docker login`. */
  readonly after?: string
  /** Words whose next argument, or the one after as many, is a secret. */
  readonly words?: Readonly<Record<string, number>>
  /** `user/password@database` as an argument. */
  readonly slash?: true
  /** With this letter among the short options, the last argument is the secret. */
  readonly lastWith?: string
}

const colon: Program = {
  options: { '-u': ':', '--user': ':', '-U': ':', '--proxy-user': ':', '--pass': 'all' }
}
const smallP: Program = { options: { '-p': 'all' } }
const bigP: Program = { options: { '-P': 'all' } }
const login: Program = { options: { '-p': 'all' }, after: 'login' }
const mysql: Program = { attached: ['-p'] }
const redis: Program = { options: { '-a': 'all' } }
const ldap: Program = { options: { '-w': 'all' } }
const samba: Program = { options: { '-U': '%', '--user': '%' }, words: { user: 2 } }
const snmp: Program = { options: { '-c': 'all', '-A': 'all', '-X': 'all' } }
const archive: Program = { attached: ['-p', '-hp'] }
const oracle: Program = { slash: true }
const packages: Program = { words: { _authToken: 1, _password: 1, _auth: 1 } }

/** Programs that take secrets on their command line, by their documentation. */
const PROGRAMS: ReadonlyMap<string, Program> = new Map(
  (
    [
      ['curl etcdctl', colon],
      ['mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mysqlbinlog mycli', mysql],
      ['mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check xtrabackup mariabackup', mysql],
      ['redis-cli redis-benchmark valkey-cli keydb-cli', redis],
      ['mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop mongofiles', smallP],
      [
        'sshpass cqlsh twine evil-winrm crackmapexec netexec nxc psexec ncftp rdesktop useradd usermod',
        smallP
      ],
      ['docker podman nerdctl buildah skopeo helm oc az crane cf oras', login],
      ['sqlcmd bcp tsql zip unzip ipmitool', bigP],
      ['ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapcompare ldapmodrdn', ldap],
      ['ldappasswd', { options: { '-w': 'all', '-s': 'all', '-a': 'all' } }],
      ['smbclient rpcclient net smbget winexe smbmap smbcacls wmic', samba],
      ['snmpwalk snmpget snmpset snmpgetnext snmpbulkwalk snmpbulkget snmptrap snmptable', snmp],
      ['7z 7za 7zr 7zz rar unrar', archive],
      ['sqlplus rman expdp impdp sqlldr', oracle],
      ['npm yarn pnpm', packages],
      ['lftp', { options: { '-u': ',', '--user': ',' } }],
      ['openssl', { options: { '-k': 'all', '-K': 'all' } }],
      ['rabbitmqctl', { words: { add_user: 2, change_password: 2, authenticate_user: 2 } }],
      ['vault', { words: { login: 1 } }],
      ['wpa_passphrase', { words: { wpa_passphrase: 2 } }],
      ['nmcli', { words: { password: 1, psk: 1 } }],
      ['aws', { words: { aws_secret_access_key: 1, aws_session_token: 1 } }],
      ['convertto-securestring', { words: { 'convertto-securestring': 1, '-string': 1 } }],
      ['schtasks', { words: { '/rp': 1 } }],
      ['htpasswd', { lastWith: 'b' }]
    ] as const
  ).flatMap(([names, program]) => names.split(' ').map((name): [string, Program] => [name, program]))
)

/** They read a secret from what is piped into them. */
const READERS =
  /^(?:sudo|su|kinit|passwd|chpasswd|cryptsetup|sshpass|docker|podman|gpg|gpg2|openssl|smbpasswd)$/
const PRINTERS = /^(?:echo|printf)$/

/** Words, quoted parts included, and the signs between commands. Each character is read once. */
const WORDS =
  /(?:\[redacted:[^\]]{0,100}\]|[^\s"'\\|;&]|\\[\s\S]|\\$|"(?:[^"\\]|\\[\s\S]){0,8192}"?|'[^']{0,8192}'?)+|[|;&]/g
const MAX_DEPTH = 2
const MAX_PROGRAM_LENGTH = 256

interface Word {
  readonly text: string
  readonly start: number
}

/** Whether {@link commandSecrets} can find anything: a cheap test. */
export const MAY_HOLD_COMMANDS = new RegExp(
  `\\b(?:${[...PROGRAMS.keys()].map(name => name.replaceAll('-', '\\-')).join('|')}|echo|printf)\\b`,
  'i'
)

/** Secrets in the arguments of well-known programs, in order. O(length of the text). */
export function commandSecrets(text: string, offset = 0, depth = 0): SecretSpan[] {
  const spans: SecretSpan[] = []
  let command: Word[] = []
  let printed: readonly Word[] = []
  const end = (sign: string) => {
    const name = programName(command[0]?.text ?? '')
    spans.push(...secretsOf(command))
    if (READERS.test(name)) spans.push(...printed.map(span))
    printed = sign === '|' && PRINTERS.test(name) ? command.slice(1) : []
    command = []
  }
  for (const match of text.matchAll(WORDS)) {
    const [word] = match
    if (word === '|' || word === ';' || word === '&') {
      end(word)
      continue
    }
    const start = match.index + offset
    // A command in quotes, as in sh -c "…".
    if (depth < MAX_DEPTH && /^["'][\s\S]*\s/.test(word))
      spans.push(...commandSecrets(unquoted(word), start + 1, depth + 1))
    command.push({ text: word, start })
  }
  end('')
  return spans.sort((a, b) => a.start - b.start)
}

/** Secrets among the words of one command, which may begin with sudo, env or the like. */
function secretsOf(words: readonly Word[]): SecretSpan[] {
  const spans: SecretSpan[] = []
  let program: Program | undefined
  let isAfter = true
  let hasLetter = false
  let last: Word | undefined
  /** How many arguments from here the secret is; 0: none is expected. */
  let ahead = 0
  let style: Style = 'all'
  for (const word of words) {
    const bare = unquoted(word.text)
    if (ahead > 0 && !(ahead === 1 && bare.startsWith('-') && style === 'all')) {
      ahead--
      if (ahead === 0) spans.push(...secretIn(word, style))
      continue
    }
    ahead = 0
    const named = PROGRAMS.get(programName(bare))
    if (named !== undefined && program === undefined) {
      program = named
      isAfter = named.after === undefined
      style = 'all'
      ahead = named.words?.[programName(bare)] ?? 0
      continue
    }
    if (program === undefined) continue
    isAfter ||= bare === program.after
    hasLetter ||= program.lastWith !== undefined && new RegExp(`^-\\w*${program.lastWith}`).test(bare)
    last = word
    const secret = isAfter ? secretOfOption(program, word, bare) : null
    if (secret === 'next') {
      style = styleOf(program, bare) ?? 'all'
      ahead = 1
    } else if (secret !== null) spans.push(...secret)
    const key = Object.keys(program.words ?? {}).find(
      name => bare.toLowerCase() === name.toLowerCase() || bare.endsWith(`:${name}`)
    )
    if (key !== undefined) {
      style = 'all'
      ahead = program.words?.[key] ?? 0
    }
    if (program.slash) spans.push(...slashSecret(word))
  }
  if (hasLetter && last !== undefined) spans.push(span(last))
  return spans
}

function styleOf({ options }: Program, bare: string): Style | undefined {
  if (options === undefined) return undefined
  if (Object.hasOwn(options, bare)) return options[bare]
  // Clustered short options: curl -su user:password.
  const short = /^-[A-Za-z]{1,8}([A-Za-z])$/.exec(bare)?.[1]
  return short !== undefined && Object.hasOwn(options, `-${short}`) && options[`-${short}`] !== 'all'
    ? options[`-${short}`]
    : undefined
}

/** The secret in one word; `next`: the next argument is one; `null`: it has none. */
function secretOfOption(program: Program, word: Word, bare: string): 'next' | SecretSpan[] | null {
  if (styleOf(program, bare) !== undefined) return 'next'
  const equals = bare.indexOf('=')
  const long = equals > 0 ? program.options?.[bare.slice(0, equals)] : undefined
  if (long !== undefined) return secretIn(inner(word, equals + 1), long)
  for (const [option, style] of Object.entries(program.options ?? {})) {
    const isAttached = /^-\w$/.test(option) && bare.startsWith(option) && !bare.startsWith('--')
    // Without a sign of a secret, -pack may be a cluster of options.
    if (isAttached && (style !== 'all' || /[^a-z]/.test(bare.slice(2)) || bare.length > 6))
      return secretIn(inner(word, option.length), style)
  }
  for (const option of program.attached ?? []) {
    if (bare.startsWith(option) && bare.length > option.length && !bare.startsWith('--'))
      return secretIn(inner(word, option.length), 'all')
  }
  return null
}

/** The rest of a word, from an index of its unquoted text. */
function inner({ text, start }: Word, at: number): Word {
  const quote = /^["']/.test(text) ? 1 : 0
  return { text: text.slice(at + quote), start: start + at + quote }
}

function secretIn(word: Word, style: Style): SecretSpan[] {
  if (style === 'all') return [span(word)]
  const at = word.text.indexOf(style)
  const rest = at < 0 ? '' : unquoted(word.text.slice(at + style.length))
  return rest === ''
    ? []
    : [{ start: word.start + at + style.length, end: word.start + at + style.length + rest.length }]
}

/** In `user/password@database`. */
function slashSecret({ text, start }: Word): SecretSpan[] {
  const match = /^["']?[A-Za-z][\w$#.]{0,127}\/([^\s/@"']{1,256})(?=@|["']?$)/.exec(text)
  if (match === null) return []
  const at = match[0].length - (match[1] ?? '').length
  return [{ start: start + at, end: start + match[0].length }]
}

const span = ({ text, start }: Word): SecretSpan => ({ start, end: start + text.length })

function unquoted(word: string): string {
  const quote = word[0]
  if (quote !== '"' && quote !== "'") return word
  return word.endsWith(quote) && word.length > 1 ? word.slice(1, -1) : word.slice(1)
}

function programName(word: string): string {
  const bare = unquoted(word.slice(0, MAX_PROGRAM_LENGTH))
  return bare
    .slice(Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('\\')) + 1)
    .toLowerCase()
    .replace(/\.exe$/, '')
}
