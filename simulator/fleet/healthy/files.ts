import { addFile, addRow, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'

const SETUID_PROGRAMS = 'chfn chsh gpasswd mount newgrp passwd su sudo umount'.split(' ')

/** Files with their digests, cron jobs and mounts. @param patched whether the last upgrade is installed */
export function addFiles(host: SimulatedHost, random: Random, patched: boolean): void {
  addRow(host, 'file', {
    path: '/usr/bin',
    directory: '/usr',
    type: 'directory',
    mode: '0755',
    uid: 0,
    symlink: 0
  })
  for (const name of SETUID_PROGRAMS) addFile(host, `/usr/bin/${name}`, name, { mode: '4755' })
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
  for (const name of ['ps', 'top', 'ss', 'ls', 'find', 'bash', 'curl'])
    addFile(host, `/usr/bin/${name}`, name, { mode: '0755' })
  addFile(host, '/usr/sbin/cron', 'cron', { mode: '0755' })
  for (const name of ['unix', 'deny', 'permit', 'systemd', 'limits'])
    addFile(host, `/usr/lib/x86_64-linux-gnu/security/pam_${name}.so`, `pam_${name}`)
  addConfiguration(host)
  addStartUp(host)
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

/** Configuration of what watches, filters and installs. */
function addConfiguration(host: SimulatedHost): void {
  for (const path of [
    '/etc/audit/auditd.conf',
    '/etc/audit/rules.d/audit.rules',
    '/etc/rsyslog.conf',
    '/etc/systemd/journald.conf',
    '/etc/osquery/osquery.conf',
    '/etc/nftables.conf',
    '/etc/apt/sources.list',
    '/etc/apt/trusted.gpg.d/debian-archive-bookworm-stable.asc',
    '/usr/local/share/ca-certificates/acme-root.crt'
  ])
    addFile(host, path, path)
}

/** Units, links and start-up files that a healthy host has. */
function addStartUp(host: SimulatedHost): void {
  addFile(host, '/etc/systemd/system/nginx.service.d/limits.conf', 'nginx limits')
  addFile(host, '/usr/lib/systemd/system/logrotate.service', 'logrotate unit')
  for (const unit of ['checkout.service', 'node-exporter.service', 'cron.service', 'rsyslog.service'])
    addRow(host, 'file', {
      path: `/etc/systemd/system/multi-user.target.wants/${unit}`,
      type: 'regular',
      mode: '0644',
      uid: 0,
      symlink: 1
    })
  addFile(host, '/home/alice/.bashrc', 'skel bashrc', { uid: 1000 })
  addFile(host, '/etc/logrotate.d/rsyslog', 'logrotate rsyslog')
}
