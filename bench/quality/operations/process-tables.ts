import type { Row } from '../../../src/snapshot/snapshot.ts'
import type { Rows } from '../fleet/rows.ts'
import { basename, type Connection, type HostState, type Process } from './state.ts'

const SYSTEM_FOLDERS = ['/usr/bin/', '/usr/sbin/', '/usr/lib/', '/usr/lib64/', '/usr/libexec/']
const WRITABLE_FOLDERS = ['/tmp/', '/var/tmp/', '/dev/', '/run/', '/var/www/', '/var/spool/']
const SHELL = /^(sh|bash|dash|zsh|ksh|ash|busybox|nc|ncat|netcat|nc\.openbsd|socat|telnet|perl.*|awk|gawk)$/
const INTERPRETER = /^(python|ruby|php|lua|node|bun|deno)/
const SERVER =
  /^(nginx|apache2|httpd|caddy|haproxy|java|node|php-fpm.*|uwsgi|gunicorn|puma|beam\.smp|mysqld|mariadbd|postgres|redis-server|mongod|memcached|tomcat)$/
/** Part of every session; other system programs in one are rows of `session_programs`. */
const SESSION_TOOL =
  /^\/usr\/(bin\/(bash|sh|dash|zsh|su|sudo|login|tmux|screen)|sbin\/sshd|lib\/systemd\/systemd)$/
const PACKAGE_TOOL =
  /^\/usr\/(bin\/(apt|apt-get|dpkg|dpkg-deb|dnf|yum|rpm|unattended-upgrade)|lib\/apt\/methods\/https?)$/
const CONTAINER = /docker|kubepods|containerd|libpod/
const PRIVATE_ADDRESS = /^(10|127|192\.168|169\.254)\./
/** What a command line reaches for, by the pack's words. */
const REACH: readonly (readonly [word: string, pattern: RegExp])[] = [
  ['dev-tcp', /\/dev\/(tcp|udp)\//],
  ['download-pipe', /(curl|wget) .*\| *(ba)?sh/],
  ['decoded', /base64 (-d|--decode).*\|/],
  ['socket-shell', /(^|[ /])(nc|ncat)(\.\w+)? .*-\w*[lec]/],
  ['reverse-shell', / -e.*[sS]ocket/],
  ['tunnel', /ssh .*-R/]
]

const startsWithAny = (path: string, folders: readonly string[]) =>
  folders.some(folder => path.startsWith(folder))
const isSystem = ({ path }: Process) => startsWithAny(path, SYSTEM_FOLDERS)
const isTemporary = ({ path }: Process) => startsWithAny(path, WRITABLE_FOLDERS)
const isKept = ({ path }: Process) => path.startsWith('/opt/') || path.startsWith('/snap/')
const isContained = ({ cgroup }: Process) => CONTAINER.test(cgroup)
const isMemoryOnly = (process: Process) =>
  process.path.startsWith('/memfd:') ||
  (!process.onDisk && !isSystem(process) && !isKept(process) && !isContained(process))
const isSession = ({ cgroup, parent }: Process) =>
  cgroup.startsWith('/user.slice') || parent === '/usr/sbin/sshd'
const reachOf = ({ cmdline }: Process) => REACH.find(([, pattern]) => pattern.test(cmdline))?.[0] ?? ''
const peerOf = ({ address }: Connection) => (PRIVATE_ADDRESS.test(address) ? 'private' : 'public')

/** The queries of the linux pack that read processes and their sockets. */
export function processTables({ processes }: HostState): Rows {
  const table = (test: (process: Process) => boolean, rows: (process: Process) => Row[] = full) =>
    processes.filter(test).flatMap(rows)
  const programs = processes.filter(process => !isTemporary(process) && !isMemoryOnly(process))
  const inSessions = programs.filter(process => isSystem(process) && isSession(process))
  const ofPackageRuns = programs.filter(
    process => PACKAGE_TOOL.test(process.path) && !inSessions.includes(process)
  )
  const others = programs.filter(process => !inSessions.includes(process) && !ofPackageRuns.includes(process))
  const tool = (process: Process): Row => {
    const { path, ...columns } = wide(process)
    return { tool: path ?? '', ...columns }
  }
  const isOfSession = ({ path }: Process) => SESSION_TOOL.test(path)
  return {
    programs: others.map(wide),
    sessions: inSessions.filter(isOfSession).map(tool),
    session_programs: inSessions.filter(process => !isOfSession(process)).map(wide),
    package_runs: ofPackageRuns.map(tool),
    temporary_programs: table(isTemporary),
    memory_only_programs: table(isMemoryOnly),
    replaced_programs: table(
      process => !process.onDisk && (isSystem(process) || isKept(process)) && !isContained(process)
    ),
    kernel_thread_impostors: table(
      process => process.cmdline.startsWith('['),
      process => [{ ...wide(process), name: process.cmdline.slice(1, 14) }]
    ),
    service_shells: table(
      ({ path, parent }) =>
        (SHELL.test(basename(path)) || /\/(curl|wget)$/.test(path)) && SERVER.test(basename(parent)),
      process => [{ ...wide(process), reach: reachOf(process) }]
    ),
    network_commands: table(
      process => reachOf(process) !== '',
      process => [{ ...wide(process), reach: reachOf(process) }]
    ),
    shell_connections: table(({ path }) => SHELL.test(basename(path)), withConnections),
    interpreter_connections: table(({ path }) => INTERPRETER.test(basename(path)), withConnections),
    outbound: table(() => true, withConnections),
    listening_ports: table(
      () => true,
      process =>
        process.listens.map(({ number, address, protocol }) => ({
          protocol: protocol === 'tcp' ? '6' : '17',
          address,
          port: String(number),
          path: process.path,
          container: inContainer(process),
          name: basename(process.path)
        }))
    ),
    packet_sockets: table(
      ({ sniffs }) => sniffs,
      ({ path }) => [{ path, family: '17', protocol: '3', name: basename(path) }]
    ),
    loader_environment: table(
      ({ preload }) => preload !== null,
      ({ path, preload }) => [{ path, key: 'LD_PRELOAD', value: preload ?? '', name: '', uid: '0' }]
    )
  }
}

const wide = (process: Process): Row => ({
  path: process.path,
  username: process.user,
  container: inContainer(process),
  name: basename(process.path).slice(0, 15),
  cmdline: process.cmdline,
  parent_path: process.parent,
  cgroup_path: process.cgroup
})

const inContainer = (process: Process): string => (isContained(process) ? 'yes' : '')

const full = (process: Process): Row[] => [wide(process)]

const withConnections = (process: Process): Row[] =>
  process.connections.map(connection => ({
    ...wide(process),
    protocol: '6',
    peer: peerOf(connection),
    remote_address: connection.address,
    remote_port: connection.port >= 32768 ? 'ephemeral' : String(connection.port)
  }))
