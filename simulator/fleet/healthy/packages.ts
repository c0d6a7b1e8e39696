import { addRow, type SimulatedHost } from '../host.ts'

const PACKAGES =
  `adduser apparmor apt auditd base-files bash bsdutils ca-certificates chrony coreutils cron curl dash debianutils dpkg e2fsprogs
   findutils gpgv grep gzip hostname init iproute2 iptables kmod less libc6 libpam-modules libpam-runtime libpam-systemd libssl3 login logrotate
   lsb-base man-db mount nano nginx openssh-client openssh-server openssl passwd perl-base procps python3 python3.11 rsyslog sed sudo
   systemd systemd-sysv tar tzdata udev unattended-upgrades util-linux vim-common vim-tiny wget zlib1g osquery amazon-ssm-agent`.split(
    /\s+/
  )

/** Installed packages. @param patched whether the last upgrade is installed */
export function addPackages(host: SimulatedHost, patched: boolean): void {
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

/** Packages of files whose name is not that of their package, by path. */
const OWNERS: Readonly<Record<string, string>> = {
  '/usr/sbin/sshd': 'openssh-server',
  '/usr/bin/ssh': 'openssh-client',
  '/usr/bin/udevadm': 'udev',
  '/usr/bin/dbus-daemon': 'dbus-bin',
  '/usr/sbin/chronyd': 'chrony',
  '/usr/sbin/rsyslogd': 'rsyslog',
  '/usr/bin/python3.11': 'python3.11-minimal',
  '/usr/bin/ssm-agent-worker': 'amazon-ssm-agent',
  '/usr/sbin/agetty': 'util-linux',
  '/etc/cron.daily/apt-compat': 'apt',
  '/etc/pam.d/sshd': 'openssh-server',
  '/etc/pam.d/su': 'util-linux'
}
const FILE_OF_PACKAGE =
  /^\/usr\/(?:s?bin|lib|libexec)\/|^\/etc\/(?:cron\.\w+|pam\.d\/(?!common-)|modprobe\.d)/

/**
 * Lists the files of the packages: the programs that run, and what lies in the folders that packages fill. Call it when
 * these are there, and before anybody adds others.
 */
export function addPackageFiles(host: SimulatedHost): void {
  const files = new Set((host.tables.file ?? []).map(({ path }) => String(path)))
  for (const { path } of host.tables.processes ?? [])
    if (FILE_OF_PACKAGE.test(String(path)) && !files.has(String(path))) {
      addRow(host, 'file', { path: String(path), type: 'regular', mode: '0755', uid: 0, symlink: 0 })
      files.add(String(path))
    }
  for (const path of files)
    if (FILE_OF_PACKAGE.test(path)) addRow(host, 'deb_package_files', { path, package: ownerOf(path) })
}

const ownerOf = (path: string): string =>
  OWNERS[path] ?? (path.startsWith('/usr/lib/systemd/') ? 'systemd' : (path.split('/').at(-1) ?? ''))

/** A package that only this host has, for a good reason. */
export function addTool(host: SimulatedHost, name: string): void {
  addRow(host, 'deb_packages', { name, version: '1.0-1', status: 'install ok installed', arch: 'amd64' })
}
