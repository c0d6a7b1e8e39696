import type { Item } from '../normalise/fleet.ts'
import { rareLimit } from './counts.ts'
import type { Residual } from './residuals.ts'
import type { Scene } from './scene.ts'
import { weightOfQuery } from './weights.ts'

/** What systemd makes while somebody is logged in or a command runs, and what it starts on demand or by its timers. */
const FLEETING_UNIT =
  /^(?:session-[\w<>.-]{1,40}\.scope|user@[\w<>.-]{1,40}\.service|user-runtime-dir@[\w<>.-]{1,40}\.service|user-[\w<>.-]{1,40}\.slice|run-[\w<>.-]{1,60}\.(?:scope|service|mount|timer)|(?:systemd-(?:hostnamed|timedated|localed|fsck|tmpfiles-clean)|packagekit|apt-daily|apt-daily-upgrade|dnf-makecache|unattended-upgrades|logrotate|man-db|fstrim|motd-news|fwupd|fwupd-refresh|update-notifier-\w{1,20}|plocate-updatedb|cloud-(?:init|config|final)|updatedb|sysstat-\w{1,20}|e2scrub_all|dpkg-db-backup)(?:@[\w<>.-]{1,40})?\.service)$/
/** Programs of the system that a package timer or a nightly job runs, by path. */
const TIMED_PROGRAM =
  /^\/(?:usr\/)?s?(?:bin|lib|libexec)\/(?:[\w.-]{1,40}\/){0,2}(?:dpkg(?:-\w{1,20})?|apt(?:-\w{1,20})?|apt\.systemd\.daily|unattended-upgrades?|unattended-upgrade-shutdown|needrestart|rpm|dnf|dnf-3|yum|microdnf|zypper|snap|logrotate|man|man-db|mandb|https?|gpgv|store|updatedb(?:\.\w{1,20})?|fstrim|e2scrub(?:_all)?|anacron|run-parts|sadc|sa1|sa2|update-\w{1,30}|systemd-tmpfiles|systemd-hostnamed|systemd-timedated|systemd-localed|packagekitd|cloud-init|cloud-id|fsck(?:\.\w{1,10})?|systemd-fsck|growpart|resize2fs|plymouthd|ldconfig|depmod|systemd-(?:update|sysv|random|remount|growfs|machine-id|binfmt|modules-load|sysctl)\w{0,20})$/
const SYSTEM_PROGRAM = /^\/(?:usr\/)?(?:bin|sbin|lib|lib64|libexec)\//
/** Tools of the system that a person at a shell uses rarely, and an intruder often. */
const TWO_EDGED =
  /\/(?:nc|ncat|netcat|nc\.\w{1,20}|socat|nmap|masscan|telnet|tcpdump|tshark|gdb|strace|ltrace|gcore|insmod|modprobe|chattr|at|xxd|gcc|cc|ld|make|tor|proxychains4?)$/
/** What a login runs as the one who logs in. */
const LOGIN_PROGRAM = /\/(?:sshd(?:-session)?|login|systemd|\(sd-pam\))$/
/** A command line that reaches out, hides or unpacks is nobody's daily work. */
const TWO_EDGED_WORDS = /https?:|\/dev\/(?:tcp|udp|shm)\/|\/tmp\/|base64|\||\beval\b|\bexec\b|<<</
const LOGIN_SHELL = /\/(?:ba|z|fi|k|da|tc|c|a)?sh$/
const USER_COLUMNS = ['username', 'user', 'user_name', 'login', 'uid', 'euid']
const ROOT = new Set(['root', '0'])
const WORDS_COLUMNS = ['cmdline', 'command', 'command_line', 'cwd', 'open_path']
const PATH_COLUMNS = ['path', 'exe', 'process_path', 'parent_path']

/**
 * Tells rows that come and go on healthy hosts: somebody is logged in, the nightly upgrade runs, an SSM session once
 * made its user. They inform, and accuse nobody by themselves. Only system programs of a known account count: a file,
 * a port, a job, a program of one's own or a service account's shell stays suspect, so that nobody can hide here.
 */
export function fleetingTest(scene: Scene): (residual: Residual) => boolean {
  const people = knownPeople(scene)
  const known = new Map<number, boolean>()
  const comesAndGoes = (item: number): boolean => {
    const row = scene.fleet.items[item]
    const fleeting = known.get(item) ?? (row !== undefined && isFleeting(row, people))
    known.set(item, fleeting)
    return fleeting
  }
  const restless = restlessHosts(scene)
  return ({ kind, item, hosts }) => {
    if (kind !== 'missing' && comesAndGoes(item)) return true
    const row = scene.fleet.items[item]
    return row !== undefined && hosts.every(host => restless.has(host)) && isRootsProgram(row)
  }
}

/** Hosts that run what few run at any time: an upgrade, a nightly job, the start of the system. */
function restlessHosts({ fleet, size, inFleet, clusters }: Scene): Set<number> {
  const timed = Uint8Array.from(fleet.items, (item, id) => {
    const count = inFleet.items[id] ?? 0
    return count > 0 && count <= rareLimit(size) && isTimed(item) ? 1 : 0
  })
  const restless = new Set<number>()
  for (const { hosts } of clusters)
    for (const host of hosts) if (fleet.hosts[host]?.items.some(item => timed[item] === 1)) restless.add(host)
  return restless
}

/** A program that the system runs for an upgrade, a nightly job or its start. */
function isTimed(item: Item): boolean {
  const path = cellOf(item, PATH_COLUMNS)
  return path !== undefined && TIMED_PROGRAM.test(path) && cellOf(item, USER_COLUMNS) !== undefined
}

/** While it upgrades or starts a host runs other programs of the system as root, and not yet all of them. */
function isRootsProgram(item: Item): boolean {
  const path = cellOf(item, PATH_COLUMNS)
  const user = cellOf(item, USER_COLUMNS)
  if (path === undefined || user === undefined || !ROOT.has(user)) return false
  return SYSTEM_PROGRAM.test(path) && !TWO_EDGED.test(path) && !hasTwoEdgedWords(item)
}

function hasTwoEdgedWords(item: Item): boolean {
  const words = cellOf(item, WORDS_COLUMNS)
  return words !== undefined && TWO_EDGED_WORDS.test(words)
}

function isFleeting(item: Item, people: ReadonlySet<string>): boolean {
  if (isSsmUser(item)) return true
  if (item.values.some((value, at) => isName(item.columns[at]) && FLEETING_UNIT.test(value))) return true
  const paths = item.values.filter((_, at) => PATH_COLUMNS.includes(item.columns[at] ?? ''))
  const [path] = paths
  if (path === undefined || !paths.every(one => SYSTEM_PROGRAM.test(one))) return false
  const user = cellOf(item, USER_COLUMNS)
  if (user === undefined) return false
  if (hasTwoEdgedWords(item)) return false
  if (ROOT.has(user) || user === '_apt') return TIMED_PROGRAM.test(path)
  return people.has(user) && !TWO_EDGED.test(path)
}

const isName = (column: string | undefined): boolean =>
  column === 'id' || column === 'name' || column === 'unit'

/** What the SSM agent leaves after a session, to the letter. */
function isSsmUser(item: Item): boolean {
  if (cellOf(item, ['header', ...USER_COLUMNS]) !== 'ssm-user') return false
  const rule = cellOf(item, ['rule_details'])
  if (rule !== undefined) return /^ALL=\(ALL(?::ALL)?\) NOPASSWD: ?ALL$/.test(rule)
  const shell = cellOf(item, ['shell'])
  return shell !== undefined && LOGIN_SHELL.test(shell)
}

/**
 * Names and numbers of accounts that people log in with: those with a login shell that half of the fleet knows, and
 * those seen in a session or running what a login runs; none that the fleet knows as a service's.
 */
function knownPeople({ fleet, inFleet }: Scene): Set<string> {
  const people = new Set<string>(['ssm-user'])
  const services = new Set<string>(['sshd'])
  const seen = new Set<string>()
  for (const [id, item] of fleet.items.entries()) {
    const query = fleet.queries[item.query]
    const users = item.values.filter((_, at) => USER_COLUMNS.includes(item.columns[at] ?? ''))
    if (users.length === 0 || users.some(user => ROOT.has(user)) || query === undefined) continue
    const path = cellOf(item, PATH_COLUMNS)
    const login = path !== undefined && LOGIN_PROGRAM.test(path) && SYSTEM_PROGRAM.test(path)
    if (login || weightOfQuery(query) === 'context') for (const user of users) seen.add(user)
    const shell = cellOf(item, ['shell'])
    if (shell === undefined || (inFleet.items[id] ?? 0) * 2 < (inFleet.observed[item.query] ?? 0)) continue
    for (const user of users) (LOGIN_SHELL.test(shell) ? people : services).add(user)
  }
  for (const user of seen) if (!services.has(user)) people.add(user)
  return people
}

function cellOf(item: Item, columns: readonly string[]): string | undefined {
  const at = item.columns.findIndex(column => columns.includes(column))
  return at < 0 ? undefined : item.values[at]
}
