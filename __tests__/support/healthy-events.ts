import { addFile, addListener, addProcess, addRow, addUnit, digestOf } from '../../simulator/fleet/host.ts'
import { seededRandom } from '../../simulator/fleet/random.ts'
import {
  change,
  connect,
  install,
  instance,
  load,
  NEW_PID,
  own,
  pidOf,
  run,
  runChain,
  VENDOR_UNITS
} from './host-changes.ts'
import { event, type Oddity } from './pack-oddities.ts'

const random = seededRandom(23)
const SESSION = { uid: 1_000, cgroup_path: '/user.slice/user-1000.slice/session-7.scope' }
const PUBLIC = '198.51.100.20'

/** More of what happens on healthy hosts: one kind of each that the first list does not have. */
export const HEALTHY_EVENTS: readonly Oddity[] = [
  event(6, 'a live patch of the kernel', host => load(host, 'livepatch_6_1_0_26')),
  event(1, 'a share of Windows that was mounted', host =>
    load(host, 'cifs', 'cifs_arc4', 'cifs_md4', 'dns_resolver', 'netfs', 'fscache')
  ),
  event(1, 'a file system of NFS', host => load(host, 'nfsv4', 'nfs', 'lockd', 'grace', 'sunrpc', 'fscache')),
  event(1, 'a tunnel of WireGuard', host =>
    load(host, 'wireguard', 'ip6_udp_tunnel', 'udp_tunnel', 'libcurve25519_generic', 'libblake2s')
  ),
  event(2, 'a disk that was added', host => {
    load(host, 'xfs', 'libcrc32c', 'raid6_pq', 'xor')
    addRow(host, 'systemd_units', {
      ...instance('mnt-data.mount', 'x'),
      fragment_path: '/run/systemd/generator/mnt-data.mount',
      unit_file_state: 'generated'
    })
    addRow(
      host,
      'systemd_units',
      instance('systemd-fsck@dev-nvme1n1.service', 'systemd-fsck@.service', { active_state: 'inactive' })
    )
  }),
  event(1, 'Docker that somebody started', host => {
    load(host, 'overlay', 'br_netfilter', 'bridge', 'stp', 'llc', 'veth', 'xt_MASQUERADE', 'nf_nat')
    run(host, '/usr/bin/dockerd', 'dockerd -H fd://', { cgroup_path: '/system.slice/docker.service' })
    addUnit(host, 'docker.service', VENDOR_UNITS, 'active', 'enabled')
    addUnit(host, 'docker.socket', VENDOR_UNITS, 'active', 'enabled')
    install(host, 'docker-ce', 'containerd.io', 'docker-ce-cli')
  }),
  event(1, 'a rule that Docker wrote', host => {
    for (const target of ['DOCKER-USER', 'DOCKER-ISOLATION-STAGE-1', 'ACCEPT', 'DOCKER'])
      addRow(host, 'iptables', {
        filter_name: 'filter',
        chain: 'FORWARD',
        policy: '',
        target,
        protocol: 0,
        iniface: target === 'ACCEPT' ? 'docker0' : '',
        outiface: target.startsWith('DOCKER') ? '' : 'docker0'
      })
  }),
  event(1, 'a rule that fail2ban wrote', host =>
    addRow(host, 'iptables', {
      filter_name: 'filter',
      chain: 'INPUT',
      policy: '',
      target: 'f2b-sshd',
      protocol: 6,
      dst_port: '22:22'
    })
  ),
  event(1, 'a container of Podman that starts', host => {
    const parent = run(host, '/usr/bin/conmon', 'conmon --api-version 1', {
      cgroup_path: '/machine.slice/libpod-conmon-1a2b.scope'
    })
    addProcess(host, {
      pid: NEW_PID + 1,
      parent,
      path: '/memfd:crun_cloned:/proc/self/exe',
      name: 'crun',
      cmdline: 'crun init',
      on_disk: 0
    })
  }),
  event(1, 'a container of the Docker snap that starts', host => {
    const parent = run(host, '/snap/docker/2915/bin/containerd-shim-runc-v2', 'containerd-shim-runc-v2', {
      cgroup_path: '/system.slice/snap.docker.dockerd.service'
    })
    addProcess(host, {
      pid: NEW_PID + 1,
      parent,
      path: '/memfd:runc_cloned:/proc/self/exe',
      name: 'runc',
      cmdline: 'runc init',
      on_disk: 0
    })
  }),
  event(1, 'containers of a job that ended before the others', host => {
    addRow(host, 'process_namespaces', {
      pid: Number(host.tables.osquery_info?.[0]?.pid),
      pid_namespace: '1'
    })
    for (const [at, path] of ['/usr/local/bin/python3.12', '/bin/busybox', '/app/worker'].entries()) {
      addRow(host, 'process_namespaces', { pid: NEW_PID + at, pid_namespace: '2' })
      run(host, path, path, {
        pid: NEW_PID + at,
        uid: 1_001,
        on_disk: 0,
        cgroup_path: '/system.slice/docker-0f3c.scope'
      })
    }
  }),
  event(1, 'a core dump', host => {
    addRow(host, 'systemd_units', instance('systemd-coredump@0-4711-0.service', 'systemd-coredump@.service'))
    addUnit(host, 'systemd-coredump.socket', VENDOR_UNITS, 'active', 'static')
    run(host, '/usr/lib/systemd/systemd-coredump', '/lib/systemd/systemd-coredump')
  }),
  event(1, 'logs that rotate', host => {
    runChain(
      host,
      [
        ['/usr/sbin/logrotate', '/usr/sbin/logrotate /etc/logrotate.conf'],
        ['/usr/bin/dash', 'sh -c /usr/lib/rsyslog/rsyslog-rotate logrotate_script /var/log/syslog'],
        ['/usr/bin/xz', '/usr/bin/xz']
      ],
      { cgroup_path: '/system.slice/logrotate.service' }
    )
    change(host, 'systemd_units', 'id', 'logrotate.service', { active_state: 'activating' })
  }),
  event(2, 'an upgrade that is half done', host => {
    runChain(
      host,
      [
        ['/usr/bin/python3.11', '/usr/bin/python3 /usr/bin/unattended-upgrade'],
        ['/usr/bin/dpkg', 'dpkg --configure -a'],
        ['/usr/bin/dash', '/bin/sh /var/lib/dpkg/info/openssh-server.postinst configure'],
        ['/usr/bin/perl', '/usr/bin/perl -w /usr/share/debconf/frontend']
      ],
      { cgroup_path: '/system.slice/apt-daily-upgrade.service' }
    )
    for (const row of host.tables.processes ?? []) if (row.path === '/usr/sbin/sshd') row.on_disk = 0
    addFile(host, '/etc/pam.d/sshd.dpkg-new', 'new pam')
    addFile(host, '/etc/ssh/sshd_config.ucf-dist', 'new sshd')
  }),
  event(3, 'what an upgrade left beside a changed file', host => {
    addFile(host, '/etc/apt/apt.conf.d/50unattended-upgrades.ucf-dist', 'distributed')
    addFile(host, '/etc/cron.daily/apt-compat.dpkg-dist', 'distributed')
  }),
  event(1, 'services that are looked over after an upgrade', host =>
    run(host, '/usr/bin/perl', '/usr/bin/perl /usr/sbin/needrestart -m u')
  ),
  event(1, 'a certificate that is renewed', host => {
    const pid = run(host, '/usr/bin/python3.11', '/usr/bin/python3 /usr/bin/certbot -q renew', {
      cgroup_path: '/system.slice/certbot.service'
    })
    connect(host, pid, PUBLIC)
    addUnit(host, 'certbot.service', VENDOR_UNITS, 'activating', 'static')
  }),
  event(1, 'a snap that refreshes', host => {
    load(host, 'squashfs')
    run(host, '/usr/lib/snapd/snapd', '/usr/lib/snapd/snapd')
    addUnit(host, 'snapd.service', VENDOR_UNITS, 'active', 'enabled')
    addUnit(host, 'snap.lxd.daemon.service', '/etc/systemd/system', 'active', 'enabled')
    addRow(host, 'file', { path: '/snap/lxd', type: 'directory', uid: 0 })
    addRow(host, 'file', { path: '/sys/fs/bpf/snap/', type: 'directory', uid: 0 })
    addRow(host, 'file', { path: '/sys/fs/bpf/snap/snap_lxd_daemon', type: 'regular', uid: 0 })
  }),
  event(2, 'a host that has just started', host => {
    host.tables.uptime = [{ total_seconds: 90 }]
    runChain(
      host,
      [
        ['/usr/bin/python3.11', '/usr/bin/python3 /usr/bin/cloud-init modules --mode=final'],
        ['/usr/bin/dash', '/bin/sh /var/lib/cloud/instance/scripts/part-001']
      ],
      { cgroup_path: '/system.slice/cloud-final.service' }
    )
    addUnit(host, 'cloud-final.service', VENDOR_UNITS, 'activating', 'enabled')
    const late = new Set(['nginx.service', 'checkout.service', 'node-exporter.service'])
    for (const unit of host.tables.systemd_units ?? [])
      if (late.has(String(unit.id)))
        Object.assign(unit, { active_state: 'activating', sub_state: 'start-pre' })
    host.tables.processes = (host.tables.processes ?? []).filter(
      ({ path }) => !/nginx|java|node_exporter/.test(String(path))
    )
    const pids = new Set(host.tables.processes.map(({ pid }) => pid))
    for (const table of ['listening_ports', 'process_open_sockets'])
      host.tables[table] = (host.tables[table] ?? []).filter(({ pid }) => pids.has(pid ?? 0))
  }),
  event(2, 'another clock service', host => {
    for (const table of ['systemd_units', 'processes', 'deb_packages'])
      host.tables[table] = (host.tables[table] ?? []).filter(row => !/chrony/.test(JSON.stringify(row)))
    const pids = new Set(host.tables.processes?.map(({ pid }) => pid))
    host.tables.listening_ports = (host.tables.listening_ports ?? []).filter(
      ({ pid, port }) => pids.has(pid ?? 0) || port !== 323
    )
    run(host, '/usr/lib/systemd/systemd-timesyncd', '/lib/systemd/systemd-timesyncd', { uid: 104 })
    addUnit(host, 'systemd-timesyncd.service', VENDOR_UNITS, 'active', 'enabled')
    install(host, 'systemd-timesyncd')
  }),
  event(1, 'somebody who debugs a service', host => {
    runChain(
      host,
      [
        ['/usr/bin/sudo', 'sudo strace -p 703'],
        ['/usr/bin/strace', 'strace -p 703']
      ],
      { ...SESSION, uid: 0 }
    )
    run(host, '/usr/bin/gdb', 'gdb -p 703', { ...SESSION, pid: NEW_PID + 9 })
  }),
  event(1, 'somebody who looks at packets', host => {
    const pid = runChain(
      host,
      [
        ['/usr/bin/sudo', 'sudo tcpdump -ni ens5 port 443'],
        ['/usr/bin/tcpdump', 'tcpdump -ni ens5 port 443']
      ],
      { ...SESSION, uid: 0 }
    )
    addRow(host, 'listening_ports', { pid, family: 17, protocol: 3, port: 0, address: '' })
  }),
  event(1, 'an editor of a person that is used from afar', host => {
    const pid = runChain(
      host,
      [
        ['/usr/bin/bash', 'bash /home/alice/.vscode-server/bin/1a2b/bin/code-server'],
        ['/home/alice/.vscode-server/bin/1a2b/node', 'node out/server-main.js']
      ],
      SESSION
    )
    addListener(host, random, pid, 6, '127.0.0.1', 41_771)
  }),
  event(1, 'a run of Ansible', host => {
    runChain(
      host,
      [
        ['/usr/bin/dash', "/bin/sh -c sudo -H -S -n -u root /bin/sh -c 'echo BECOME-SUCCESS'"],
        ['/usr/bin/sudo', 'sudo -H -S -n -u root /bin/sh'],
        ['/usr/bin/dash', '/bin/sh -c echo BECOME-SUCCESS-x ; /usr/bin/python3'],
        ['/usr/bin/python3.11', '/usr/bin/python3 /home/alice/.ansible/tmp/ansible-tmp-1/AnsiballZ_apt.py']
      ],
      { ...SESSION, uid: 0, parent: pidOf(host, '/usr/sbin/sshd') }
    )
  }),
  event(1, 'package lists that dnf reads', host =>
    connect(
      host,
      run(host, '/usr/bin/python3.9', '/usr/bin/python3 -s /usr/bin/dnf makecache --timer', {
        cgroup_path: '/system.slice/dnf-makecache.service'
      }),
      PUBLIC
    )
  ),
  event(1, 'a run of Puppet', host => {
    const pid = run(host, '/opt/puppetlabs/puppet/bin/ruby', 'puppet agent: applying configuration', {
      cgroup_path: '/system.slice/puppet.service'
    })
    connect(host, pid, '10.20.3.9', { remote_port: 8_140 })
  }),
  event(1, 'a shell over Session Manager', host =>
    runChain(
      host,
      [
        ['/usr/bin/ssm-session-worker', '/usr/bin/ssm-session-worker alice-0a1b2c'],
        ['/usr/bin/dash', 'sh'],
        ['/usr/bin/sudo', 'sudo su -'],
        ['/usr/bin/bash', '-bash']
      ],
      {
        cgroup_path: '/system.slice/amazon-ssm-agent.service',
        parent: pidOf(host, '/usr/bin/amazon-ssm-agent')
      }
    )
  ),
  event(5, 'a vendor agent on a part of the fleet', host => {
    for (const [at, name] of ['agent', 'process-agent', 'trace-agent'].entries())
      connect(
        host,
        run(host, `/opt/datadog-agent/bin/${name}`, name, { pid: NEW_PID + at, uid: 995 }),
        PUBLIC
      )
    addUnit(host, 'datadog-agent.service', VENDOR_UNITS, 'active', 'enabled')
    install(host, 'datadog-agent')
    addRow(host, 'users', {
      username: 'dd-agent',
      uid: 995,
      shell: '/usr/sbin/nologin',
      directory: '/opt/datadog-agent'
    })
  }),
  event(1, 'an index of manual pages', host => {
    addRow(
      host,
      'systemd_units',
      instance('man-db-cache-update.service', 'man-db-cache-update.service', { active_state: 'activating' })
    )
    run(host, '/usr/bin/mandb', '/usr/bin/mandb --quiet', { uid: 6 })
  }),
  event(2, 'a service that the bus named', host => {
    addRow(
      host,
      'systemd_units',
      instance(
        'dbus-:1.3-org.freedesktop.problems@1.service',
        'dbus-:1.3-org.freedesktop.problems@.service',
        {
          fragment_path: '/run/systemd/transient/dbus-:1.3-org.freedesktop.problems@1.service',
          unit_file_state: 'transient'
        }
      )
    )
    addUnit(host, 'NetworkManager-dispatcher.service', VENDOR_UNITS, 'active', 'enabled')
  }),
  event(1, 'a job that somebody started as a unit', host => {
    addRow(
      host,
      'systemd_units',
      instance('run-u4711.service', 'x', {
        fragment_path: '/run/systemd/transient/run-u4711.service',
        unit_file_state: 'transient'
      })
    )
    run(host, '/usr/bin/rsync', 'rsync -a /srv /backup', { cgroup_path: '/system.slice/run-u4711.service' })
  }),
  event(1, 'a person whose services linger', host => {
    for (const [at, path] of [
      '/usr/lib/systemd/systemd',
      '/usr/bin/dbus-daemon',
      '/usr/bin/gpg-agent'
    ].entries())
      run(host, path, path, {
        pid: NEW_PID + at,
        uid: 1_000,
        cgroup_path: '/user.slice/user-1000.slice/user@1000.service/app.slice'
      })
    addRow(host, 'systemd_units', instance('user@1000.service', 'user@.service'))
  }),
  event(2, 'a service with another memory allocator', host =>
    addRow(host, 'process_envs', {
      pid: pidOf(host, '/opt/checkout/jre/bin/java'),
      key: 'LD_PRELOAD',
      value: '/usr/lib/x86_64-linux-gnu/libjemalloc.so.2'
    })
  ),
  event(3, 'an exporter that was replaced under its process', host => {
    for (const row of host.tables.processes ?? [])
      if (row.path === '/usr/local/bin/node_exporter') row.on_disk = 0
    addFile(host, '/usr/local/bin/node_exporter', 'a later exporter', { mode: '0755' })
  }),
  event(1, 'a host name that a team wrote down', host =>
    addRow(host, 'etc_hosts', { address: '10.20.7.7', hostnames: 'db-old.internal' })
  ),
  event(1, 'a resolver that DHCP gave', host =>
    addRow(host, 'dns_resolvers', { type: 'nameserver', address: '10.20.0.2', options: '705' })
  ),
  event(1, 'a file that an editor left', host =>
    addRow(host, 'file', { path: '/etc/.sudoers.swp', type: 'regular', mode: '0600', uid: 0 })
  ),
  event(1, 'a history of `/etc`', host => {
    addRow(host, 'file', { path: '/etc/.git/', type: 'directory', mode: '0700', uid: 0 })
    addRow(host, 'file', { path: '/etc/.etckeeper', type: 'regular', mode: '0700', uid: 0 })
  }),
  event(1, 'a network probe of a person', host => {
    const pid = run(host, '/usr/bin/mtr-packet', 'mtr-packet', { ...SESSION })
    addRow(host, 'listening_ports', { pid, family: 2, protocol: 255, port: 1, address: '0.0.0.0' })
  }),
  event(1, 'a lease that is renewed', host => {
    const pid = run(host, '/usr/sbin/dhclient', 'dhclient -4 ens6')
    addRow(host, 'listening_ports', { pid, family: 17, protocol: 3, port: 0, address: '' })
    addListener(host, random, pid, 17, '0.0.0.0', 68)
  }),
  event(1, 'ports that an SSH session forwards', host => {
    const pid = run(host, '/usr/sbin/sshd', 'sshd: alice@pts/0', { ...SESSION })
    addListener(host, random, pid, 6, '127.0.0.1', 6_010)
    addListener(host, random, pid, 6, '127.0.0.1', 15_432)
  }),
  event(1, 'a package with a setuid program', host => {
    addFile(host, '/usr/bin/ntfs-3g', 'ntfs-3g', { mode: '4755' })
    install(host, 'ntfs-3g', 'libntfs-3g89')
    own(host, 'ntfs-3g', '/usr/bin/ntfs-3g')
  }),
  event(1, 'a package with a capability', host => {
    addRow(host, 'extended_attributes', {
      path: '/usr/bin/dumpcap',
      directory: '/usr/bin',
      key: 'security.capability',
      value: 'cap_net_admin,cap_net_raw=eip'
    })
    install(host, 'wireshark-common', 'tshark')
  }),
  event(1, 'an audit of files', host =>
    run(host, '/usr/bin/aide', '/usr/bin/aide --check', {
      cgroup_path: '/system.slice/dailyaidecheck.service'
    })
  ),
  event(1, 'mail that a web application sends', host =>
    runChain(
      host,
      [
        ['/usr/bin/dash', 'sh -c /usr/sbin/sendmail -t -i'],
        ['/usr/sbin/exim4', '/usr/sbin/sendmail -t -i']
      ],
      { uid: 998, parent: pidOf(host, '/opt/checkout/jre/bin/java') }
    )
  ),
  event(1, 'a script of cron', host =>
    runChain(
      host,
      [
        ['/usr/bin/dash', '/bin/sh -c cd / && run-parts --report /etc/cron.hourly'],
        ['/usr/bin/run-parts', 'run-parts --report /etc/cron.hourly']
      ],
      { parent: pidOf(host, '/usr/sbin/cron'), cgroup_path: '/system.slice/cron.service' }
    )
  ),
  event(1, 'a health check that a timer runs', host =>
    runChain(
      host,
      [
        ['/usr/bin/bash', '/bin/bash /usr/local/bin/health.sh'],
        ['/usr/bin/curl', 'curl -fsS http://127.0.0.1/health']
      ],
      { uid: 998 }
    )
  ),
  event(1, 'a person who uses the AWS command line', host =>
    connect(host, run(host, '/usr/bin/python3.11', 'python3 /usr/bin/aws s3 ls', SESSION), PUBLIC)
  ),
  event(4, 'a kernel that was updated', host => {
    host.tables.kernel_info = [
      { version: '6.1.0-27-cloud-amd64', arguments: 'ro console=tty0', path: '/boot/vmlinuz-6.1.0-27' }
    ]
  }),
  event(1, 'a class of traffic', host => load(host, 'sch_netem', 'cls_u32', 'act_mirred', 'ifb')),
  event(1, 'a look at the processor', host => load(host, 'msr', 'intel_rapl_msr', 'cpuid')),
  event(1, 'an audit rule that a package brought', host =>
    addFile(host, '/etc/audit/rules.d/50-falcon.rules', 'falcon rules')
  ),
  event(1, 'an account of a package', host => {
    addRow(host, 'users', {
      username: 'tcpdump',
      uid: 108,
      shell: '/usr/sbin/nologin',
      directory: '/nonexistent'
    })
    addRow(host, 'shadow', { username: 'tcpdump', password_status: 'locked', hash_alg: '' })
    install(host, 'tcpdump')
  }),
  event(1, 'a script that a team put into `cron.d`', host =>
    addRow(host, 'crontab', {
      path: '/etc/cron.d/sysstat',
      command: 'root command -v debian-sa1 > /dev/null && debian-sa1 1 1',
      minute: '5-55/10'
    })
  ),
  event(3, 'another patch of a core program', host => {
    for (const row of host.tables.deb_packages ?? [])
      if (row.name === 'procps') row.version = '2:4.0.2-3+deb12u1'
    for (const path of ['/usr/bin/ps', '/usr/bin/top'])
      change(host, 'hash', 'path', path, { sha256: digestOf(`${path} patched`) })
  }),
  event(1, 'connections that the kernel holds for NFS', host => {
    load(host, 'nfs', 'nfsv4', 'sunrpc')
    connect(host, -1, '10.20.5.5', { socket: 99, remote_port: 2_049, local_port: 801 })
  }),
  event(1, 'a login that begins', host =>
    run(host, '/usr/sbin/sshd', 'sshd: unknown [net]', { uid: 110, root: '/run/sshd' })
  ),
  event(1, 'a mail that is delivered', host =>
    run(host, '/usr/lib/postfix/sbin/smtp', 'smtp -t unix -u', { uid: 109, cwd: '/var/spool/postfix' })
  ),
  event(1, 'a job that works in a temporary folder', host =>
    run(host, '/usr/bin/tar', 'tar -x', { uid: 998, cwd: '/tmp/backup-x1y2z3' })
  ),
  event(2, 'a host that keeps its log in the journal', host => {
    for (const path of ['/var/log/auth.log', '/var/log/syslog'])
      host.tables.file = (host.tables.file ?? []).filter(row => row.path !== path)
  }),
  event(1, 'a unit of a package that an administrator edited', host => {
    const row = { type: 'regular', mode: '0644', uid: 0, symlink: 0 }
    addRow(host, 'file', { ...row, path: '/var/lib/dpkg/info/chrony.list', ctime: 1_760_000_000 })
    addRow(host, 'file', { ...row, path: `${VENDOR_UNITS}/chrony.service`, ctime: 1_794_900_000 })
  }),
  event(3, 'an agent in a container that watches the others', host => {
    addRow(host, 'docker_containers', {
      id: 'agent',
      image: 'datadog/agent:7',
      privileged: 0,
      name: '/agent'
    })
    addRow(host, 'docker_container_mounts', {
      id: 'agent',
      type: 'bind',
      source: '/var/run/docker.sock',
      destination: '/var/run/docker.sock',
      rw: 0
    })
  }),
  event(1, 'an agent in /opt that a package of its vendor brought', host => {
    install(host, 'acme-agent')
    const program = '/opt/acme/bin/agent'
    const files = [program, '/usr/lib/systemd/system/acme-agent.service', '/etc/logrotate.d/acme-agent']
    for (const file of files) addFile(host, file, file)
    own(host, 'acme-agent', ...files)
    addUnit(host, 'acme-agent.service', VENDOR_UNITS, 'active', 'enabled')
    const pid = run(host, program, `${program} --config /etc/acme.yml`)
    connect(host, pid, PUBLIC)
  }),
  event(2, 'packages that are being installed', host => {
    const now = 1_794_999_000
    for (const path of ['/usr/bin/ps', '/usr/bin/top'])
      addRow(host, 'file', { path, type: 'regular', mode: '0755', uid: 0, symlink: 0, ctime: now })
    addRow(host, 'file', { path: '/var/lib/dpkg/info/procps.list', type: 'regular', ctime: now + 20 })
  })
]
