import { addListener, addProcess, addRow, addUnit, type SimulatedHost } from '../host.ts'
import type { Random } from '../random.ts'
import { leaveSsmUser, openSshSession, runUpgrade } from './activity.ts'

/** A systemd unit that runs on every host. */
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

/**
 * The units that run, their processes and ports, and what happens to be going on at the moment.
 * @param booted seconds since 1970
 * @param patched whether the last upgrade is installed
 */
export function addServices(host: SimulatedHost, random: Random, booted: number, patched: boolean): void {
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
    if (service.unit === 'ssh.service') {
      for (const library of ['libc.so.6', 'libpam.so.0.85.1', 'libcrypto.so.3'])
        addRow(host, 'process_memory_map', {
          pid: main,
          permissions: 'r-xp',
          path: `/usr/lib/x86_64-linux-gnu/${library}`
        })
    }
    for (const [protocol, listening, port] of service.ports ?? [])
      addListener(host, random, main, protocol, listening, port)
    addUnit(
      host,
      service.unit,
      service.unit === 'checkout.service' || service.unit === 'node-exporter.service'
        ? '/etc/systemd/system'
        : '/lib/systemd/system',
      'active',
      'enabled'
    )
  }
  addListener(host, random, 0, 17, '0.0.0.0', random.between(33_000, 60_000))
  addProcess(host, {
    pid: pid + 5,
    path: '/usr/sbin/agetty',
    cmdline: '/sbin/agetty -o -p -- \\u --noclear tty1 linux',
    cgroup_path: '/system.slice/system-getty.slice'
  })
  for (const timer of ['apt-daily', 'apt-daily-upgrade', 'logrotate', 'man-db', 'fstrim']) {
    addUnit(host, `${timer}.timer`, '/lib/systemd/system', 'active', 'enabled')
    addUnit(
      host,
      `${timer}.service`,
      '/lib/systemd/system',
      random.chance(0.05) ? 'activating' : 'inactive',
      'static'
    )
  }
  addUnit(host, 'apparmor.service', '/lib/systemd/system', 'active', 'enabled')
  if (random.chance(0.1))
    addUnit(host, 'systemd-hostnamed.service', '/lib/systemd/system', 'active', 'static')
  if (patched) {
    // A daemon that was not restarted after the upgrade still runs the file that was replaced.
    const cron = host.tables.processes?.find(process => process.path === '/usr/sbin/cron')
    if (cron !== undefined && random.chance(0.5)) cron.on_disk = 0
  }
  if (random.chance(0.06)) runUpgrade(host, random)
  if (random.chance(0.08)) openSshSession(host, random)
  if (random.chance(0.12)) leaveSsmUser(host, random)
}
