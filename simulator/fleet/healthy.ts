import { addFile, addProcess, addRow, type SimulatedHost } from './host.ts'
import type { Random } from './random.ts'

const NOW = 1_795_000_000

/** Makes a healthy host of the checkout service: Debian 12 on EC2, with all the noise that healthy hosts have. */
export function healthyHost(random: Random, index: number): SimulatedHost {
  const address = `10.20.${Math.floor(index / 200) + 1}.${(index % 200) + 11}`
  const host: SimulatedHost = {
    id: `i-0${random.hex(16)}`,
    name: `ip-${address.replaceAll('.', '-')}`,
    address,
    tags: { Service: 'checkout', Stage: 'production', Name: `checkout-${index + 1}` },
    behavior: 'honest',
    tables: {}
  }
  const booted = NOW - random.between(86_400, 86_400 * 90)
  const patched = random.chance(0.35)
  identity(host, random)
  kernel(host, random, booted)
  services(host, random, booted, patched)
  accounts(host)
  files(host, random, patched)
  network(host, random)
  packages(host, patched)
  return host
}

function identity(host: SimulatedHost, random: Random): void {
  addRow(host, 'system_info', {
    hostname: host.name,
    uuid: `ec2${random.hex(5)}-${random.hex(4)}`,
    cpu_type: 'x86_64',
    computer_name: host.name
  })
  addRow(host, 'os_version', {
    name: 'Debian GNU/Linux',
    version: '12 (bookworm)',
    major: 12,
    arch: 'x86_64',
    platform: 'debian',
    codename: 'bookworm'
  })
  addRow(host, 'osquery_info', { version: '5.23.1', pid: random.between(2000, 60000), uuid: random.hex(32) })
  addRow(host, 'interface_addresses', { interface: 'lo', address: '127.0.0.1', mask: '255.0.0.0' })
  addRow(host, 'interface_addresses', { interface: 'lo', address: '::1' })
  addRow(host, 'interface_addresses', { interface: 'ens5', address: host.address, mask: '255.255.255.0' })
  addRow(host, 'interface_addresses', {
    interface: 'ens5',
    address: `fe80::${random.hex(4)}:${random.hex(4)}%ens5`
  })
  const mac = Array.from({ length: 5 }, () => random.hex(2)).join(':')
  addRow(host, 'interface_details', {
    interface: 'ens5',
    mac: `0a:${mac}`,
    mtu: 9001,
    ipackets: random.between(1e6, 1e9)
  })
  addRow(host, 'interface_details', { interface: 'lo', mac: '00:00:00:00:00:00' })
}

function kernel(host: SimulatedHost, random: Random, booted: number): void {
  addRow(host, 'kernel_info', {
    version: '6.1.0-26-cloud-amd64',
    arguments: `root=PARTUUID=${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)} ro console=tty0 console=ttyS0,115200 nvme_core.io_timeout=4294967295`,
    path: '/boot/vmlinuz-6.1.0-26-cloud-amd64'
  })
  addRow(host, 'uptime', { total_seconds: NOW - booted })
  for (const name of 'ext4 jbd2 mbcache ena nvme nvme_core nf_tables nfnetlink overlay efivarfs binfmt_misc crc32c_intel aesni_intel'.split(
    ' '
  )) {
    addRow(host, 'kernel_modules', {
      name,
      size: random.between(16, 900) * 1024,
      used_by: '-',
      status: 'Live',
      address: `0xffffffffc0${random.hex(6)}`
    })
  }
  for (let core = 0; core < 2; core++) {
    for (const name of ['cpuhp', 'migration', 'ksoftirqd']) kernelThread(host, random, `${name}/${core}`)
  }
  for (let worker = random.between(4, 12); worker > 0; worker--) {
    kernelThread(
      host,
      random,
      `kworker/u${random.between(2, 8)}:${random.between(0, 9)}-${random.pick(['events_unbound', 'writeback', 'ext4-rsv-conver'])}`
    )
  }
  const settings: Record<string, string> = {
    'kernel.core_pattern': 'core',
    'kernel.kptr_restrict': '0',
    'kernel.yama.ptrace_scope': '0',
    'kernel.randomize_va_space': '2',
    'kernel.unprivileged_bpf_disabled': '2',
    'kernel.modprobe': '/sbin/modprobe',
    'net.ipv4.ip_forward': '0',
    'fs.suid_dumpable': '0',
    'vm.swappiness': String(random.between(10, 60))
  }
  for (const [name, current_value] of Object.entries(settings))
    addRow(host, 'system_controls', { name, current_value })
}

function kernelThread(host: SimulatedHost, random: Random, name: string): void {
  addProcess(host, { pid: random.between(3, 290), path: '', cmdline: '', name, parent: 2, cgroup_path: '' })
}

interface Service {
  readonly unit: string
  readonly path: string
  readonly cmdline: string
  readonly uid?: number
  readonly ports?: readonly [protocol: number, address: string, port: number][]
  readonly children?: number
}

const SERVICES: readonly Service[] = [
  {
    unit: 'ssh.service',
    path: '/usr/sbin/sshd',
    cmdline: 'sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups',
    ports: [
      [6, '0.0.0.0', 22],
      [6, '::', 22]
    ]
  },
  { unit: 'cron.service', path: '/usr/sbin/cron', cmdline: '/usr/sbin/cron -f' },
  {
    unit: 'dbus.service',
    path: '/usr/bin/dbus-daemon',
    cmdline: '/usr/bin/dbus-daemon --system --address=systemd:',
    uid: 101
  },
  {
    unit: 'chrony.service',
    path: '/usr/sbin/chronyd',
    cmdline: '/usr/sbin/chronyd -F 1',
    uid: 103,
    ports: [
      [17, '127.0.0.1', 323],
      [17, '::1', 323]
    ]
  },
  { unit: 'auditd.service', path: '/usr/sbin/auditd', cmdline: '/sbin/auditd' },
  { unit: 'rsyslog.service', path: '/usr/sbin/rsyslogd', cmdline: '/usr/sbin/rsyslogd -n -iNONE' },
  {
    unit: 'systemd-journald.service',
    path: '/usr/lib/systemd/systemd-journald',
    cmdline: '/lib/systemd/systemd-journald'
  },
  {
    unit: 'systemd-logind.service',
    path: '/usr/lib/systemd/systemd-logind',
    cmdline: '/lib/systemd/systemd-logind'
  },
  { unit: 'systemd-udevd.service', path: '/usr/bin/udevadm', cmdline: '/lib/systemd/systemd-udevd' },
  {
    unit: 'systemd-resolved.service',
    path: '/usr/lib/systemd/systemd-resolved',
    cmdline: '/lib/systemd/systemd-resolved',
    uid: 102,
    ports: [
      [17, '127.0.0.53', 53],
      [6, '127.0.0.53', 53]
    ]
  },
  {
    unit: 'unattended-upgrades.service',
    path: '/usr/bin/python3.11',
    cmdline: '/usr/bin/python3 /usr/share/unattended-upgrades/unattended-upgrade-shutdown --wait-for-signal'
  },
  {
    unit: 'amazon-ssm-agent.service',
    path: '/usr/bin/amazon-ssm-agent',
    cmdline: '/usr/bin/amazon-ssm-agent',
    children: 1
  },
  {
    unit: 'nginx.service',
    path: '/usr/sbin/nginx',
    cmdline: 'nginx: master process /usr/sbin/nginx -g daemon on; master_process on;',
    ports: [
      [6, '0.0.0.0', 80],
      [6, '0.0.0.0', 443],
      [6, '::', 443]
    ],
    children: 2
  },
  {
    unit: 'checkout.service',
    path: '/opt/checkout/jre/bin/java',
    cmdline: '/opt/checkout/jre/bin/java -Xmx2g -jar /opt/checkout/checkout.jar',
    uid: 998,
    ports: [[6, '127.0.0.1', 8080]]
  },
  {
    unit: 'node-exporter.service',
    path: '/usr/local/bin/node_exporter',
    cmdline: '/usr/local/bin/node_exporter --web.listen-address=:9100',
    uid: 997,
    ports: [[6, '::', 9100]]
  }
]

function services(host: SimulatedHost, random: Random, booted: number, patched: boolean): void {
  addProcess(host, {
    pid: 1,
    path: '/usr/lib/systemd/systemd',
    cmdline: '/sbin/init',
    parent: 0,
    cgroup_path: '/init.scope'
  })
  let pid = random.between(300, 700)
  for (const service of SERVICES) {
    pid += random.between(1, 60)
    const uid = service.uid ?? 0
    const cgroup_path = `/system.slice/${service.unit}`
    const usage = () => ({
      start_time: booted + random.between(3, 90),
      resident_size: random.between(4e6, 9e8),
      user_time: random.between(10, 1e6),
      threads: random.between(1, 60)
    })
    const main = addProcess(host, {
      pid,
      path: service.path,
      cmdline: service.cmdline,
      uid: service.path.endsWith('nginx') ? 0 : uid,
      cgroup_path,
      ...usage()
    })
    for (let child = 0; child < (service.children ?? 0); child++) {
      const worker = service.unit.startsWith('nginx')
        ? { cmdline: 'nginx: worker process', uid: 33 }
        : { cmdline: '/usr/bin/ssm-agent-worker', path: '/usr/bin/ssm-agent-worker' }
      pid += random.between(1, 9)
      addProcess(host, { pid, path: service.path, parent: main, cgroup_path, ...usage(), ...worker })
    }
    for (const [protocol, listening, port] of service.ports ?? [])
      listen(host, random, main, protocol, listening, port)
    unit(
      host,
      service.unit,
      service.unit === 'checkout.service' || service.unit === 'node-exporter.service'
        ? '/etc/systemd/system'
        : '/lib/systemd/system',
      'active',
      'enabled'
    )
  }
  listen(host, random, 0, 17, '0.0.0.0', random.between(33_000, 60_000))
  addProcess(host, {
    pid: pid + 5,
    path: '/usr/sbin/agetty',
    cmdline: '/sbin/agetty -o -p -- \\u --noclear tty1 linux',
    cgroup_path: '/system.slice/system-getty.slice'
  })
  for (const timer of ['apt-daily', 'apt-daily-upgrade', 'logrotate', 'man-db', 'fstrim']) {
    unit(host, `${timer}.timer`, '/lib/systemd/system', 'active', 'enabled')
    unit(
      host,
      `${timer}.service`,
      '/lib/systemd/system',
      random.chance(0.05) ? 'activating' : 'inactive',
      'static'
    )
  }
  unit(host, 'apparmor.service', '/lib/systemd/system', 'active', 'enabled')
  if (random.chance(0.1)) unit(host, 'systemd-hostnamed.service', '/lib/systemd/system', 'active', 'static')
  if (patched) {
    // A daemon that was not restarted after the upgrade still runs the file that was replaced.
    const cron = host.tables.processes?.find(process => process.path === '/usr/sbin/cron')
    if (cron !== undefined && random.chance(0.5)) cron.on_disk = 0
  }
  if (random.chance(0.06)) packageRun(host, random)
  if (random.chance(0.08)) adminSession(host, random)
  if (random.chance(0.12)) ssmSession(host, random)
}

export function unit(
  host: SimulatedHost,
  id: string,
  folder: string,
  active_state: string,
  unit_file_state: string
): void {
  addRow(host, 'systemd_units', {
    id,
    description: id.replace(/\.\w+$/, ''),
    load_state: 'loaded',
    active_state,
    sub_state: active_state === 'active' ? 'running' : 'dead',
    unit_file_state,
    fragment_path: `${folder}/${id}`,
    user: ''
  })
}

export function listen(
  host: SimulatedHost,
  random: Random,
  pid: number,
  protocol: number,
  address: string,
  port: number
): void {
  addRow(host, 'listening_ports', {
    pid,
    port,
    protocol,
    family: address.includes(':') ? 10 : 2,
    address,
    fd: random.between(3, 90),
    socket: random.between(1e4, 9e5),
    net_namespace: 4026531840
  })
}

/** Somebody is logged in over SSH and looks around. */
function adminSession(host: SimulatedHost, random: Random): void {
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
  unit(host, 'user@1000.service', '/lib/systemd/system', 'active', 'static')
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
    time: NOW - random.between(60, 7200),
    pid
  })
}

/** Somebody once opened an SSM session: the agent made a user and a sudo rule, and left them. */
function ssmSession(host: SimulatedHost, random: Random): void {
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
function packageRun(host: SimulatedHost, random: Random): void {
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

function accounts(host: SimulatedHost): void {
  const accounts: readonly [string, number, string][] = [
    ['root', 0, '/bin/bash'],
    ['daemon', 1, '/usr/sbin/nologin'],
    ['sys', 3, '/usr/sbin/nologin'],
    ['www-data', 33, '/usr/sbin/nologin'],
    ['messagebus', 101, '/usr/sbin/nologin'],
    ['systemd-resolve', 102, '/usr/sbin/nologin'],
    ['_chrony', 103, '/usr/sbin/nologin'],
    ['sshd', 104, '/usr/sbin/nologin'],
    ['node_exporter', 997, '/usr/sbin/nologin'],
    ['checkout', 998, '/usr/sbin/nologin'],
    ['alice', 1000, '/bin/bash']
  ]
  for (const [username, uid, shell] of accounts) {
    addRow(host, 'users', {
      username,
      uid,
      gid: uid,
      shell,
      directory: uid === 0 ? '/root' : `/home/${username}`
    })
    addRow(host, 'shadow', { username, password_status: 'locked', hash_alg: '', last_change: 19_800 })
  }
  for (const [groupname, gid] of [
    ['root', 0],
    ['adm', 4],
    ['sudo', 27]
  ] as const)
    addRow(host, 'groups', { groupname, gid })
  addRow(host, 'user_groups', { uid: 0, gid: 0 })
  addRow(host, 'user_groups', { uid: 1000, gid: 27 })
  addRow(host, 'authorized_keys', {
    uid: 1000,
    algorithm: 'ssh-ed25519',
    key: 'AAAAC3NzaC1lZDI1NTE5AAAAIGJhc2VsaW5la2V5b2ZhbGljZWF0YWNtZQ',
    comment: 'alice@acme',
    key_file: '/home/alice/.ssh/authorized_keys',
    options: ''
  })
  addRow(host, 'sudoers', { source: '/etc/sudoers', header: 'Defaults', rule_details: 'env_reset' })
  addRow(host, 'sudoers', { source: '/etc/sudoers', header: 'root', rule_details: 'ALL=(ALL:ALL) ALL' })
  addRow(host, 'sudoers', { source: '/etc/sudoers', header: '%sudo', rule_details: 'ALL=(ALL:ALL) ALL' })
}

const SETUID = 'chfn chsh gpasswd mount newgrp passwd su sudo umount'.split(' ')

function files(host: SimulatedHost, random: Random, patched: boolean): void {
  for (const name of SETUID) {
    // A merged /usr shows every file twice.
    for (const folder of ['/bin', '/usr/bin'])
      addRow(host, 'suid_bin', {
        path: `${folder}/${name}`,
        username: 'root',
        groupname: 'root',
        permissions: 'S'
      })
  }
  addFile(host, '/etc/profile', 'profile')
  addFile(host, '/etc/bash.bashrc', 'bash.bashrc')
  addFile(host, '/root/.bashrc', 'root bashrc')
  addFile(host, '/root/.profile', 'root profile')
  for (const name of ['apt-compat', 'dpkg', 'logrotate', 'man-db'])
    addFile(host, `/etc/cron.daily/${name}`, name, { mode: '0755' })
  for (const name of ['common-auth', 'common-account', 'sshd', 'sudo', 'login', 'su', 'cron'])
    addFile(host, `/etc/pam.d/${name}`, `pam ${name}`)
  addFile(host, '/etc/ssh/sshd_config', 'sshd_config')
  addFile(host, '/etc/nsswitch.conf', 'nsswitch')
  addFile(host, '/etc/ld.so.conf', 'ld.so.conf')
  addFile(host, '/etc/modprobe.d/blacklist.conf', 'blacklist')
  addFile(host, '/etc/apt/apt.conf.d/20auto-upgrades', 'auto-upgrades')
  addFile(host, '/etc/udev/rules.d/70-ec2-nvme-devices.rules', 'nvme')
  addFile(host, '/etc/systemd/system/checkout.service', 'checkout unit')
  addFile(host, '/etc/systemd/system/node-exporter.service', 'exporter unit')
  const openssh = patched ? 'openssh deb12u5' : 'openssh deb12u4'
  for (const name of ['/usr/sbin/sshd', '/usr/bin/ssh'])
    addFile(host, name, `${name} ${openssh}`, { mode: '0755' })
  for (const name of ['sudo', 'su', 'passwd', 'ps', 'top', 'ss', 'ls', 'find', 'bash', 'curl'])
    addFile(host, `/usr/bin/${name}`, name, { mode: '0755' })
  addFile(host, '/usr/sbin/cron', 'cron', { mode: '0755' })
  for (const name of ['unix', 'deny', 'permit', 'systemd', 'limits'])
    addFile(host, `/usr/lib/x86_64-linux-gnu/security/pam_${name}.so`, `pam_${name}`)
  const x11 = { type: 'directory', mode: '1777', uid: 0 }
  for (const name of ['/tmp/.X11-unix', '/tmp/.ICE-unix', '/tmp/.font-unix'])
    addRow(host, 'file', { path: name, ...x11 })
  addRow(host, 'file', {
    path: `/tmp/systemd-private-${random.hex(32)}-chrony.service-${random.letters(6)}`,
    type: 'directory',
    mode: '0700',
    uid: 0
  })
  if (random.chance(0.15))
    addRow(host, 'file', {
      path: `/tmp/hsperfdata_checkout/${random.between(900, 30_000)}`,
      type: 'regular',
      mode: '0600',
      uid: 998
    })
  if (random.chance(0.1))
    addRow(host, 'file', {
      path: `/tmp/.vimtmp-${random.letters(6)}`,
      type: 'regular',
      mode: '0600',
      uid: 1000
    })
  addRow(host, 'crontab', {
    path: '/etc/crontab',
    command: 'root cd / && run-parts --report /etc/cron.hourly',
    minute: '17',
    hour: '*',
    day_of_month: '*',
    month: '*',
    day_of_week: '*'
  })
  addRow(host, 'crontab', {
    path: '/etc/cron.d/checkout-backup',
    command: 'checkout /opt/checkout/bin/backup --quiet',
    minute: String(random.between(0, 59)),
    hour: String(random.between(1, 5)),
    day_of_month: '*',
    month: '*',
    day_of_week: '*'
  })
  addRow(host, 'crontab', {
    path: '/etc/cron.d/e2scrub_all',
    command: 'root test -e /run/systemd/system || SERVICE_MODE=1 /sbin/e2scrub_all -A -r',
    minute: '10',
    hour: '3',
    day_of_month: '*',
    month: '*',
    day_of_week: '*'
  })
  addRow(host, 'mounts', { path: '/', device: '/dev/nvme0n1p1', type: 'ext4', flags: 'rw,relatime' })
  addRow(host, 'mounts', { path: '/proc', device: 'proc', type: 'proc', flags: 'rw' })
}

function network(host: SimulatedHost, random: Random): void {
  addRow(host, 'etc_hosts', { address: '127.0.0.1', hostnames: 'localhost' })
  addRow(host, 'etc_hosts', {
    address: '127.0.1.1',
    hostnames: `${host.name}.eu-west-1.compute.internal ${host.name}`
  })
  addRow(host, 'etc_hosts', { address: '::1', hostnames: 'ip6-localhost ip6-loopback' })
  addRow(host, 'dns_resolvers', { id: 0, type: 'nameserver', address: '127.0.0.53', options: '' })
  addRow(host, 'iptables', {
    filter_name: 'filter',
    chain: 'INPUT',
    policy: 'ACCEPT',
    target: '',
    protocol: 0,
    packets: random.between(1e5, 1e8)
  })
  addRow(host, 'iptables', {
    filter_name: 'filter',
    chain: 'FORWARD',
    policy: 'DROP',
    target: '',
    protocol: 0,
    packets: 0
  })
  addRow(host, 'apt_sources', {
    name: 'bookworm',
    base_uri: 'http://deb.debian.org/debian',
    release: 'bookworm'
  })
  addRow(host, 'apt_sources', {
    name: 'security',
    base_uri: 'http://deb.debian.org/debian-security',
    release: 'bookworm-security'
  })
  const pidOf = (path: string) =>
    Number(host.tables.processes?.find(process => process.path === path)?.pid ?? 0)
  const connect = (path: string, remote_address: string, remote_port: number) =>
    addRow(host, 'process_open_sockets', {
      pid: pidOf(path),
      family: 2,
      protocol: 6,
      local_address: host.address,
      local_port: random.between(33_000, 60_000),
      remote_address,
      remote_port,
      state: 'ESTABLISHED',
      fd: random.between(4, 200),
      socket: random.between(1e4, 9e5)
    })
  connect('/opt/checkout/jre/bin/java', `10.20.40.${random.between(2, 250)}`, 5432)
  connect('/opt/checkout/jre/bin/java', `10.20.41.${random.between(2, 250)}`, 6379)
  connect(
    '/usr/bin/amazon-ssm-agent',
    `52.${random.between(90, 99)}.${random.between(1, 250)}.${random.between(1, 250)}`,
    443
  )
  if (random.chance(0.2))
    connect('/opt/checkout/jre/bin/java', `151.101.${random.between(1, 250)}.${random.between(1, 250)}`, 443)
}

const PACKAGES =
  `adduser apparmor apt auditd base-files bash bsdutils ca-certificates chrony coreutils cron curl dash debianutils dpkg e2fsprogs
   findutils gpgv grep gzip hostname init iproute2 iptables kmod less libc6 libpam-modules libpam-runtime libssl3 login logrotate
   lsb-base man-db mount nano nginx openssh-client openssh-server openssl passwd perl-base procps python3 python3.11 rsyslog sed sudo
   systemd systemd-sysv tar tzdata udev unattended-upgrades util-linux vim-common vim-tiny wget zlib1g osquery amazon-ssm-agent`.split(
    /\s+/
  )

function packages(host: SimulatedHost, patched: boolean): void {
  for (const name of PACKAGES) {
    const version = /^openssh/.test(name) ? `1:9.2p1-2+deb12u${patched ? 5 : 4}` : '1.0-1'
    addRow(host, 'deb_packages', { name, version, status: 'install ok installed', arch: 'amd64' })
  }
  addRow(host, 'deb_packages', {
    name: `linux-image-6.1.0-${patched ? 27 : 26}-cloud-amd64`,
    version: '6.1.112-1',
    status: 'install ok installed'
  })
}

/** A package that one host has for a good reason. */
export function benignTool(host: SimulatedHost, name: string): void {
  addRow(host, 'deb_packages', { name, version: '1.0-1', status: 'install ok installed', arch: 'amd64' })
}
