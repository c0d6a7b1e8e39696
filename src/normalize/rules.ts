import { UUID_SOURCE } from './uuid.ts'

/** How the values of a column are normalized. */
export type ColumnKind = 'digest' | 'program' | 'text'

/** Digests and keys are compared exactly. */
const DIGEST = /(^|_)(sha1|sha256|sha512|md5|hash|digest|key|fingerprint|checksum)$/
/** Names of programs, files and ports, which a host's facts must not mask. */
const PROGRAM =
  /(^|_)(path|paths|name|file|filename|directory|exe|executable|program|command_line|port|ports|id)$/

export function columnKind(column: string): ColumnKind {
  if (DIGEST.test(column)) return 'digest'
  return PROGRAM.test(column) ? 'program' : 'text'
}

const PATH = /(^|_)(path|exe|executable|program|file)$/
const ADDRESS = /(^|_)address$/
const SAME_ADDRESS: Readonly<Record<string, string>> = { '::': '0.0.0.0', '::1': '127.0.0.1' }

/** Whether the values of a column have several spellings, and which; `one`: a single spelling. */
export type Spelling = 'path' | 'address' | 'one'

export function spellingOf(column: string): Spelling {
  if (PATH.test(column)) return 'path'
  return ADDRESS.test(column) ? 'address' : 'one'
}

/**
 * One spelling for one thing: /bin, /sbin and /lib are links into /usr (merged /usr), and a listener on an IPv6 address
 * is the same as on the matching IPv4 address.
 */
export function canonical(column: string, value: string): string {
  return canonicalSpelling(spellingOf(column), value)
}

/** The same for a column whose spellings are known. */
export function canonicalSpelling(spelling: Spelling, value: string): string {
  if (spelling === 'one') return value
  if (spelling === 'path') return /^\/(?:s?bin|lib(?:32|64|x32)?)\//.test(value) ? `/usr${value}` : value
  const same = Object.hasOwn(SAME_ADDRESS, value) ? SAME_ADDRESS[value] : undefined
  return same ?? (/^::ffff:\d{1,3}(?:\.\d{1,3}){3}$/i.test(value) ? value.slice('::ffff:'.length) : value)
}

/** A fixed rule, which finds a random part by its exact surroundings. Bounded quantifiers, linear time. */
interface Mask {
  /** A text that is in every match; `null`: a run of hex digits. */
  readonly contains: string | null
  readonly pattern: RegExp
  readonly replacement: string
}

const MASKS: readonly Mask[] = [
  {
    contains: 'systemd-private-',
    pattern: /systemd-private-[0-9a-f]{32}-([\w.@\\:-]{1,80}?)-[A-Za-z0-9]{6}(?![A-Za-z0-9])/g,
    replacement: 'systemd-private-<hex>-$1-<rand>'
  },
  {
    contains: null,
    pattern: new RegExp(`(?<![0-9A-Fa-f])${UUID_SOURCE}(?![0-9A-Fa-f])`, 'g'),
    replacement: '<uuid>'
  },
  { contains: null, pattern: /(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])/g, replacement: '<hex>' },
  { contains: '/overlay2/', pattern: /(\/overlay2\/)[0-9a-z]{25,64}(?![0-9a-z])/g, replacement: '$1<hex>' },
  { contains: 'session-', pattern: /\bsession-c?\d{1,10}\.scope\b/g, replacement: 'session-<num>.scope' },
  {
    contains: '.service',
    pattern: /\b(user(?:-runtime-dir)?@)\d{1,10}(\.service)\b/g,
    replacement: '$1<num>$2'
  },
  { contains: 'user-', pattern: /\b(user-)\d{1,10}(\.slice)\b/g, replacement: '$1<num>$2' },
  {
    contains: 'run-',
    pattern: /\brun-(?:[pru]?\d{1,20}(?:-i?\d{1,20})?|[ru][0-9a-f]{32})(\.(?:service|scope|timer|mount))\b/g,
    replacement: 'run-<num>$1'
  },
  { contains: '/proc/', pattern: /(\/proc\/)\d{1,10}(?=\/|$)/g, replacement: '$1<num>' },
  { contains: '/run/user/', pattern: /(\/run\/user\/)\d{1,10}(?=\/|$)/g, replacement: '$1<num>' },
  { contains: 'pts/', pattern: /\b(pts\/)\d{1,6}\b/g, replacement: '$1<num>' },
  { contains: '/snap/', pattern: /(\/snap\/[\w.-]{1,80}\/)x?\d{1,10}(?=\/|$)/g, replacement: '$1<num>' }
]

/** Applies the fixed rules to a value. Digests stay as they are. */
export function maskFixed(value: string, kind: ColumnKind): string {
  if (kind === 'digest' || !/\d/.test(value)) return value
  const hasHex = /[0-9a-f]{8}/i.test(value)
  let result = value
  for (const { contains, pattern, replacement } of MASKS) {
    if (contains === null ? hasHex : value.includes(contains)) result = result.replace(pattern, replacement)
  }
  return result
}

/** Columns of osquery tables whose values never identify a row across hosts (osquery's schema, stacking practice). */
const VOLATILE = new Set(
  `pid ppid parent pgroup pid_with_namespace fd socket inode start_time elapsed_time user_time system_time resident_size
   total_size wired_size disk_bytes_read disk_bytes_written threads nice state upid uppid cpu_type cpu_subtype percent_processor_time
   atime mtime ctime btime time last_change last_run_time next_run_time last_hit_time created_at started_at uptime net_namespace
   cgroup_namespace ipc_namespace mnt_namespace pid_namespace user_namespace uts_namespace refs used_by address_hex
   packets bytes ipackets opackets ibytes obytes ierrors oerrors collisions idrops odrops last_used counter epoch
   blocks_free blocks_available inodes_free days hours minutes seconds total_seconds local_port family`.split(
    /\s+/
  )
)

/**
 * The columns that identify a row of a foreign query: all that are not known to be volatile, in byte order.
 * @param volatile what its pack says besides
 */
export function foreignIdentity(columns: readonly string[], volatile: readonly string[] = []): string[] {
  const kept = columns.filter(column => !VOLATILE.has(column) && !volatile.includes(column)).sort()
  return kept.length > 0 ? kept : [...columns].sort()
}
