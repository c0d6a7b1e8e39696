import { gzipSync } from 'node:zlib'
import type { OsquerySource } from '../../inputs/osquery-sources.ts'
import type { Query } from '../../osquery/pack.ts'
import { sha256 } from '../protocol/frame.ts'
import {
  CHUNK_BYTES,
  MAX_LISTED_BYTES,
  MAX_PACKED_BYTES,
  MAX_S3_BYTES,
  MAX_UNPACKED_BYTES
} from '../protocol/limits.ts'
import { ANSWER } from './posix/answer.ts'
import { COMMON } from './posix/common.ts'
import { DEDUP } from './posix/dedup.ts'
import { FOLDER } from './posix/folder.ts'
import { CHUNK, REMOVE, RETURN } from './posix/later.ts'
import { FETCH, FIND } from './posix/osquery.ts'
import { QUERIES } from './posix/queries.ts'

/** SendCommand refuses parameters and document of more than 100,000 bytes in all. */
const MAX_PARAMETER_BYTES = 90_000

/** What one query may print before it is stopped, in blocks of 512 bytes (bash run as sh counts the same way). */
const MAX_OUTPUT_BLOCKS = 32_768
/** How long a host retains its answer for later commands of the run, at most. */
const RETENTION_SECONDS = 900
/** Answers with more lines are not deduplicated: each line costs the host a small file. */
const MAX_DEDUP_LINES = 4_000
/** What the agent copies of what is printed, in bytes of packed answer a second (0.2 MB/s measured on two busy cores). */
const PRINT_RATE = 150_000
/** Up to which size osquery reads and digests files; its default of 50 MiB leaves the digests of some programs empty. */
const MAX_FILE_BYTES = 256 * 1024 * 1024
/** Address space of osquery, in KiB. It needs some 500 MB, and its own watchdog does not run in a shell. */
const MAX_OSQUERY_KIB = 4 * 1024 * 1024

/** The collector's own queries, answered before the pack's. */
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
  /** Seconds for all queries together. */
  readonly budgetSeconds: number
  /** Seconds for each query. */
  readonly querySeconds: number
  /** Retain an answer that does not fit in SSM's list, so that the run can ask for a deduplicated one. */
  readonly retain?: boolean
  /** Print every chunk, because SSM also stores the output in S3, where all of it fits. */
  readonly viaS3?: boolean
  /** What is printed goes to a pipe, not through the agent, and takes no time. */
  readonly direct?: boolean
  /** Where hosts that have no osquery may fetch it. */
  readonly osquery?: readonly OsquerySource[]
}

/**
 * The script that runs the queries and prints the first chunk of the results.
 * @throws Error when a query has a name that is reserved for the collector's own queries.
 */
export function collectorScript(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  options: ScriptOptions
): string {
  return [
    `nonce=${options.nonce}`,
    `budget=${options.budgetSeconds}`,
    `limit=${options.querySeconds}`,
    `retain=${options.retain ? 'yes' : 'no'}`,
    `via_s3=${options.viaS3 ? 'yes' : 'no'}`,
    CONSTANTS,
    ...(options.direct ? ['paced=no'] : []),
    COMMON,
    collecting(queries, options.osquery ?? [])
  ].join('\n')
}

/** The script that prints one more chunk of the answer that the run's first command left on the host. */
export function chunkScript(nonce: string, index: number): string {
  return [`nonce=${nonce}`, `chunk=${index}`, CONSTANTS, COMMON, RETURN, CHUNK].join('\n')
}

/** The script that prints a deduplicated reply. @param dictionary `Dictionary.packed` (dictionary.ts) */
export function dedupScript(nonce: string, dictionary: string): string {
  return [`nonce=${nonce}`, `dictionary=${dictionary}`, CONSTANTS, COMMON, RETURN, DEDUP].join('\n')
}

/** The script that removes what the run left on the host. */
export function removeScript(nonce: string): string {
  return [`nonce=${nonce}`, CONSTANTS, COMMON, REMOVE].join('\n')
}

/**
 * All of it in one script, for a document that contains it and takes only the variables as parameters: `task`, `nonce`,
 * `budget`, `limit`, `retain`, `via_s3`, `chunk`, `dictionary` and `queries_digest`, the digest of the run's queries.
 */
export function lockedScript(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  osquery: readonly OsquerySource[]
): string {
  return [
    CONSTANTS,
    COMMON,
    'case $task in',
    'collect)',
    `[ "$queries_digest" = ${digestOfQueries(queries)} ] || { echo "fleet-drift: the document holds other queries than the packs of this run"; exit 0; }`,
    collecting(queries, osquery),
    ';;',
    `chunk)\n${RETURN}\n${CHUNK}\n;;`,
    `dedup)\n${RETURN}\n${DEDUP}\n;;`,
    `remove)\n${REMOVE}\n;;`,
    'esac',
    'exit 0',
    ''
  ].join('\n')
}

/** The digest of the queries' names and statements, as 32 hex digits. */
export function digestOfQueries(queries: readonly Pick<Query, 'name' | 'sql'>[]): string {
  return sha256(JSON.stringify(queries.map(({ name, sql }) => [name, sql]))).slice(0, 32)
}

const CONSTANTS = [
  `chunk_bytes=${CHUNK_BYTES}`,
  `listed_bytes=${MAX_LISTED_BYTES}`,
  `retention=${RETENTION_SECONDS}`,
  `blocks=${MAX_OUTPUT_BLOCKS}`,
  `max_packed=${MAX_PACKED_BYTES}`,
  `max_s3=${MAX_S3_BYTES}`,
  `max_bytes=${MAX_UNPACKED_BYTES}`,
  `max_lines=${MAX_DEDUP_LINES}`,
  `max_memory=${MAX_OSQUERY_KIB}`,
  `read_max=${MAX_FILE_BYTES}`,
  `print_rate=${PRINT_RATE}`,
  'paced=yes'
].join('\n')

function collecting(
  queries: readonly Pick<Query, 'name' | 'sql'>[],
  osquery: readonly OsquerySource[]
): string {
  const reserved = queries.find(({ name }) => FACT_QUERIES.some(fact => fact.name === name))
  if (reserved !== undefined)
    throw new Error(`packs: the query name ${reserved.name} is reserved; rename it.`)
  const unsafe = queries.find(({ name }) => !/^[\w.-]{1,64}$/.test(name))
  if (unsafe !== undefined) throw new Error('packs: a query has a name that is not safe in a command.')
  const sources = osquery.map(
    ({ arch, url, sha256 }) => `${quote(arch)}) url=${quote(url)}; want=${sha256} ;;`
  )
  const asked = [...FACT_QUERIES, ...queries]
  return [
    'fetch_from() {\ncase $1 in',
    ...sources,
    '*) url=; want= ;;\nesac\n}',
    `offered=${osquery.length}`,
    FIND,
    FOLDER,
    QUERIES,
    FETCH,
    `{ printf %s '${packStatements(asked)}' | decode | gzip -dc > statements && [ -s statements ]; } 2>/dev/null || no_room`,
    'exec 8< statements',
    ...asked.map(({ name, sql }) => `q ${name} ${sql.split('\n').length}`),
    ANSWER
  ].join('\n')
}

/** All statements, each followed by a newline: a shell reads their text as data only, whatever it contains. */
function packStatements(queries: readonly Pick<Query, 'sql'>[]): string {
  return gzipSync(queries.map(({ sql }) => `${sql}\n`).join(''), { level: 9 }).toString('base64')
}

/**
 * The lines for the document's `commands` parameter. The script travels as gzip and base64, so that neither SSM's
 * `{{…}}` nor a shell can change it.
 * @throws Error when the packs are too large for one command.
 */
export function encodeScript(script: string): string[] {
  const text = gzipSync(script, { level: 9 }).toString('base64')
  if (text.length > MAX_PARAMETER_BYTES) {
    throw new Error(
      `packs: the queries make a command of ${text.length} bytes, and SSM accepts ${MAX_PARAMETER_BYTES}; use fewer queries.`
    )
  }
  return [
    `s='${text}'`,
    'd() { printf %s "$s" | "$@" 2>/dev/null | gzip -dc 2>/dev/null; }',
    'c=$(d base64 -d) || c=$(d base64 -D) || c=$(d openssl base64 -d -A) || c=',
    // eval, because one argument of a program may have no more than 128 KiB.
    '[ -n "$c" ] && eval "$c"',
    "echo 'fleet-drift: this host has no working base64 or gzip'",
    'exit 0'
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
