import { PRINTERS, PROGRAMS, type Program, READERS, type Style } from './secret-programs.ts'

/** A part of a text that is a secret: from `start` to `end`. */
export interface SecretSpan {
  readonly start: number
  readonly end: number
}

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
  `\\b(?:${[...PROGRAMS.keys()].map(name => name.replace(/[-.]/g, '\\$&')).join('|')}|echo|printf)\\b|<<<`,
  'i'
)

/** Secrets in the arguments of well-known programs, in order. O(length of the text). */
export function commandSecrets(text: string, offset = 0, depth = 0): SecretSpan[] {
  const found: (readonly SecretSpan[])[] = []
  let command: Word[] = []
  let printed: readonly Word[] = []
  const end = (sign: string) => {
    const name = programName(command[0]?.text ?? '')
    found.push(secretsOf(command), substituted(command))
    if (readsSecret(command)) found.push(printed.map(span), hereString(command))
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
      found.push(commandSecrets(unquoted(word), start + 1, depth + 1))
    command.push({ text: word, start })
  }
  end('')
  return found.flat().sort((a, b) => a.start - b.start || b.end - a.end)
}

/** Whether a command reads a secret from its input. sudo does so itself with -S, else it is what it runs. */
function readsSecret(words: readonly Word[]): boolean {
  const [first, ...others] = words.map(word => word.text)
  const name = programName(first ?? '')
  if (name !== 'sudo') return READERS.test(name)
  return others.some(word => /^(?:-[A-Za-z]{0,8}S|--stdin$)/.test(word) || READERS.test(programName(word)))
}

/** What a command reads from a here-string: `passwd <<< SECRET`. */
function hereString(words: readonly Word[]): SecretSpan[] {
  return words.flatMap(({ text, start }, at) => {
    if (!text.startsWith('<<<')) return []
    const word = text === '<<<' ? words[at + 1] : { text: text.slice(3), start: start + 3 }
    return word === undefined ? [] : [span(word)]
  })
}

/** What is printed into an option for a file with a secret: `--key-file <(echo SECRET)`. */
function substituted(words: readonly Word[]): SecretSpan[] {
  const spans: SecretSpan[] = []
  let isInside = false
  for (const [at, { text, start }] of words.entries()) {
    if (isInside) {
      isInside = !text.endsWith(')')
      spans.push({ start, end: start + text.length - (isInside ? 0 : 1) })
    } else if (/<\((?:echo|printf)$/.test(text))
      isInside = /pass|key|secret|token/i.test(`${words[at - 1]?.text ?? ''} ${text}`)
  }
  return spans
}

/** Secrets among the words of one command, which may begin with sudo, env or the like. */
function secretsOf(words: readonly Word[]): SecretSpan[] {
  const spans: SecretSpan[] = []
  let program: Program | undefined
  let isAfter = true
  let isLast = false
  let last: Word | undefined
  /** The secret is the next argument that is no option. */
  let awaitsArgument = false
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
    if (program === undefined) {
      program = programOf(bare)
      if (program === undefined) continue
      isAfter = program.after === undefined
      style = 'all'
      ahead = program.first ?? 0
      continue
    }
    if (awaitsArgument && !/^[-/]/.test(bare)) {
      spans.push(span(word))
      awaitsArgument = false
      continue
    }
    isAfter ||= program.after?.test(bare) === true
    isLast ||= program.lastAfter?.test(bare) === true
    last = word
    const secret = isAfter ? secretOfOption(program, word, bare) : null
    if (secret === 'next') {
      style = styleOf(program, bare) ?? 'all'
      ahead = 1
    } else if (secret !== null) spans.push(...secret)
    for (const [name, distance, after = 'all'] of program.words ?? []) {
      if (!name.test(bare)) continue
      style = after
      ahead = distance
    }
    if (program.share !== undefined && /^(?:\/\/|\\\\)/.test(bare)) {
      style = 'all'
      if (program.share === 'next') ahead = 1
      else awaitsArgument = true
    }
    if (program.slash) spans.push(...slashSecret(word))
    if (program.target) spans.push(...targetSecret(word))
  }
  if (isLast && last !== undefined && !/^["']?[-/]/.test(last.text)) spans.push(span(last))
  return spans
}

function styleOf({ options }: Program, bare: string): Style | undefined {
  if (options === undefined) return undefined
  const name = bare.startsWith('/') ? bare.toLowerCase() : bare
  if (Object.hasOwn(options, name)) return options[name]
  // Clustered short options: curl -su user:password.
  const short = /^-[A-Za-z]{1,8}([A-Za-z])$/.exec(bare)?.[1]
  return short !== undefined && Object.hasOwn(options, `-${short}`) && options[`-${short}`] !== 'all'
    ? options[`-${short}`]
    : undefined
}

/** The secret in one word; `next`: the next argument is one; `null`: it has none. */
function secretOfOption(program: Program, word: Word, bare: string): 'next' | SecretSpan[] | null {
  if (styleOf(program, bare) !== undefined) return 'next'
  const options = program.options ?? {}
  const equals = bare.indexOf('=')
  const name = bare.slice(0, equals)
  if (equals > 0 && Object.hasOwn(options, name))
    return secretIn(inner(word, equals + 1), options[name] ?? 'all')
  if (/^-\w./.test(bare)) {
    const option = bare.slice(0, 2)
    const style = Object.hasOwn(options, option) ? options[option] : undefined
    // Without a sign of a secret, -pack may be a cluster of options.
    if (style !== undefined && (style !== 'all' || /[^a-z]/.test(bare.slice(2)) || bare.length > 6))
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
  const match = /^\\?["']?[A-Za-z][\w$#.]{0,127}\/("[^"]{1,256}"|[^\s/@"'\\]{1,256})(?=@|\\?["']?$)/.exec(
    text
  )
  return match === null ? [] : [spanOfGroup(match, start)]
}

/** In `domain/user:password@host`. */
function targetSecret({ text, start }: Word): SecretSpan[] {
  const match =
    /^["']?(?:[\w.-]{1,128}[/\\]{1,2})?[\w.$-]{1,128}:([^\s"']{1,256}?)(?=@[\w.-]{1,253}["']?$|["']?$)/.exec(
      text
    )
  return match === null ? [] : [spanOfGroup(match, start)]
}

function spanOfGroup(match: RegExpExecArray, start: number): SecretSpan {
  const end = start + match[0].length
  return { start: end - (match[1] ?? '').length, end }
}

const span = ({ text, start }: Word): SecretSpan => ({ start, end: start + text.length })

function unquoted(word: string): string {
  const quote = word[0]
  if (quote !== '"' && quote !== "'") return word
  return word.endsWith(quote) && word.length > 1 ? word.slice(1, -1) : word.slice(1)
}

/** Impacket's programs are installed as impacket-NAME or NAME.py; pth-NAME is the same program with a hash. */
function programOf(bare: string): Program | undefined {
  const name = programName(bare)
  return PROGRAMS.get(name) ?? PROGRAMS.get(name.replace(/^(?:impacket-|pth-)|\.py$/g, ''))
}

/** The file name of a program, without the sign that begins a group of commands. */
function programName(word: string): string {
  const bare = unquoted(word.slice(0, MAX_PROGRAM_LENGTH))
  return bare
    .slice(Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('\\')) + 1)
    .replace(/^[$({`@]{1,3}/, '')
    .toLowerCase()
    .replace(/\.exe$/, '')
}
