import type { Item } from '../../normalize/items.ts'
import type { ClusteredFleet } from '../clustered-fleet.ts'
import { rareLimit } from '../counts.ts'
import type { Deviation } from '../deviate/deviation.ts'
import { weightOfQuery } from '../table-weight.ts'

/** What systemd makes while somebody is logged in or a command runs, and what it starts on demand or by its timers. */
const FLEETING_UNIT =
  /^(?:session-[\w<>.-]{1,40}\.scope|user@[\w<>.-]{1,40}\.service|user-runtime-dir@[\w<>.-]{1,40}\.service|user-[\w<>.-]{1,40}\.slice|run-[\w<>.-]{1,60}\.(?:scope|service|mount|timer)|(?:systemd-(?:hostnamed|timedated|localed|fsck|tmpfiles-clean)|packagekit|apt-daily|apt-daily-upgrade|dnf-makecache|unattended-upgrades|logrotate|man-db|fstrim|motd-news|fwupd|fwupd-refresh|update-notifier-\w{1,20}|plocate-updatedb|cloud-(?:init|config|final)|updatedb|sysstat-\w{1,20}|e2scrub_all|dpkg-db-backup)(?:@[\w<>.-]{1,40})?\.service)$/
/** Programs of the system that a package timer or a nightly job runs, by path. */
const TIMED_PROGRAM =
  /^\/(?:usr\/)?s?(?:bin|lib|libexec)\/(?:[\w.-]{1,40}\/){0,2}(?:dpkg(?:-\w{1,20})?|apt(?:-\w{1,20})?|apt\.systemd\.daily|unattended-upgrades?|unattended-upgrade-shutdown|needrestart|rpm|dnf|dnf-3|yum|microdnf|zypper|snap|logrotate|man|man-db|mandb|https?|gpgv|store|updatedb(?:\.\w{1,20})?|fstrim|e2scrub(?:_all)?|anacron|run-parts|sadc|sa1|sa2|update-\w{1,30}|systemd-tmpfiles|systemd-hostnamed|systemd-timedated|systemd-localed|packagekitd|cloud-init|cloud-id|fsck(?:\.\w{1,10})?|systemd-fsck|growpart|resize2fs|plymouthd|ldconfig|depmod|systemd-(?:update|sysv|random|remount|growfs|machine-id|binfmt|modules-load|sysctl)\w{0,20})$/
const SYSTEM_PROGRAM = /^\/(?:usr\/)?(?:bin|sbin|lib|lib64|libexec)\//
/** Tools of the system that a person at a shell uses rarely, and an intruder often. */
const DUAL_USE_TOOL =
  /\/(?:nc|ncat|netcat|nc\.\w{1,20}|socat|nmap|masscan|telnet|tcpdump|tshark|gdb|strace|ltrace|gcore|insmod|modprobe|chattr|at|xxd|gcc|cc|ld|make|tor|proxychains4?)$/
/** What a login runs as the one who logs in. */
const LOGIN_PROGRAM = /\/(?:sshd(?:-session)?|login|systemd|\(sd-pam\))$/
/** A command line that reaches out, hides or unpacks is nobody's daily work. */
const DUAL_USE_WORDS = /https?:|\/dev\/(?:tcp|udp|shm)\/|\/tmp\/|base64|\||\beval\b|\bexec\b|<<</
const LOGIN_SHELL = /\/(?:ba|z|fi|k|da|tc|c|a)?sh$/
const USER_COLUMNS = ['username', 'user', 'user_name', 'login', 'uid', 'euid']
const ROOT = new Set(['root', '0'])
const WORDS_COLUMNS = ['cmdline', 'command', 'command_line', 'cwd', 'open_path']
const PATH_COLUMNS = ['path', 'exe', 'process_path', 'parent_path']
const NAME_COLUMNS = ['id', 'name', 'unit']

/**
 * Tells rows that come and go on healthy hosts: somebody is logged in, the nightly upgrade runs, an SSM session once
 * made its user. They inform, and accuse nobody by themselves. Only system programs of a known account count: a file,
 * a port, a job, a program of one's own or a service account's shell stays suspect, so that nobody can hide here.
 */
export function transientTest(scene: ClusteredFleet): (residual: Deviation) => boolean {
  const { items } = scene.fleet
  const people = knownPeople(scene)
  /** By item: 1 where it comes and goes, 2 where it does not, 0 where nobody asked. */
  const known = new Uint8Array(items.length)
  const comesAndGoes = (id: number): boolean => {
    if (known[id] === 0) {
      const row = items[id]
      known[id] = row !== undefined && isFleeting(row, people) ? 1 : 2
    }
    return known[id] === 1
  }
  const restless = restlessHosts(scene)
  return ({ kind, item, hosts }) => {
    if (kind !== 'missing' && comesAndGoes(item)) return true
    const row = items[item]
    return row !== undefined && hosts.every(host => restless[host] === 1) && isRootsProgram(row)
  }
}

/** By host: 1 where it runs what few run at any time: an upgrade, a nightly job, the start of the system. */
function restlessHosts({ fleet, size, inFleet, clusters }: ClusteredFleet): Uint8Array {
  const rare = rareLimit(size)
  const timed = new Uint8Array(fleet.items.length)
  const restless = new Uint8Array(fleet.hosts.length)
  for (const [id, item] of fleet.items.entries()) {
    const count = inFleet.items[id] ?? 0
    if (count > 0 && count <= rare && isTimed(item)) timed[id] = 1
  }
  if (!timed.includes(1)) return restless
  for (const { hosts } of clusters) {
    for (const host of hosts) {
      const own = fleet.hosts[host]?.items ?? NO_ITEMS
      for (let at = 0; at < own.length; at++) if (timed[own[at] ?? -1] === 1) restless[host] = 1
    }
  }
  return restless
}

const NO_ITEMS = new Int32Array()

/** A program that the system runs for an upgrade, a nightly job or its start. */
function isTimed(item: Item): boolean {
  const { path, user } = cellsOf(item)
  return path >= 0 && user >= 0 && TIMED_PROGRAM.test(item.values[path] ?? '')
}

/** While it upgrades or starts a host runs other programs of the system as root, and not yet all of them. */
function isRootsProgram(item: Item): boolean {
  const cells = cellsOf(item)
  const path = item.values[cells.path]
  const user = item.values[cells.user]
  if (path === undefined || user === undefined || !ROOT.has(user)) return false
  return SYSTEM_PROGRAM.test(path) && !DUAL_USE_TOOL.test(path) && !hasTwoEdgedWords(item)
}

function hasTwoEdgedWords(item: Item): boolean {
  const words = item.values[cellsOf(item).words]
  return words !== undefined && DUAL_USE_WORDS.test(words)
}

function isFleeting(item: Item, people: ReadonlySet<string>): boolean {
  if (isSsmUser(item)) return true
  const { values } = item
  const cells = cellsOf(item)
  if (cells.names.some(at => FLEETING_UNIT.test(values[at] ?? ''))) return true
  const path = values[cells.path]
  if (path === undefined || !cells.paths.every(at => SYSTEM_PROGRAM.test(values[at] ?? ''))) return false
  const user = values[cells.user]
  if (user === undefined) return false
  if (hasTwoEdgedWords(item)) return false
  if (ROOT.has(user) || user === '_apt') return TIMED_PROGRAM.test(path)
  return people.has(user) && !DUAL_USE_TOOL.test(path)
}

/** What the SSM agent leaves after a session, to the letter. */
function isSsmUser(item: Item): boolean {
  const cells = cellsOf(item)
  if (item.values[cells.account] !== 'ssm-user') return false
  const rule = item.values[cells.rule]
  if (rule !== undefined) return /^ALL=\(ALL(?::ALL)?\) NOPASSWD: ?ALL$/.test(rule)
  const shell = item.values[cells.shell]
  return shell !== undefined && LOGIN_SHELL.test(shell)
}

/**
 * Names and numbers of accounts that people log in with: those with a login shell that half of the fleet knows, and
 * those seen in a session or running what a login runs; none that the fleet knows as a service's.
 */
function knownPeople({ fleet, inFleet }: ClusteredFleet): Set<string> {
  const people = new Set<string>(['ssm-user'])
  const services = new Set<string>(['sshd'])
  const seen = new Set<string>()
  for (const [id, item] of fleet.items.entries()) {
    const query = fleet.queries[item.query]
    const cells = cellsOf(item)
    if (cells.user < 0 || query === undefined) continue
    const users = cells.users.map(at => item.values[at] ?? '')
    if (users.some(user => ROOT.has(user))) continue
    const path = item.values[cells.path]
    const login = path !== undefined && LOGIN_PROGRAM.test(path) && SYSTEM_PROGRAM.test(path)
    if (login || weightOfQuery(query) === 'context') for (const user of users) seen.add(user)
    const shell = item.values[cells.shell]
    if (shell === undefined || (inFleet.items[id] ?? 0) * 2 < (inFleet.observed[item.query] ?? 0)) continue
    for (const user of users) (LOGIN_SHELL.test(shell) ? people : services).add(user)
  }
  for (const user of seen) if (!services.has(user)) people.add(user)
  return people
}

/** Where in a row stands what is looked at; −1: nowhere. */
interface Cells {
  readonly path: number
  readonly paths: readonly number[]
  readonly user: number
  readonly users: readonly number[]
  readonly words: number
  readonly names: readonly number[]
  readonly account: number
  readonly rule: number
  readonly shell: number
}

const known = new WeakMap<readonly string[], Cells>()

function cellsOf({ columns }: Item): Cells {
  let cells = known.get(columns)
  if (cells === undefined) {
    const all = (names: readonly string[]) =>
      [...columns.keys()].filter(at => names.includes(columns[at] ?? ''))
    const first = (names: readonly string[]) => all(names)[0] ?? -1
    cells = {
      path: first(PATH_COLUMNS),
      paths: all(PATH_COLUMNS),
      user: first(USER_COLUMNS),
      users: all(USER_COLUMNS),
      words: first(WORDS_COLUMNS),
      names: all(NAME_COLUMNS),
      account: first(['header', ...USER_COLUMNS]),
      rule: first(['rule_details']),
      shell: first(['shell'])
    }
    known.set(columns, cells)
  }
  return cells
}
