import {
  addFile,
  addListener,
  addProcess,
  addRow,
  addUnit,
  type SimulatedHost
} from '../../simulator/fleet/host.ts'
import { seededRandom } from '../../simulator/fleet/random.ts'
import { instance, load, NEW_PID, pidOf, run, VENDOR_UNITS } from './host-changes.ts'

/** What happens on healthy hosts, and on how many of 60 at once. */
export interface Oddity {
  readonly what: string
  readonly hosts: number
  happens(host: SimulatedHost): void
}

const random = seededRandom(11)

const modules =
  (...names: string[]) =>
  (host: SimulatedHost) => {
    load(host, ...names)
  }

/** An event on so many hosts. */
export const event = (hosts: number, what: string, happens: (host: SimulatedHost) => void): Oddity => ({
  what,
  hosts,
  happens
})

export const ODDITIES: readonly Oddity[] = [
  {
    what: 'somebody who ran `ss -a`',
    hosts: 1,
    happens: modules('tcp_diag', 'udp_diag', 'inet_diag', 'raw_diag')
  },
  {
    what: 'somebody who ran `iptables -L`',
    hosts: 1,
    happens: modules('nft_compat', 'x_tables', 'xt_conntrack')
  },
  { what: 'a file system that was mounted once', hosts: 2, happens: modules('vfat', 'fat', 'nls_ascii') },
  {
    what: 'a health check of a container that starts',
    hosts: 1,
    happens: host => {
      const parent = run(host, '/usr/bin/containerd-shim-runc-v2', 'containerd-shim-runc-v2', {
        cgroup_path: '/system.slice/containerd.service'
      })
      addProcess(host, {
        pid: NEW_PID + 1,
        parent,
        path: '/memfd:runc_cloned:/proc/self/exe',
        name: 'runc',
        cmdline: 'runc init',
        on_disk: 0
      })
    }
  },
  {
    what: 'a task of ECS, whose control group has no name that one knows',
    hosts: 1,
    happens: host => {
      const osquery = Number(host.tables.osquery_info?.[0]?.pid)
      addRow(host, 'process_namespaces', { pid: osquery, pid_namespace: '4026531836' })
      addRow(host, 'process_namespaces', { pid: NEW_PID, pid_namespace: '4026532999' })
      run(host, '/app/server', '/app/server', { on_disk: 0, cgroup_path: '/ecs/0f3c/7d1a', uid: 1_000 })
    }
  },
  {
    what: 'a process that exits while it is read',
    hosts: 1,
    happens: host =>
      addProcess(host, { pid: NEW_PID, path: '', cmdline: '', name: 'dash', state: 'Z', parent: 700 })
  },
  {
    what: 'a unit of Ubuntu Pro that apt started',
    hosts: 1,
    happens: host => {
      addUnit(host, 'apt-news.service', VENDOR_UNITS, 'inactive', 'static')
      addUnit(host, 'esm-cache.service', VENDOR_UNITS, 'inactive', 'static')
    }
  },
  {
    what: 'a second network interface',
    hosts: 2,
    happens: host => {
      addRow(host, 'systemd_units', instance('policy-routes@ens6.service', 'policy-routes@.service'))
      addRow(
        host,
        'systemd_units',
        instance('refresh-policy-routes@ens6.service', 'refresh-policy-routes@.service')
      )
    }
  },
  {
    what: 'a connection to sshd by socket activation',
    hosts: 1,
    happens: host =>
      addRow(host, 'systemd_units', instance('sshd@4-10.0.0.9:22-10.9.0.4:50022.service', 'sshd@.service'))
  },
  {
    what: 'a service that D-Bus started',
    hosts: 3,
    happens: host => addUnit(host, 'packagekit.service', VENDOR_UNITS, 'active', 'static')
  },
  {
    what: 'hidden files of tools in `/tmp`',
    hosts: 1,
    happens: host => {
      for (const name of ['.java_pid4711', '.pip-ab12cd', '.org.chromium.x'])
        addRow(host, 'file', { path: `/tmp/${name}`, type: 'regular', mode: '0600', uid: 1_000 })
    }
  },
  {
    what: 'a shell of Java for a moment',
    hosts: 1,
    happens: host =>
      run(host, '/usr/bin/dash', 'sh -c df -k', {
        parent: pidOf(host, '/opt/checkout/jre/bin/java'),
        uid: 998
      })
  },
  {
    what: 'a ping',
    hosts: 1,
    happens: host => {
      run(host, '/usr/bin/ping', 'ping -c 3 10.0.0.2', {
        uid: 1_000,
        cgroup_path: '/user.slice/user-1000.slice'
      })
      addListener(host, random, NEW_PID, 255, '0.0.0.0', 1)
    }
  },
  {
    what: 'an upgrade of packages at night',
    hosts: 3,
    happens: host => {
      const cgroup_path = '/system.slice/apt-daily-upgrade.service'
      run(host, '/usr/bin/dash', '/bin/sh /usr/lib/apt/apt.systemd.daily install', { cgroup_path })
      addProcess(host, {
        pid: NEW_PID + 1,
        parent: NEW_PID,
        path: '/usr/bin/dpkg',
        cmdline: 'dpkg --configure -a',
        cgroup_path
      })
      addProcess(host, {
        pid: NEW_PID + 2,
        parent: NEW_PID + 1,
        path: '/usr/bin/dash',
        cmdline: 'sh postinst',
        cgroup_path
      })
    }
  },
  {
    what: 'an upgrade of systemd on some hosts, with another `pam_systemd.so`',
    hosts: 4,
    happens: host => {
      for (const row of host.tables.hash ?? [])
        if (String(row.path).endsWith('/pam_systemd.so')) row.sha256 = 'b'.repeat(64)
      addRow(host, 'deb_packages', {
        name: 'libpam-systemd',
        version: '252.31',
        status: 'install ok installed'
      })
    }
  },
  {
    what: 'an administrator with an editor and a monitor',
    hosts: 1,
    happens: host => {
      const cgroup_path = '/user.slice/user-1000.slice/session-7.scope'
      const parent = run(host, '/usr/bin/bash', '-bash', { uid: 1_000, cgroup_path })
      addProcess(host, {
        pid: NEW_PID + 1,
        parent,
        path: '/usr/bin/vim.basic',
        cmdline: 'vim',
        uid: 1_000,
        cgroup_path
      })
      addProcess(host, {
        pid: NEW_PID + 2,
        parent,
        path: '/usr/bin/htop',
        cmdline: 'htop',
        uid: 1_000,
        cgroup_path
      })
    }
  },
  {
    what: 'a library that Java unpacks',
    hosts: 2,
    happens: host =>
      addRow(host, 'process_memory_map', {
        pid: pidOf(host, '/opt/checkout/jre/bin/java'),
        permissions: 'r-xp',
        path: '/tmp/libnetty_transport_native_epoll_x86_643921.so'
      })
  },
  {
    what: 'a drop-in that one team needs',
    hosts: 1,
    happens: host => addFile(host, '/etc/systemd/system/chrony.service.d/limits.conf', 'limits')
  },
  {
    what: 'an osquery that the run brought',
    hosts: 4,
    happens: host => {
      const folder = '/tmp/fleet-drift.6255d08df56afd7b7f8eb70a.i-0a/osquery.d/opt/osquery/bin'
      const cgroup_path = '/system.slice/amazon-ssm-agent.service'
      run(host, '/usr/bin/dash', '/bin/sh _script.sh', {
        cgroup_path,
        parent: pidOf(host, '/usr/bin/amazon-ssm-agent')
      })
      addProcess(host, {
        pid: NEW_PID + 1,
        parent: NEW_PID,
        path: '/usr/bin/timeout',
        cmdline: 'timeout -k 5 60 nice',
        cgroup_path
      })
      addProcess(host, {
        pid: NEW_PID + 2,
        parent: NEW_PID + 1,
        path: `${folder}/osqueryd`,
        name: 'osqueryi',
        cmdline: 'osqueryi /dev/tcp/',
        cgroup_path
      })
      host.tables.osquery_info = [{ version: '5.23.1', pid: NEW_PID + 2 }]
    }
  }
]
