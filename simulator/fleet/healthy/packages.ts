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

/** A package that only this host has, for a good reason. */
export function addTool(host: SimulatedHost, name: string): void {
  addRow(host, 'deb_packages', { name, version: '1.0-1', status: 'install ok installed', arch: 'amd64' })
}
