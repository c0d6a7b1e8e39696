import type { Query } from '../osquery/pack.ts'
import { weightOfQuery } from './table-weight.ts'

/**
 * How often a healthy host shows a row of its own in a table:
 * `moment`: what runs right now (processes, sockets, containers); `state`: what is configured or installed;
 * `integrity`: its change is rarely innocent; `context`: it informs, and accuses nobody.
 */
export type TableKind = 'moment' | 'state' | 'integrity' | 'context'

/** What a query's rows mean, read from its pack and its SQL; no query is known by name. */
export interface TableTraits {
  readonly kind: TableKind
  /** Its rows are things that run or will run. */
  readonly launches: boolean
  /** Its rows are programs with network connections. */
  readonly connections: boolean
  /** Its rows are files with their content, in folders that root's programs read when they start. */
  readonly hooks: boolean
  /** It lists files that lie about, without their content. */
  readonly listsFiles: boolean
  /** Every row is an account or a program of root. */
  readonly rootOnly: boolean
  /** It lists installed packages. */
  readonly packages: boolean
  /** It says which package a file belongs to. */
  readonly owners: boolean
  /** Its files differ from the digest in the database of packages. */
  readonly digests: boolean
  /** A row that disappears is a stopped protection. */
  readonly control: boolean
}

const MOMENT =
  /\b(?:processes|process_open_sockets|process_open_files|listening_ports|process_envs|process_memory_map|docker_\w+|logged_in_users)\b/i
const LAUNCHES =
  /\b(?:processes|process_open_sockets|listening_ports|crontab|systemd_units|startup_items|launchd|scheduled_tasks|services|autoexec)\b/i
const CONNECTIONS = /\bprocess_open_sockets\b/i
const FILES = /\bfrom\s+file\b/i
const CONTENT = /\b(?:hash|augeas|sha256)\b/i
const ROOT_ONLY = /\buid\s*=\s*'?0\b(?!\s*THEN)/i
const PACKAGES =
  /\bfrom\s+(?:deb_packages|rpm_packages|apt_packages|homebrew_packages|portage_packages)|\bfrom\s+programs\s*(?:;|where|$)\b/i

const PACKAGE_DIGESTS = /\brpm_package_files\b.*\bsha256\b/i

const hasColumns = ({ identity }: Query, ...columns: readonly string[]): boolean =>
  columns.every(column => identity?.includes(column) === true)

const known = new WeakMap<Query, TableTraits>()

/** The traits of a query; a query without SQL (an older snapshot's) is judged by its name as by a table's. */
export function traitsOf(query: Query): TableTraits {
  let traits = known.get(query)
  if (traits === undefined) {
    const sql = query.sql === '' ? `from ${query.name}` : query.sql
    const weight = weightOfQuery(query)
    const moment = MOMENT.test(sql)
    const content = CONTENT.test(sql)
    traits = {
      kind: weight !== 'normal' ? weight : moment ? 'moment' : 'state',
      launches: LAUNCHES.test(sql),
      connections: CONNECTIONS.test(sql),
      hooks: !moment && FILES.test(sql) && content && query.cohort.length === 0,
      listsFiles: !moment && FILES.test(sql) && !content,
      rootOnly: !moment && ROOT_ONLY.test(sql),
      packages: PACKAGES.test(sql) && !moment && query.cohort.length === 0 && !FILES.test(sql),
      owners: weight === 'context' && hasColumns(query, 'path', 'package'),
      digests: PACKAGE_DIGESTS.test(sql) && content,
      control: query.control
    }
    known.set(query, traits)
  }
  return traits
}
