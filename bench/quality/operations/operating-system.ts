import type { Random } from '../../../simulator/fleet/random.ts'
import type { HostFacts } from '../../../src/snapshot/snapshot.ts'
import { words } from '../fleet/rows.ts'
import { KERNEL_SETTINGS } from '../kernel-settings.ts'
import { addAccount, addCron, addUnit, type HostState, run, tcp, write } from './state.ts'

/** The operating system that a fleet runs on. */
export interface Distribution {
  readonly id: 'ubuntu' | 'amzn' | 'rhel'
  readonly version: string
  readonly login: string
  readonly library: string
  readonly cron: string
  readonly packageFolder: string
}

export const DISTRIBUTIONS: readonly Distribution[] = [
  {
    id: 'ubuntu',
    version: '24.04',
    login: 'ubuntu',
    library: '/usr/lib/x86_64-linux-gnu',
    cron: 'cron',
    packageFolder: 'apt'
  },
  {
    id: 'amzn',
    version: '2023',
    login: 'ec2-user',
    library: '/usr/lib64',
    cron: 'crond',
    packageFolder: 'dnf'
  },
  {
    id: 'rhel',
    version: '9',
    login: 'cloud-user',
    library: '/usr/lib64',
    cron: 'crond',
    packageFolder: 'dnf'
  }
]

const MODULES =
  words(`ext4 jbd2 mbcache nvme nvme_core ena autofs4 dm_multipath efi_pstore ip_tables x_tables nf_tables
  nfnetlink overlay aesni_intel crypto_simd cryptd ghash_clmulni_intel polyval_generic sch_fq_codel msr drm fuse
  binfmt_misc intel_rapl_common intel_rapl_msr rapl psmouse serio_raw input_leds parport_pc lp ppdev qemu_fw_cfg
  virtio_rng raid10 raid456 async_pq libcrc32c xfs isofs`)
const DAEMONS =
  words(`systemd/systemd-journald systemd/systemd-udevd systemd/systemd-logind systemd/systemd-networkd
  systemd/systemd-resolved polkit-1/polkitd`)
const UNITS =
  words(`dbus ssh systemd-journald systemd-udevd systemd-logind systemd-networkd systemd-resolved polkit
  getty-static networkd-dispatcher lvm2-monitor systemd-sysctl systemd-modules-load systemd-random-seed systemd-remount-fs
  systemd-tmpfiles-setup systemd-update-utmp systemd-user-sessions kmod-static-nodes cloud-init cloud-config cloud-final
  cloud-init-local keyboard-setup console-setup finalrd setvtrgb blk-availability apport irqbalance acpid
  multipathd ua-reboot-cmds rpcbind sysstat`)
const TIMERS = words(
  `logrotate man-db fstrim systemd-tmpfiles-clean motd-news sysstat-collect dpkg-db-backup`
)
const PACKAGES =
  words(`adduser base-files bash bsdutils ca-certificates coreutils cpio curl dash dbus debianutils
  diffutils dmsetup e2fsprogs ethtool file findutils gawk gpg grep gzip hostname init iproute2 iptables iputils-ping jq
  kmod less libc6 libpam-modules libssl3 libsystemd0 locales login logrotate lsof man-db mawk mount nano ncurses-base
  net-tools openssh-client openssh-server openssl passwd patch perl-base procps psmisc python3 python3-minimal
  readline-common rsync sed sudo sysstat systemd tar tzdata udev util-linux vim wget xz-utils zlib1g parted screen tmux`)
const CORE: readonly (readonly [path: string, name: string])[] = [
  ['/usr/sbin/sshd', 'openssh-server'],
  ['/usr/bin/ssh', 'openssh-client'],
  ['/usr/bin/sudo', 'sudo'],
  ['/usr/bin/su', 'util-linux'],
  ['/usr/bin/login', 'login'],
  ['/usr/bin/passwd', 'passwd'],
  ['/usr/bin/ps', 'procps'],
  ['/usr/bin/top', 'procps'],
  ['/usr/bin/ss', 'iproute2'],
  ['/usr/bin/ls', 'coreutils'],
  ['/usr/bin/find', 'findutils'],
  ['/usr/bin/bash', 'bash'],
  ['/usr/bin/curl', 'curl'],
  ['/usr/lib/systemd/systemd', 'systemd']
]
const PAM =
  words(`unix deny permit env limits access faildelay loginuid nologin motd mail namespace rootok securetty
  selinux shells succeed_if time umask wheel xauth exec echo group issue keyinit lastlog listfile pwhistory rhosts`)
const SETUID = words(`/usr/bin/sudo /usr/bin/su /usr/bin/passwd /usr/bin/chsh /usr/bin/chfn /usr/bin/newgrp
  /usr/bin/gpasswd /usr/bin/mount /usr/bin/umount /usr/lib/openssh/ssh-keysign /usr/bin/fusermount3`)
const ACCOUNTS = words(`daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody
  systemd-network systemd-resolve messagebus sshd syslog polkitd tcpdump`)
const FILES =
  words(`/etc/profile /etc/bash.bashrc /etc/environment /root/.bashrc /root/.profile /etc/init.d/ssh
  /etc/init.d/udev /etc/init.d/procps /etc/profile.d/bash_completion.sh /etc/profile.d/cloud.sh
  /etc/update-motd.d/00-header /etc/update-motd.d/50-news /etc/cron.daily/logrotate /etc/cron.daily/man-db
  /etc/cron.weekly/man-db /etc/udev/rules.d/70-net.rules /etc/modprobe.d/blacklist.conf /etc/modprobe.d/hardening.conf
  /etc/modules-load.d/modules.conf /etc/ld.so.conf /etc/ld.so.conf.d/libc.conf /etc/pam.d/common-auth
  /etc/pam.d/common-account /etc/pam.d/common-password /etc/pam.d/common-session /etc/pam.d/login /etc/pam.d/sshd
  /etc/pam.d/su /etc/pam.d/sudo /etc/pam.d/passwd /etc/pam.d/other /etc/ssh/sshd_config
  /etc/ssh/sshd_config.d/50-cloud.conf /etc/nsswitch.conf /etc/security/access.conf /etc/security/limits.conf`)
const SYSCTLS: readonly (readonly [name: string, value: string])[] = [
  ['kernel.core_pattern', '|/usr/share/apport/apport -p%p'],
  ...KERNEL_SETTINGS,
  ['fs.suid_dumpable', '0']
]

/**
 * A freshly booted host. `build` names the image: a later one has other contents and versions, and some packages,
 * modules and units more.
 */
export function bootHost(
  { id, version, login, library, cron, packageFolder }: Distribution,
  build: number
): HostState {
  const host: HostState = {
    facts: { ...NO_FACTS, os: id, osVersion: version },
    packages: new Map(PACKAGES.map(name => [name, `${2 + (name.length % 5)}.${name.length}-${1 + build}`])),
    processes: [],
    units: new Map(),
    cron: [],
    files: new Map(),
    binaries: new Map(),
    modules: new Set(MODULES),
    taints: new Set(),
    setuid: new Set(SETUID),
    capabilities: new Map([['/usr/bin/ping', 'cap_net_raw=ep']]),
    accounts: new Map(),
    sudoers: [
      { header: 'root', rule: 'ALL=(ALL:ALL) ALL', source: '/etc/sudoers' },
      { header: '%sudo', rule: 'ALL=(ALL:ALL) ALL', source: '/etc/sudoers' },
      { header: 'Defaults', rule: 'env_reset', source: '/etc/sudoers' },
      { header: login, rule: 'ALL=(ALL) NOPASSWD:ALL', source: '/etc/sudoers.d/90-cloud-init' }
    ],
    sysctls: new Map(SYSCTLS),
    bootArguments: new Set(),
    names: [
      { kind: 'hosts', address: '127.0.0.1', value: 'localhost' },
      { kind: 'hosts', address: '::1', value: 'ip6-localhost ip6-loopback' },
      { kind: 'nameserver', address: '127.0.0.53', value: '' }
    ],
    firewall: [
      { chain: 'INPUT', policy: 'DROP', target: '', port: '' },
      { chain: 'FORWARD', policy: 'DROP', target: '', port: '' },
      { chain: 'INPUT', policy: '', target: 'ACCEPT', port: '22' }
    ],
    sources: ['main', 'updates', 'security'].map(release => ({
      uri: `https://mirror.example/${id}`,
      release
    })),
    procMounts: [],
    booting: false
  }
  for (const daemon of DAEMONS) run(host, `/usr/lib/${daemon}`)
  run(host, '/usr/sbin/sshd', { listens: [tcp(22)] })
  run(host, `/usr/sbin/${cron}`)
  run(host, '/usr/bin/dbus-daemon', { user: 'messagebus' })
  for (const name of [...UNITS, cron]) addUnit(host, `${name}.service`)
  for (const name of TIMERS) addUnit(host, `${name}.timer`)
  for (const path of FILES)
    write(host, path, path.length % 3 === 0 ? `${path} ${id} ${build}` : `${path} ${id}`)
  write(
    host,
    `/etc/${packageFolder}/${id === 'ubuntu' ? 'apt.conf.d/50unattended' : 'plugins/core'}`,
    `${id}`
  )
  for (const [path, name] of CORE)
    host.binaries.set(path, { package: name, content: `${path} ${host.packages.get(name)}` })
  for (const name of PAM)
    host.binaries.set(`${library}/security/pam_${name}.so`, {
      package: 'libpam-modules',
      content: `${name} ${host.packages.get('libpam-modules')}`
    })
  addAccount(host, 'root', { uid: 0, shell: '/bin/bash', groups: ['root'] })
  for (const [index, name] of ACCOUNTS.entries()) addAccount(host, name, { uid: index + 1 })
  addAccount(host, login, {
    uid: 1000,
    shell: '/bin/bash',
    groups: ['adm', 'sudo'],
    keys: [{ text: 'AAAAC3NzaC1lZDI1NTE5provisioning', options: '', comment: 'provisioning' }]
  })
  addCron(host, '/etc/crontab', 'root cd / && run-parts --report /etc/cron.hourly')
  addCron(host, '/etc/crontab', 'root test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily')
  addCron(host, '/etc/cron.d/sysstat', 'root /usr/lib/sysstat/sa1 1 1')
  for (let later = 1; later <= build; later++) {
    host.modules.add(`mlx${4 + later}_core`)
    host.packages.set(`libnew${later}`, `1.${later}`)
    host.packages.delete(PACKAGES[later * 7] ?? '')
    addUnit(host, `systemd-feature${later}.socket`)
    write(host, `/etc/modprobe.d/build${later}.conf`, 'options')
  }
  return host
}

const NO_FACTS: HostFacts = {
  hostname: null,
  fqdn: null,
  addresses: [],
  macs: [],
  machineId: null,
  bootId: null,
  os: null,
  osVersion: null,
  arch: 'x86_64',
  osqueryVersion: '5.23.0',
  root: true
}

/** Gives a host its own name, addresses and identifiers. */
export function identify(host: HostState, random: Random, hostname: string | null): HostState {
  const address = `10.${random.between(8, 60)}.${random.between(0, 250)}.${random.between(4, 250)}`
  const name = hostname ?? `ip-${address.replaceAll('.', '-')}`
  const facts = {
    ...host.facts,
    hostname: name,
    fqdn: `${name}.internal`,
    addresses: [address],
    macs: [`02:${[0, 0, 0, 0, 0].map(() => random.hex(2)).join(':')}`],
    machineId: random.hex(32),
    bootId: `${random.hex(8)}-${random.hex(4)}-${random.hex(4)}-${random.hex(4)}-${random.hex(12)}`
  }
  return {
    ...host,
    facts,
    names: [...host.names, { kind: 'hosts', address, value: `${name}.internal ${name}` }]
  }
}
