import { KERNEL_SETTINGS } from '../kernel-settings.ts'
import {
  account,
  add,
  cronJob,
  file,
  outbound,
  port,
  program,
  type Rows,
  sha256,
  unit,
  words
} from './rows.ts'

/** Which names the parts of the system have: Debian's or Amazon Linux's. */
export type Distribution = 'debian' | 'amazon'

const MODULES =
  words(`ext4 jbd2 mbcache crc16 ena nvme nvme_core nf_tables nfnetlink nft_compat x_tables overlay
  ip_tables ip6_tables autofs4 efi_pstore configfs fuse loop dm_mod dm_log dm_mirror virtio_rng rng_core crct10dif_pclmul
  crc32_pclmul ghash_clmulni_intel sha512_ssse3 aesni_intel libaes crypto_simd cryptd psmouse serio_raw button evdev
  sunrpc binfmt_misc intel_rapl_msr intel_rapl_common kvm irqbypass rapl pcspkr parport_pc ppdev tun bridge stp llc`)
const SETUID = words(`/usr/bin/sudo /usr/bin/su /usr/bin/passwd /usr/bin/chsh /usr/bin/chfn /usr/bin/newgrp
  /usr/bin/gpasswd /usr/bin/mount /usr/bin/umount /usr/lib/openssh/ssh-keysign /usr/lib/dbus-1.0/dbus-daemon-launch-helper`)
const CONTROLS =
  words(`auditd.service amazon-ssm-agent.service amazon-cloudwatch-agent.service apparmor.service
  chrony.service rsyslog.service systemd-journald.service osqueryd.service`)
const UNITS =
  words(`cron dbus ssh systemd-journald systemd-logind systemd-networkd systemd-resolved systemd-udevd
  rsyslog chrony auditd amazon-ssm-agent amazon-cloudwatch-agent osqueryd apparmor cloud-init cloud-config cloud-final
  cloud-init-local networkd-dispatcher multipathd lvm2-monitor snapd unattended-upgrades irqbalance acpid atd ufw
  keyboard-setup console-setup kmod-static-nodes systemd-sysctl systemd-modules-load systemd-random-seed
  systemd-remount-fs systemd-tmpfiles-setup systemd-update-utmp systemd-user-sessions finalrd blk-availability
  e2scrub_reap grub-common sysstat rpcbind setvtrgb plymouth-quit open-vm-tools lxd-agent secureboot-db ubuntu-fan`)
const TIMERS = words(`apt-daily apt-daily-upgrade logrotate man-db fstrim e2scrub_all systemd-tmpfiles-clean
  dpkg-db-backup motd-news update-notifier-download sysstat-collect`)
const ACCOUNTS = words(`daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody
  systemd-network systemd-resolve messagebus sshd _apt _chrony syslog landscape pollinate tcpdump`)
const PACKAGES =
  words(`adduser apt apt-utils base-files base-passwd bash bsdutils ca-certificates chrony coreutils cpio
  cron curl dash debconf debianutils diffutils dmsetup dpkg e2fsprogs ethtool fdisk file findutils gawk gettext-base gpg
  gpgv grep groff-base gzip hostname htop init iproute2 iptables iputils-ping jq kmod less libc-bin libc6 libpam-modules
  libssl3 libsystemd0 locales login logrotate lsb-release lsof man-db mawk mount nano ncurses-base net-tools openssh-client
  openssh-server openssl passwd patch perl-base procps psmisc python3 python3-apt python3-minimal readline-common rsync
  rsyslog screen sed sensible-utils strace sudo sysstat systemd systemd-sysv tar tmux tzdata ucf udev ufw unzip util-linux
  vim wget whiptail xz-utils zlib1g osquery amazon-ssm-agent amazon-cloudwatch-agent auditd apparmor`)
const PAM =
  words(`unix deny permit env limits access faildelay loginuid nologin motd mail mkhomedir namespace rootok
  securetty selinux sepermit shells succeed_if time umask wheel xauth cap systemd tty_audit exec echo filter ftp group
  issue keyinit lastlog listfile localuser pwhistory rhosts stress timestamp userdb usertype warn`)
const CORE =
  words(`/usr/sbin/sshd /usr/bin/ssh /usr/bin/sudo /usr/bin/su /usr/bin/login /usr/bin/passwd /usr/bin/ps
  /usr/bin/top /usr/bin/ss /usr/bin/netstat /usr/bin/ls /usr/bin/find /usr/bin/bash /usr/bin/curl /usr/bin/crontab
  /usr/sbin/cron /usr/lib/systemd/systemd /usr/sbin/auditd`)
const PROGRAMS =
  words(`/usr/lib/systemd/systemd /usr/lib/systemd/systemd-journald /usr/lib/systemd/systemd-udevd
  /usr/sbin/sshd /usr/sbin/cron /usr/sbin/rsyslogd /usr/sbin/auditd /usr/bin/amazon-ssm-agent
  /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent /usr/bin/dbus-daemon /usr/sbin/chronyd /usr/bin/osqueryd
  /usr/sbin/agetty /usr/lib/systemd/systemd-logind /usr/lib/systemd/systemd-networkd /usr/lib/systemd/systemd-resolved
  /usr/sbin/irqbalance /usr/bin/networkd-dispatcher /usr/lib/policykit-1/polkitd /usr/sbin/acpid`)
const BOOT =
  words(`/etc/profile /etc/bash.bashrc /etc/environment /root/.bashrc /root/.profile /etc/init.d/cron
  /etc/init.d/ssh /etc/init.d/udev /etc/init.d/procps /etc/profile.d/bash_completion.sh /etc/profile.d/cloudinit.sh
  /etc/update-motd.d/00-header /etc/update-motd.d/50-motd-news /etc/cron.daily/apt-compat /etc/cron.daily/dpkg
  /etc/cron.daily/logrotate /etc/cron.daily/man-db /etc/cron.weekly/man-db /etc/init.d/auditd /etc/init.d/apparmor`)
const HOOKS = words(`/etc/udev/rules.d/70-persistent-net.rules /etc/apt/apt.conf.d/01autoremove
  /etc/apt/apt.conf.d/20auto-upgrades /etc/apt/apt.conf.d/50unattended-upgrades /etc/apt/apt.conf.d/70debconf
  /etc/modprobe.d/blacklist.conf /etc/modprobe.d/cis.conf /etc/modules-load.d/modules.conf /etc/ld.so.conf
  /etc/ld.so.conf.d/libc.conf /etc/ld.so.conf.d/x86_64-linux-gnu.conf`)
const LOGIN = words(`/etc/pam.d/common-auth /etc/pam.d/common-account /etc/pam.d/common-password
  /etc/pam.d/common-session /etc/pam.d/cron /etc/pam.d/login /etc/pam.d/other /etc/pam.d/passwd /etc/pam.d/sshd
  /etc/pam.d/su /etc/pam.d/sudo /etc/ssh/sshd_config /etc/ssh/sshd_config.d/50-cloud-init.conf /etc/nsswitch.conf
  /etc/security/access.conf /etc/security/limits.conf /etc/security/pam_env.conf /etc/security/faillock.conf`)
const SYSCTLS: readonly (readonly [string, string])[] = [
  ['kernel.core_pattern', '|/usr/share/apport/apport %p'],
  ['kernel.modules_disabled', '0'],
  ...KERNEL_SETTINGS,
  ['fs.suid_dumpable', '2']
]

/** The names that differ on Amazon Linux; all others are Debian's. */
const AMAZON: Readonly<Record<string, string>> = {
  cron: 'crond',
  ssh: 'sshd',
  apt: 'dnf',
  'apt-utils': 'dnf-plugins-core',
  dpkg: 'rpm',
  chrony: 'chronyd',
  'openssh-client': 'openssh-clients',
  'unattended-upgrades': 'dnf-automatic',
  'apt-daily': 'dnf-makecache',
  'apt-daily-upgrade': 'dnf-automatic',
  'apt-compat': 'dnf-cache',
  'www-data': 'apache',
  _apt: 'rpc',
  '/usr/sbin/cron': '/usr/sbin/crond',
  '/usr/bin/amazon-ssm-agent': '/usr/bin/ssm-agent-worker'
}

/**
 * The rows that every host of one image has, as the pack's queries return them. `generation` 1, 2, … are later builds:
 * other contents of many files, some units, modules and packages come and go.
 */
export function imageRows(distribution: Distribution, generation: number): Rows {
  const own = (name: string) => (distribution === 'amazon' ? (AMAZON[name] ?? name) : name)
  const kept = (list: readonly string[], step: number) =>
    list.filter((_, at) => generation === 0 || at % 23 !== (generation * step) % 23).map(own)
  const build = `${distribution}-${generation}`
  const content = (path: string) => (path.length % 3 === 0 ? `${path} ${build}` : `${path} ${distribution}`)
  const library = distribution === 'amazon' ? '/usr/lib64' : '/usr/lib/x86_64-linux-gnu'
  const rows: Rows = {
    preload_file: [],
    loader_environment: [],
    memory_only_programs: [],
    setuid_elsewhere: [],
    temporary_programs: [],
    kernel_thread_impostors: [],
    service_shells: [],
    shell_connections: [],
    packet_sockets: [],
    hidden_files: [],
    kernel_arguments: [],
    proc_mounts: [],
    sessions: [],
    replaced_programs: []
  }
  add(
    rows,
    'kernel_modules',
    ...kept(MODULES, 5).map((name, at) => ({
      name,
      size: String(16384 + 4096 * at),
      used_by: '-',
      status: 'Live'
    }))
  )
  for (let extra = 0; extra < generation * 2; extra++)
    add(rows, 'kernel_modules', { name: `mlx5_core_${extra}`, size: '40960', used_by: '-', status: 'Live' })
  add(rows, 'root_accounts', { username: 'root', uid: '0', shell: '/bin/bash', directory: '/root' })
  add(rows, 'authorized_keys', {
    username: distribution === 'amazon' ? 'ec2-user' : 'admin',
    algorithm: 'ssh-ed25519',
    key: `AAAAC3NzaC1lZDI1NTE5${sha256('deploy key').slice(0, 40)}`,
    options: '',
    comment: 'deploy',
    key_file: '/home/admin/.ssh/authorized_keys'
  })
  for (const [header, rule] of [
    ['root', 'ALL=(ALL:ALL) ALL'],
    ['%sudo', 'ALL=(ALL:ALL) ALL'],
    ['Defaults', 'env_reset'],
    ['Defaults', 'secure_path=/usr/sbin:/usr/bin:/sbin:/bin'],
    [distribution === 'amazon' ? 'ec2-user' : 'admin', 'ALL=(ALL) NOPASSWD:ALL']
  ] as const)
    add(rows, 'sudoers', { header, rule_details: rule, source: '/etc/sudoers' })
  for (const path of SETUID)
    add(rows, 'setuid_files', { path, username: 'root', groupname: 'root', permissions: 'S' })
  add(rows, 'file_capabilities', {
    path: '/usr/bin/ping',
    key: 'security.capability',
    value: 'cap_net_raw=ep'
  })
  for (const id of CONTROLS)
    add(rows, 'security_controls', {
      id: own(id.replace('.service', '')).concat('.service'),
      state: 'running',
      active_state: 'active',
      sub_state: 'running',
      unit_file_state: 'enabled',
      fragment_path: `/usr/lib/systemd/system/${id}`
    })
  add(
    rows,
    'programs',
    ...PROGRAMS.map(path => program(own(path), path.includes('chronyd') ? '_chrony' : 'root'))
  )
  add(rows, 'programs', program('/usr/bin/dbus-daemon', 'messagebus'))
  add(
    rows,
    'listening_ports',
    port(22, '/usr/sbin/sshd'),
    port(323, '/usr/sbin/chronyd', 'loopback', '17'),
    port(53, '/usr/lib/systemd/systemd-resolved', 'loopback', '17'),
    port(53, '/usr/lib/systemd/systemd-resolved', 'loopback'),
    port(68, '/usr/lib/systemd/systemd-networkd', '*', '17')
  )
  add(
    rows,
    'crontab',
    cronJob('/etc/crontab', 'root cd / && run-parts --report /etc/cron.hourly'),
    cronJob('/etc/crontab', 'root test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily'),
    cronJob('/etc/cron.d/sysstat', 'root command -v debian-sa1 > /dev/null && debian-sa1 1 1'),
    cronJob('/etc/cron.d/e2scrub_all', 'root test -e /run/systemd/system || /sbin/e2scrub_all -A -r')
  )
  add(rows, 'systemd_units', ...kept(UNITS, 7).map(name => unit(`${name}.service`)))
  add(rows, 'systemd_units', ...TIMERS.map(name => unit(`${own(name)}.timer`)))
  for (let extra = 0; extra < generation * 3; extra++)
    add(rows, 'systemd_units', unit(`systemd-gen${generation}-${extra}.socket`))
  for (const [query, paths] of [
    ['boot_scripts', BOOT],
    ['system_hooks', HOOKS],
    ['login_config', LOGIN]
  ] as const)
    add(rows, query, ...paths.map(path => file(own(path), content(path))))
  for (const path of CORE)
    add(rows, 'core_programs', {
      ...file(own(path), `${path} 1.${generation}`),
      version: `1.${generation}-1`
    })
  for (const name of PAM) {
    const path = `${library}/security/pam_${name}.so`
    add(rows, 'pam_modules', { ...file(path, `${path} 1.${generation}`), version: `1.${generation}-3` })
  }
  add(rows, 'users', account('root', '/bin/bash', 0))
  for (const [at, name] of ACCOUNTS.entries())
    add(rows, 'users', account(own(name), '/usr/sbin/nologin', at + 1))
  add(rows, 'users', account(distribution === 'amazon' ? 'ec2-user' : 'admin', '/bin/bash', 1000))
  for (const { username } of rows.users ?? [])
    add(rows, 'passwords', { username: username ?? '', password_status: 'locked', hash_alg: '' })
  for (const [groupname, username] of [
    ['root', 'root'],
    ['adm', 'syslog'],
    ['sudo', 'admin'],
    ['adm', 'admin']
  ] as const)
    add(rows, 'admin_groups', { groupname, username })
  for (const [name, value] of SYSCTLS) add(rows, 'sysctls', { name, current_value: value })
  for (const [kind, address, value] of [
    ['hosts', '127.0.0.1', 'localhost'],
    ['hosts', '::1', 'ip6-localhost ip6-loopback'],
    ['hosts', 'fe00::0', 'ip6-localnet'],
    ['nameserver', '127.0.0.53', ''],
    ['search', 'ec2.internal', '']
  ] as const)
    add(rows, 'name_resolution', { kind, address, value })
  for (const [chain, policy] of [
    ['INPUT', 'DROP'],
    ['FORWARD', 'DROP'],
    ['OUTPUT', 'ACCEPT']
  ] as const)
    add(rows, 'firewall', firewallRule(chain, policy, '', ''))
  for (const dst of ['22', '443', '9100']) add(rows, 'firewall', firewallRule('INPUT', '', 'ACCEPT', dst))
  for (const suite of ['bookworm', 'bookworm-updates', 'bookworm-security'])
    add(rows, 'package_sources', { base_uri: 'https://packages.example/debian', release: suite, name: '' })
  for (const name of kept(PACKAGES, 11))
    add(rows, 'packages', { name, kind: distribution === 'amazon' ? 'rpm' : 'deb' })
  for (let extra = 0; extra < generation * 4; extra++)
    add(rows, 'packages', { name: `libgen${generation}-${extra}`, kind: 'deb' })
  add(
    rows,
    'outbound',
    outbound(own('/usr/bin/amazon-ssm-agent'), 443, '52.94.0.10'),
    outbound('/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent', 443, '52.94.0.11')
  )
  return rows
}

function firewallRule(chain: string, policy: string, target: string, dst: string) {
  return {
    filter_name: 'filter',
    chain,
    policy,
    target,
    protocol: dst === '' ? '' : '6',
    src_port: '',
    dst_port: dst,
    src_ip: '0.0.0.0',
    dst_ip: '0.0.0.0',
    iniface: 'all',
    outiface: 'all'
  }
}
