import { gzipSync } from 'node:zlib'
import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { Query } from '../../osquery/pack.ts'
import { MAX_UNPACKED_BYTES, sha256 } from '../protocol/frame.ts'
import { ANSWER, COMMON, FETCH, PIECE, PRELUDE, REMOVE, RETURN, SHORTHAND } from './posix.ts'

/** A reply over this is cut by the SSM agent (24,000 bytes, head kept). */
export const REPLY_BYTES = 23_999
/** Bytes of a packed answer in one reply: base64 takes a third more, and the frame's lines 350. */
export const PIECE_BYTES = 17_400
/** Packed answers up to this fit in SSM's list (2,499 bytes a host), frame included. */
export const KEPT_BYTES = 1_600
/** What a host may send, packed, in all its pieces (design §5). */
export const MAX_PACKED_BYTES = 1024 * 1024

/** What a host may send, packed, where it is stored in S3. */
export const MAX_STORED_BYTES = 8 * 1024 * 1024

/** SendCommand refuses parameters and document of more than 100,000 bytes in all. */
const MAX_PARAMETER_BYTES = 90_000

/** What a query may print before it is stopped: blocks of 512 bytes (bash counts so too where it runs as sh). */
const OUTPUT_BLOCKS = 32_768
/** How long a host keeps its answer for later commands of the run, at most (seconds). */
const LINGER = 900
/** Answers of more lines than this are not shortened: each line costs the host a small file. */
const MAX_DEDUP_LINES = 4_000
/** Address space that osquery may take, in KiB: it needs some 500 MB, and its own watchdog is off in a shell. */
const MAX_AWK_BYTES = 4 * 1024 * 1024

/** Names of the collector's own questions, answered before the pack's. */
export const FACT_QUERIES: readonly Pick<Query, 'name' | 'sql'>[] = [
  {
    name: '_facts',
    sql: 'SELECT s.hostname, o.name AS os, o.version AS os_version, o.arch, i.version AS osquery_version FROM system_info s LEFT JOIN os_version o ON 1 LEFT JOIN osquery_info i ON 1'
  },
  {
    name: '_addresses',
    sql: 'SELECT a.address, d.mac FROM interface_addresses a LEFT JOIN interface_details d ON d.interface = a.interface'
  }
]

export interface ScriptOptions {
  /** Random for each run: text that was printed earlier, or by others, is not taken for an answer. */
  readonly nonce: string
  /** Seconds that all queries may take together, and each of them. */
  readonly budgetSeconds: number
  readonly querySeconds: number
  /** Keep an answer that is no short one, so that the run can ask for a shorter one. */
  readonly keep?: boolean
  /** SSM also stores what the script prints in S3, where all of it fits: print every piece. */
  readonly stored?: boolean
  /** Where to get osquery for hosts that have none. */
  readonly osquery?: readonly OsquerySource[]
}

/**
 * The script that asks the queries and answers with the first piece of the results.
 * @throws Error when a query has a name that the collector keeps for its own questions.
 */
export function collectorScript(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  options: ScriptOptions
): string {
  return [
    `nonce=${options.nonce}`,
    `budget=${options.budgetSeconds}`,
    `limit=${options.querySeconds}`,
    `keep=${options.keep ? 'yes' : 'no'}`,
    `stored=${options.stored ? 'yes' : 'no'}`,
    CONSTANTS,
    COMMON,
    collecting(queries, options.osquery ?? [])
  ].join('\n')
}

/** The script that answers with one more piece of what the run's first command left on the host. */
export function pieceScript(nonce: string, index: number): string {
  return [`nonce=${nonce}`, `piece=${index}`, CONSTANTS, COMMON, RETURN, PIECE].join('\n')
}

/** The script that answers again, in short. @param known the list that `shorthand.ts` makes, as it packs it */
export function shorthandScript(nonce: string, known: string): string {
  return [`nonce=${nonce}`, `known_text=${known}`, CONSTANTS, COMMON, RETURN, SHORTHAND].join('\n')
}

/** The script that removes what the run left on the host. */
export function removeScript(nonce: string): string {
  return [`nonce=${nonce}`, CONSTANTS, COMMON, REMOVE].join('\n')
}

/**
 * All of it in one script, for a document that holds it and takes only the variables as parameters: `errand`, `nonce`,
 * `budget`, `limit`, `keep`, `stored`, `piece`, `known_text` and `asked`, the digest of the queries that the run means.
 */
export function lockedScript(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  osquery: readonly OsquerySource[]
): string {
  return [
    CONSTANTS,
    COMMON,
    'case $errand in',
    'collect)',
    `[ "$asked" = ${digestOfQueries(queries)} ] || { echo "fleet-drift: the document holds other queries than the packs of this run"; exit 0; }`,
    collecting(queries, osquery),
    ';;',
    `piece)\n${RETURN}\n${PIECE}\n;;`,
    `shorthand)\n${RETURN}\n${SHORTHAND}\n;;`,
    `remove)\n${REMOVE}\n;;`,
    'esac',
    'exit 0',
    ''
  ].join('\n')
}

/** Names and statements of queries, as 32 hex digits. */
export function digestOfQueries(queries: readonly Pick<Query, 'name' | 'sql'>[]): string {
  return sha256(JSON.stringify(queries.map(({ name, sql }) => [name, sql]))).slice(0, 32)
}

const CONSTANTS = [
  `piece_bytes=${PIECE_BYTES}`,
  `kept_bytes=${KEPT_BYTES}`,
  `linger=${LINGER}`,
  `blocks=${OUTPUT_BLOCKS}`,
  `most_packed=${MAX_PACKED_BYTES}`,
  `most_stored=${MAX_STORED_BYTES}`,
  `most_bytes=${MAX_UNPACKED_BYTES}`,
  `most_lines=${MAX_DEDUP_LINES}`,
  `most_memory=${MAX_AWK_BYTES}`
].join('\n')

function collecting(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  osquery: readonly OsquerySource[]
): string {
  const reserved = queries.find(({ name }) => FACT_QUERIES.some(own => own.name === name))
  if (reserved !== undefined)
    throw new Error(`packs: the query name ${reserved.name} is reserved; rename it.`)
  const sources = osquery.map(
    ({ arch, url, sha256 }) => `${quote(arch)}) url=${quote(url)}; want=${sha256} ;;`
  )
  return [
    PRELUDE,
    'fetch_from() {\ncase $1 in',
    ...sources,
    '*) url=; want= ;;\nesac\n}',
    `offered=${osquery.length}`,
    FETCH,
    ...[...FACT_QUERIES, ...queries].map(query => `q ${query.name} ${quote(query.sql)}`),
    ANSWER
  ].join('\n')
}

/**
 * The lines for the document's `commands` parameter. The script travels as gzip and base64, so that neither SSM's
 * `{{…}}` nor quoting can touch it.
 * @throws Error when the packs are too large for one command.
 */
export function encodeScript(script: string): string[] {
  const text = gzipSync(script, { level: 9 }).toString('base64')
  if (text.length > MAX_PARAMETER_BYTES) {
    throw new Error(
      `packs: the queries make a command of ${text.length} bytes, and SSM takes ${MAX_PARAMETER_BYTES}; ask fewer queries.`
    )
  }
  return [
    `s='${text}'`,
    'd() { printf %s "$s" | "$@" 2>/dev/null | gzip -dc 2>/dev/null; }',
    'c=$(d base64 -d) || c=$(d base64 -D) || c=$(d openssl base64 -d -A) || c=',
    // eval, because one argument of a program may have 128 KiB only.
    '[ -n "$c" ] && eval "$c"',
    "echo 'fleet-drift: this host has no working base64 or gzip'",
    'exit 0'
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
