import { domainToASCII } from 'node:url'
import { RE2JS } from 're2js'
import { parseNetwork } from './addresses.ts'
import type { DigestKind, Pattern } from './indicator.ts'

/** A text this short would match everywhere. */
const SHORTEST_TEXT = 3
const DIGEST_LENGTHS: Readonly<Record<DigestKind, number>> = { sha256: 64, sha1: 40, md5: 32 }
const DIGEST_NAMES: Readonly<Record<DigestKind, string>> = {
  sha256: 'a SHA-256',
  sha1: 'a SHA-1',
  md5: 'an MD5'
}
const DIGEST = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i
/** A query or a table, its column, and the value. The name of a query may have dots. */
const COLUMN = /^([a-z0-9][\w.-]{0,63})\.([a-z_]\w*)=(.*)$/i
const DOMAIN = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})$/i
/** Ends of file names that are searched for as text, which also finds a domain of this name. */
const FILE_NAME =
  /\.(?:bash|bat|bin|cfg|class|conf|cron|dat|db|deb|dll|elf|env|exe|gz|h|ini|jar|js|json|ko|lock|log|mount|path|php|pid|pl|plist|ps1|py|rb|rpm|rs|service|sh|slice|so|socket|sock|sql|swp|sys|tar|target|tgz|timer|tmp|txt|vbs|war|xml|xz|yaml|yml|zip|zsh)$/i
const URL_FORM = /^(?:https?|ftp|wss?|tcp|udp|sftp|ldaps?|rmi):\/\//i
const EMAIL = /^[^\s@/]+@[^\s@/]+\.[a-z]{2,}$/i
/** An address in form, and a range of them. */
const ADDRESS_FORM = /^\d{1,3}(?:\.\d{1,3}){3}(?:\/\d+)?$/
const RANGE_FORM = /^(\d[\d.]+)\s*-\s*(\d[\d.]+)$/
/** As other languages write expressions: with flags behind. Case never counts here. */
const REGEX_WITH_FLAGS = /^\/(.*[|()[\]\\^$*+?{}].*)\/[gimsuy]{1,4}$/

/** Undoes how reports make addresses harmless: `hxxp://`, `[.]`, `(dot)`, ` dot `, `{.}`, `[:]`, `[at]`, `.[com]`. */
export function refang(text: string): string {
  return text
    .replace(/^[\w-]+(?:\s+dot\s+[\w-]+)+$/i, words => words.replace(/\s+dot\s+/gi, '.'))
    .replace(/^(?:[\w-]+\\?\.)+[\w-]+$/, name => name.replaceAll('\\.', '.'))
    .replace(/(?<=\w\.)\[(\w{2,})\]/g, '$1')
    .replace(/\s?(?:\[\.\]|\(\.\)|\{\.\}|\[\.|(?<=\w)\.\]|[[({]dot[\])}])\s?/gi, '.')
    .replace(/\[:\]/g, ':')
    .replace(/\[:\/\/\]/g, '://')
    .replace(/\[\/\]/g, '/')
    .replace(/\s?(?:\[@\]|[[({]at[\])}])\s?/gi, '@')
    .replace(/^h(?:xx|XX|\*\*|__)p(s?)(?=:\/\/)/i, 'http$1')
    .replace(/^(?:f[xX]p|fxp)(?=:\/\/)/i, 'ftp')
    .replace(/^meow(s?)(?=:\/\/)/i, 'http$1')
}

/** The pattern of a value whose form says what it is: a digest, an address, a network, a domain, a URL; else `null`. */
export function typedPattern(text: string): Pattern | null {
  const value = refang(text)
  if (DIGEST.test(value)) return { kind: digestKind(value), digest: value.toLowerCase() }
  if (/^[0-9a-f]{96}$|^[0-9a-f]{128}$/i.test(value))
    return { kind: 'other', type: value.length === 96 ? 'sha384' : 'sha512', value: value.toLowerCase() }
  const network = parseNetwork(value)
  if (network !== null) return networkPattern(network)
  const withPort = /^\[?([0-9A-Fa-f.:]+?)\]?:\d{1,5}$/.exec(value)
  const address = withPort === null ? null : parseNetwork(withPort[1] ?? '')
  if (address !== null) return networkPattern(address)
  if (URL_FORM.test(value)) return urlPattern(value)
  if (EMAIL.test(value)) return { kind: 'other', type: 'email address', value: value.toLowerCase() }
  const domain = domainOf(value)
  return domain === null || FILE_NAME.test(domain) ? null : { kind: 'domain', domain }
}

/** A domain in ASCII, from a name with a final dot, a wildcard before it or letters of other scripts; else `null`. */
function domainOf(value: string): string | null {
  const name = value.replace(/^(?:\*\.|\.)(?=[^.\s]+\.)/, '').replace(/(?<=\w)\.$/, '')
  const ascii = /^[^\s/@:]+$/.test(name) && /[^ -~]/.test(name) ? domainToASCII(name) : name
  return DOMAIN.test(ascii) ? ascii.toLowerCase() : null
}

/**
 * The pattern of one entry: `/regex/`, `table.column=value`, `sha256:HEX`, `ip:CIDR`, `domain:NAME`, a value whose form
 * says what it is, or a text.
 * @throws Error that says why the entry cannot be an indicator
 */
export function parseEntry(entry: string): Pattern {
  const source = regexSource(entry)
  if (source !== null) return regexPattern(source)
  const named = /^(sha512|sha384|sha256|sha1|md5|ip|domain|url):\s*(.+)$/i.exec(entry)
  if (named !== null) return namedPattern((named[1] ?? '').toLowerCase(), refang(named[2] ?? ''))
  const typed = typedPattern(entry)
  if (typed !== null) return typed
  const field = columnPattern(entry)
  if (field !== null) return field
  if (ADDRESS_FORM.test(entry))
    throw new Error('not an address; to search for this text itself, write it as a /regex/')
  const [, from = '', to = ''] = RANGE_FORM.exec(entry) ?? []
  if (parseNetwork(from) !== null && parseNetwork(to) !== null)
    throw new Error('a range of addresses; write it as networks such as 203.0.113.0/24')
  return textPattern(refang(entry))
}

/** The expression in `/…/`; `null`: the entry is not one. */
export function regexSource(entry: string): string | null {
  if (entry.length > 2 && entry.startsWith('/') && entry.endsWith('/')) return entry.slice(1, -1)
  return REGEX_WITH_FLAGS.exec(entry)?.[1] ?? null
}

export function columnPattern(entry: string): Pattern | null {
  const [, table = '', column = '', value = ''] = COLUMN.exec(entry) ?? []
  return column === '' ? null : { kind: 'column', table, column, value }
}

/** @throws Error if the text is too short to mean anything */
export function textPattern(text: string): Pattern {
  if (text.length < SHORTEST_TEXT) throw new Error(`a literal needs at least ${SHORTEST_TEXT} characters`)
  return { kind: 'text', text: text.toLowerCase() }
}

/** RE2 takes linear time whatever the text. @throws Error if RE2 does not understand the expression */
export function regexPattern(source: string): Pattern {
  try {
    RE2JS.compile(source, RE2JS.CASE_INSENSITIVE)
  } catch {
    throw new Error('not a regular expression that RE2 understands (no look-around, no back-references)')
  }
  return { kind: 'regex', source }
}

/** @throws Error if the value is not of the kind that its prefix names */
function namedPattern(name: string, value: string): Pattern {
  switch (name) {
    case 'ip': {
      const network = parseNetwork(value)
      if (network === null) throw new Error('ip: must be an address or a network such as 203.0.113.0/24')
      return networkPattern(network)
    }
    case 'domain':
      return domainPattern(value)
    case 'url':
      return urlPattern(value)
    case 'sha512':
    case 'sha384':
      return { kind: 'other', type: name, value: value.toLowerCase() }
    default: {
      const kind = name === 'md5' || name === 'sha1' ? name : 'sha256'
      const length = DIGEST_LENGTHS[kind]
      if (value.length !== length || !DIGEST.test(value))
        throw new Error(`${DIGEST_NAMES[kind]} has ${length} hex digits`)
      return { kind, digest: value.toLowerCase() }
    }
  }
}

function domainPattern(value: string): Pattern {
  const domain = domainOf(value)
  if (domain === null) throw new Error('domain: must be a domain such as evil.example')
  return { kind: 'domain', domain }
}

function digestKind({ length }: string): DigestKind {
  return length === 64 ? 'sha256' : length === 40 ? 'sha1' : 'md5'
}

function networkPattern({ bytes, bits }: { bytes: number[]; bits: number }): Pattern {
  return { kind: bits === bytes.length * 8 ? 'address' : 'network', bytes, bits }
}

/** A URL is searched for without its scheme; one without a path is its host. */
function urlPattern(url: string): Pattern {
  const rest = url
    .replace(URL_FORM, '')
    .replace(/^[^/@]*@/, '')
    .replace(/\/+$/, '')
  const host = rest.includes('/') ? null : typedPattern(rest.replace(/:\d{1,5}$/, ''))
  if (host !== null) return host
  const pattern = textPattern(rest)
  return pattern.kind === 'text' ? { kind: 'url', text: pattern.text } : pattern
}
