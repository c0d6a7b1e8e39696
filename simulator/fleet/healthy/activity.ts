import { addProcess, addRow, addUnit, SIMULATED_NOW, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'

/** Somebody is logged in over SSH and looks around. */
export function openSshSession(host: SimulatedHost, random: Random): void {
  const scope = `/user.slice/user-1000.slice/session-${random.between(2, 400)}.scope`
  const pid = random.between(20_000, 60_000)
  const tty = `pts/${random.between(0, 3)}`
  const sshd = host.tables.processes?.find(process => process.path === '/usr/sbin/sshd')
  addProcess(host, {
    pid,
    path: '/usr/sbin/sshd',
    cmdline: 'sshd: alice [priv]',
    parent: Number(sshd?.pid ?? 1),
    cgroup_path: scope
  })
  addProcess(host, {
    pid: pid + 7,
    path: '/usr/sbin/sshd',
    cmdline: `sshd: alice@${tty}`,
    parent: pid,
    uid: 1000,
    cgroup_path: scope
  })
  addProcess(host, {
    pid: pid + 8,
    path: '/usr/bin/bash',
    cmdline: '-bash',
    parent: pid + 7,
    uid: 1000,
    cgroup_path: scope
  })
  const tool = random.pick(['/usr/bin/vim.basic', '/usr/bin/less', '/usr/bin/top', '/usr/bin/journalctl'])
  addProcess(host, {
    pid: pid + 30,
    path: tool,
    cmdline: `${tool} /var/log/syslog`,
    parent: pid + 8,
    uid: 1000,
    cgroup_path: scope
  })
  addProcess(host, {
    pid: pid + 3,
    path: '/usr/lib/systemd/systemd',
    cmdline: '/lib/systemd/systemd --user',
    uid: 1000,
    cgroup_path: '/user.slice/user-1000.slice/user@1000.service/init.scope'
  })
  addUnit(host, 'user@1000.service', '/lib/systemd/system', 'active', 'static')
  const unit = host.tables.systemd_units?.at(-1)
  if (unit !== undefined) unit.fragment_path = '/lib/systemd/system/user@.service'
  addRow(host, 'process_open_sockets', {
    pid,
    family: 2,
    protocol: 6,
    local_address: host.address,
    local_port: 22,
    remote_address: '10.9.0.4',
    remote_port: random.between(33_000, 60_000),
    state: 'ESTABLISHED'
  })
  addRow(host, 'logged_in_users', {
    type: 'user',
    user: 'alice',
    tty,
    host: '10.9.0.4',
    time: SIMULATED_NOW - random.between(60, 7200),
    pid
  })
}

/** Somebody once opened an SSM session: the agent created a user and a sudo rule, and left them behind. */
export function leaveSsmUser(host: SimulatedHost, random: Random): void {
  addRow(host, 'users', {
    username: 'ssm-user',
    uid: 1001,
    gid: 1001,
    shell: '/bin/sh',
    directory: '/home/ssm-user'
  })
  addRow(host, 'shadow', {
    username: 'ssm-user',
    password_status: 'locked',
    hash_alg: '',
    last_change: random.between(19_000, 20_000)
  })
  addRow(host, 'sudoers', {
    source: '/etc/sudoers.d/ssm-agent-users',
    header: 'ssm-user',
    rule_details: 'ALL=(ALL) NOPASSWD:ALL'
  })
}

/** The nightly upgrade happens to be running. */
export function runUpgrade(host: SimulatedHost, random: Random): void {
  const cgroup_path = '/system.slice/apt-daily-upgrade.service'
  const pid = random.between(20_000, 60_000)
  addProcess(host, {
    pid,
    path: '/usr/bin/dash',
    cmdline: '/bin/sh /usr/lib/apt/apt.systemd.daily install',
    cgroup_path
  })
  addProcess(host, {
    pid: pid + 4,
    path: '/usr/bin/python3.11',
    cmdline: '/usr/bin/python3 /usr/bin/unattended-upgrade',
    parent: pid,
    cgroup_path
  })
  addProcess(host, {
    pid: pid + 9,
    path: '/usr/bin/dpkg',
    cmdline: '/usr/bin/dpkg --status-fd 10 --configure --pending',
    parent: pid + 4,
    cgroup_path
  })
}
