import type { Item } from '../../normalize/items.ts'

/** Where what a row is about lies; the place that says most wins, in this order. */
export type Place = 'none' | 'package' | 'local' | 'home' | 'memory' | 'hidden' | 'writable'

/** Who runs or owns it, as far as the row says. */
export type Account = 'root' | 'other' | 'unsaid'

export type Port = 'open' | 'loopback' | 'ephemeral' | 'none'

/** What any row says by itself, whichever pack asked for it. */
export interface RowFacts {
  readonly place: Place
  /** It lies in a folder for temporary files, or in a hidden one outside homes. */
  readonly isMisplaced: boolean
  readonly account: Account
  readonly port: Port
  /** Its text downloads, decodes or opens a connection. */
  readonly reachesOut: boolean
  /** The other end of a connection is a public address. */
  readonly publicPeer: boolean
  /** A shell, or an interpreter that can be one. */
  readonly isShell: boolean
  readonly isPlainShell: boolean
  /** A program that people at a shell use rarely, and intruders often. */
  readonly isDualUse: boolean
  /** The main path of the row, or ''. */
  readonly path: string
  readonly parentPath: string
  /** It runs in a container, says the pack's `container` column. */
  readonly inContainer: boolean
}

/** Only so much of a value is looked at; a host may send a megabyte. */
const MAX_CHARACTERS = 4_096

const START = String.raw`(?:^|[\s"'=:(,;|&<>])`
/** Folders that anyone, or a server on behalf of anyone, may write to. */
const WRITABLE = new RegExp(
  `${START}/(?:tmp|var/tmp|dev/shm|dev/mqueue|run/user|run/shm|run/lock|var/www|var/spool/(?!cron|anacron|at\\b)|var/lib/(?:php|nginx)/|srv/www|srv/ftp|usr/share/nginx)/`
)
/** Of these, those that are for temporary files, where no deploy puts a program. */
const TEMPORARY = new RegExp(`${START}/(?:tmp|var/tmp|dev/shm|dev/mqueue|run/user|run/shm|run/lock)/`)
const UPLOADS = /\/(?:uploads?|cgi-bin)\//
const HIDDEN = /\/\.[^/.\s][^/\s]*/
const MEMORY = /(?:^|\/)memfd:|\(deleted\)/
const HOME = new RegExp(`${START}/(?:home|root|Users)/`)
const PACKAGE_FOLDER = /^\/(?:usr|snap|lib|lib64|bin|sbin|System|Library|Applications)\//
/** A command, perhaps behind the name of an account, whose program is a package's. */
const PACKAGE_COMMAND = /^(?:[\w.-]{1,32}\s+)?\/(?:usr|bin|sbin|lib)\//
const OWN_FOLDER = new RegExp(`${START}/(?:usr/local|opt|srv|data)/`)
const REACHES_OUT =
  /https?:\/\/|ftp:\/\/|\bs3:\/\/|\/dev\/(?:tcp|udp)\/|\|\s*(?:\/\S{0,40}\/)?(?:ba|da|z|k)?sh\b|base64\s+-{1,2}d|\bopenssl\s+(?:s_client|enc)|\b(?:nc|ncat|netcat|socat)\s+-|\bmkfifo\b|stratum\+|\bimport\s+(?:socket|pty)\b/i
const SHELL =
  /(?:^|\/)(?:(?:ba|da|z|k|c|tc|fi|a)?sh|busybox|python[\d.]*|perl[\d.]*|ruby[\d.]*|php[\d.-]*|lua[\d.]*|node)$/
const PLAIN_SHELL = /(?:^|\/)(?:(?:ba|da|z|k|c|tc|fi|a)?sh|busybox)$/
const DUAL_USE =
  /(?:^|\/)(?:nc|ncat|netcat|nc\.\w{1,20}|socat\d?|nmap|masscan|telnet|tcpdump|tshark|gdb|strace|gcore|insmod|chattr|tor|proxychains4?|chisel|hydra|mimipenguin)$/
const PUBLIC = /^public$/

/** Columns that say what runs, or what a setting makes run. */
const SUBJECT =
  /^(?:path|command|cmdline|command_line|fragment_path|exe|value|program|rule_details|directory|source|process_path|image|open_path)$/
const ACCOUNTS = new Set(['username', 'user', 'uid', 'euid', 'header', 'owner', 'user_name'])
const PATHS = ['path', 'exe', 'process_path', 'fragment_path', 'program']

const RANK: readonly Place[] = ['none', 'package', 'local', 'home', 'memory', 'hidden', 'writable']

/** Reads a normalized row. Pure; O(length of the values, each bounded). */
export function readFacts(item: Item): RowFacts {
  const { columns, values } = item
  const cell = (name: string) => values[columns.indexOf(name)] ?? ''
  let place: Place = 'none'
  let reachesOut = false
  let publicPeer = false
  let isMisplaced = false
  let account: Account = 'unsaid'
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at] ?? ''
    const value = bounded(values[at] ?? '')
    if (value === '') continue
    if (ACCOUNTS.has(column)) {
      if (value === 'root' || value === '0') account = 'root'
      else if (account === 'unsaid') account = 'other'
    }
    if (column === 'peer') publicPeer ||= PUBLIC.test(value)
    if (column === 'reach') reachesOut = true
    if (!SUBJECT.test(column)) continue
    reachesOut ||= REACHES_OUT.test(value)
    if (!value.includes('/') && !value.includes('memfd:')) continue
    const here = placeOf(column, value)
    if (RANK.indexOf(here) > RANK.indexOf(place)) place = here
    isMisplaced ||= here === 'hidden' || (here === 'writable' && TEMPORARY.test(value))
  }
  const path = bounded(PATHS.map(cell).find(value => value !== '') ?? '')
  if (account === 'unsaid' && isRootsJob(cell('command'), cell('path'))) account = 'root'
  return {
    place,
    isMisplaced,
    account,
    port: portOf(columns, cell),
    reachesOut,
    publicPeer,
    isShell: SHELL.test(path),
    isPlainShell: PLAIN_SHELL.test(path),
    isDualUse: DUAL_USE.test(path),
    path,
    parentPath: cell('parent_path'),
    inContainer: cell('container') === 'yes'
  }
}

const bounded = (value: string): string =>
  value.length > MAX_CHARACTERS ? value.slice(0, MAX_CHARACTERS) : value

function placeOf(column: string, value: string): Place {
  // Jobs and units are files in /etc by their nature: what they run counts.
  if (/^\/etc\/(?:cron|systemd|anacrontab)|^\/var\/spool\/(?:cron|at)|^\/run\/systemd/.test(value)) {
    if (HIDDEN.test(value)) return 'hidden'
    return column === 'fragment_path' && !value.startsWith('/run') ? 'local' : 'none'
  }
  if (WRITABLE.test(value) || UPLOADS.test(value)) return 'writable'
  if (MEMORY.test(value)) return 'memory'
  if (HOME.test(value)) return 'home'
  if (HIDDEN.test(value)) return 'hidden'
  if (OWN_FOLDER.test(value)) return 'local'
  if (PACKAGE_FOLDER.test(value) || PACKAGE_COMMAND.test(value)) return 'package'
  return value.startsWith('/') ? 'local' : 'none'
}

function isRootsJob(command: string, path: string): boolean {
  return (command !== '' && /^root\s/.test(command)) || /^\/var\/spool\/cron\/(?:crontabs\/)?root$/.test(path)
}

function portOf(columns: readonly string[], cell: (name: string) => string): Port {
  const port = cell('port')
  if (port === '' || columns.includes('remote_port') || columns.includes('dst_port')) return 'none'
  if (port === 'ephemeral' || Number(port) >= 32_768) return 'ephemeral'
  const address = cell('address')
  return address === 'loopback' || /^127\.|^::1$/.test(address) ? 'loopback' : 'open'
}
