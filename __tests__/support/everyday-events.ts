import { addFile, addListener, addRow, addUnit, type SimulatedHost } from '../../simulator/fleet/host.ts'
import { seededRandom } from '../../simulator/fleet/random.ts'
import {
  change,
  connect,
  install,
  instance,
  load,
  NEW_PID,
  pidOf,
  run,
  runChain,
  VENDOR_UNITS
} from './host-changes.ts'
import { event, type Oddity } from './pack-oddities.ts'

const random = seededRandom(29)
const SESSION = { uid: 1_000, cgroup_path: '/user.slice/user-1000.slice/session-9.scope' }
const PUBLIC = '198.51.100.30'

/** Adds a folder as osquery lists it: the path ends with a slash. */
const addFolder = (host: SimulatedHost, path: string) =>
  addRow(host, 'file', { path, type: 'directory', mode: '0755', uid: 0, symlink: 0 })

/** Opens an SSH session. Returns the process id of its shell. */
function logIn(host: SimulatedHost, uid: number): number {
  const cgroup_path = `/user.slice/user-${uid}.slice/session-9.scope`
  const sshd = run(host, '/usr/sbin/sshd', 'sshd: somebody [priv]', {
    pid: NEW_PID + 20,
    cgroup_path,
    parent: pidOf(host, '/usr/sbin/sshd')
  })
  const parent =
    uid === 0
      ? sshd
      : run(host, '/usr/sbin/sshd', 'sshd: somebody@pts/0', {
          pid: NEW_PID + 21,
          uid,
          cgroup_path,
          parent: sshd
        })
  return run(host, '/usr/bin/bash', '-bash', { pid: NEW_PID + 22, uid, cgroup_path, parent })
}

/** A container as osquery lists it. */
const addContainer = (host: SimulatedHost, image: string, columns: object = {}) =>
  addRow(host, 'docker_containers', { id: image, image, name: `/${image}`, privileged: 0, ...columns })

const mountSocket = (host: SimulatedHost, image: string) =>
  addRow(host, 'docker_container_mounts', {
    id: image,
    type: 'bind',
    source: '/var/run/docker.sock',
    destination: '/var/run/docker.sock',
    rw: 0
  })

/** What happens any day on healthy hosts, beside the kinds of the first two lists. */
export const EVERYDAY_EVENTS: readonly Oddity[] = [
  event(1, 'somebody who measures the processor', host => {
    const parent = logIn(host, 1_000)
    const root = { ...SESSION, uid: 0 }
    run(host, '/usr/bin/sudo', 'sudo perf record -a -g', { ...root, parent })
    run(host, '/usr/bin/perf', 'perf record -a -g', { ...root, pid: NEW_PID + 1, parent: NEW_PID })
    run(host, '/usr/bin/bpftrace', 'bpftrace -e profile', { ...root, pid: NEW_PID + 2, parent: NEW_PID })
  }),
  event(1, 'an administrator who logs in as root', host => {
    const parent = logIn(host, 0)
    const cgroup_path = '/user.slice/user-0.slice/session-9.scope'
    run(host, '/usr/bin/less', 'less /var/log/syslog', { parent, cgroup_path })
    run(host, '/usr/bin/journalctl', 'journalctl -f', { pid: NEW_PID + 1, parent, cgroup_path })
  }),
  event(1, 'an administrator who logs in as root and looks at packets', host => {
    const cgroup_path = '/user.slice/user-0.slice/session-9.scope'
    const pid = run(host, '/usr/bin/tcpdump', 'tcpdump -ni any', { parent: logIn(host, 0), cgroup_path })
    addRow(host, 'listening_ports', { pid, family: 17, protocol: 3, port: 0, address: '' })
  }),
  event(1, 'an address that fail2ban keeps out', host => {
    load(host, 'xt_multiport', 'nft_compat', 'x_tables', 'ipt_REJECT', 'nf_reject_ipv4')
    for (const src_ip of ['192.0.2.17', '192.0.2.99'])
      addRow(host, 'iptables', {
        filter_name: 'filter',
        chain: 'f2b-sshd',
        policy: '',
        target: 'REJECT',
        protocol: 0,
        src_ip
      })
  }),
  event(1, 'a certificate that is renewed, and the web server that reads it', host => {
    const cgroup_path = '/system.slice/snap.certbot.renew.service'
    const pid = runChain(
      host,
      [
        ['/snap/certbot/3834/bin/python3.12', 'python3 /snap/certbot/3834/bin/certbot -q renew'],
        ['/usr/bin/dash', '/bin/sh -c systemctl reload nginx'],
        ['/usr/bin/systemctl', 'systemctl reload nginx']
      ],
      { cgroup_path }
    )
    connect(host, pid - 2, PUBLIC)
    change(host, 'systemd_units', 'id', 'nginx.service', { active_state: 'reloading', sub_state: 'reload' })
  }),
  event(1, 'cloud-init that somebody ran again', host => {
    runChain(
      host,
      [
        ['/usr/bin/sudo', 'sudo cloud-init single --name runcmd'],
        ['/usr/bin/python3.11', '/usr/bin/python3 /usr/bin/cloud-init single --name runcmd'],
        ['/usr/bin/dash', '/bin/sh /var/lib/cloud/instance/scripts/runcmd']
      ],
      { ...SESSION, uid: 0, parent: logIn(host, 1_000) }
    )
    addFile(host, '/etc/cron.d/from-user-data', 'from user data')
  }),
  event(1, 'a volume that grows', host => {
    runChain(
      host,
      [
        ['/usr/bin/dash', '/bin/sh /usr/bin/growpart /dev/nvme0n1 1'],
        ['/usr/sbin/sfdisk', 'sfdisk --no-reread --force /dev/nvme0n1']
      ],
      {
        cgroup_path: '/system.slice/amazon-ssm-agent.service',
        parent: pidOf(host, '/usr/bin/ssm-agent-worker')
      }
    )
    run(host, '/usr/sbin/resize2fs', 'resize2fs /dev/root', { pid: NEW_PID + 9 })
  }),
  event(1, 'services that restart after an upgrade', host => {
    for (const id of ['cron.service', 'rsyslog.service', 'chrony.service'])
      change(host, 'systemd_units', 'id', id, { active_state: 'deactivating', sub_state: 'stop-sigterm' })
    run(host, '/usr/bin/systemctl', 'systemctl restart cron.service rsyslog.service chrony.service')
    run(host, '/usr/bin/systemd-tty-ask-password-agent', 'systemd-tty-ask-password-agent --watch', {
      pid: NEW_PID + 1
    })
  }),
  event(1, 'a log between its rotation and its first line', host => {
    host.tables.file = (host.tables.file ?? []).filter(row => row.path !== '/var/log/syslog')
    runChain(
      host,
      [
        ['/usr/sbin/logrotate', '/usr/sbin/logrotate /etc/logrotate.conf'],
        ['/usr/bin/gzip', '/bin/gzip']
      ],
      { cgroup_path: '/system.slice/logrotate.service' }
    )
  }),
  event(1, 'a share that mounts on demand', host => {
    load(host, 'autofs4', 'nfsv4', 'nfs', 'lockd', 'grace', 'sunrpc')
    install(host, 'autofs', 'nfs-common', 'rpcbind', 'keyutils')
    addUnit(host, 'autofs.service', VENDOR_UNITS, 'active', 'enabled')
    addUnit(host, 'rpcbind.service', VENDOR_UNITS, 'active', 'enabled')
    addUnit(host, 'rpcbind.socket', VENDOR_UNITS, 'active', 'enabled')
    addUnit(host, 'nfs-client.target', VENDOR_UNITS, 'active', 'enabled')
    addRow(host, 'users', {
      username: '_rpc',
      uid: 105,
      shell: '/usr/sbin/nologin',
      directory: '/run/rpcbind'
    })
    run(host, '/usr/sbin/automount', '/usr/sbin/automount --pid-file /run/autofs.pid')
    const rpcbind = run(host, '/usr/sbin/rpcbind', '/sbin/rpcbind -f -w', { pid: NEW_PID + 1, uid: 105 })
    for (const protocol of [6, 17]) addListener(host, random, rpcbind, protocol, '0.0.0.0', 111)
    connect(host, -1, '10.20.5.6', { socket: 98, remote_port: 2_049, local_port: 802 })
  }),
  event(1, 'a host that keeps dumps of its kernel', host => {
    change(host, 'kernel_info', 'version', '6.1.0-26-cloud-amd64', {
      arguments: 'ro console=tty0 crashkernel=192M'
    })
    install(host, 'kdump-tools', 'kexec-tools', 'makedumpfile')
    addUnit(host, 'kdump-tools.service', VENDOR_UNITS, 'active', 'enabled')
    addFile(host, '/etc/sysctl.d/60-kdump.conf', 'kdump')
    addFile(host, '/etc/kernel/postinst.d/kdump-tools', 'kdump', { mode: '0755' })
  }),
  event(1, 'another source of time', host => {
    addFile(host, '/etc/chrony/sources.d/team.sources', 'team')
    addRow(host, 'etc_hosts', { address: '10.20.0.123', hostnames: 'time.internal' })
  }),
  event(1, 'an agent in the middle of its update', host => {
    const folder = '/var/lib/amazon/ssm/update/amazon-ssm-agent-updater/3.3.3050.0'
    runChain(
      host,
      [
        [`${folder}/updater`, `${folder}/updater -update`],
        ['/usr/bin/bash', `bash ${folder}/install.sh`],
        ['/usr/bin/dpkg', 'dpkg -i amazon-ssm-agent.deb']
      ],
      { cgroup_path: '/system.slice/amazon-ssm-agent.service' }
    )
    for (const row of host.tables.processes ?? [])
      if (String(row.path).includes('/ssm-agent-worker')) row.on_disk = 0
  }),
  event(1, 'a job of the system that failed', host => {
    change(host, 'systemd_units', 'id', 'logrotate.service', { active_state: 'failed', sub_state: 'failed' })
    addRow(
      host,
      'systemd_units',
      instance('fwupd-refresh.service', 'fwupd-refresh.service', {
        active_state: 'failed',
        sub_state: 'failed'
      })
    )
  }),
  event(1, 'a database that somebody tries in a container', host => {
    load(host, 'overlay', 'br_netfilter', 'bridge', 'stp', 'llc', 'veth', 'xt_MASQUERADE')
    install(host, 'docker-ce', 'docker-ce-cli', 'containerd.io', 'docker-compose-plugin')
    for (const unit of ['docker.service', 'docker.socket', 'containerd.service'])
      addUnit(host, unit, VENDOR_UNITS, 'active', 'enabled')
    for (const [at, path] of ['/usr/bin/dockerd', '/usr/bin/containerd', '/usr/bin/docker-proxy'].entries())
      run(host, path, path, { pid: NEW_PID + at, cgroup_path: '/system.slice/docker.service' })
    addListener(host, random, NEW_PID + 2, 6, '0.0.0.0', 5_432)
    run(host, '/usr/libexec/docker/cli-plugins/docker-compose', 'docker-compose compose up', {
      ...SESSION,
      pid: NEW_PID + 3
    })
    run(host, '/usr/lib/postgresql/16/bin/postgres', 'postgres', {
      pid: NEW_PID + 4,
      uid: 999,
      cgroup_path: '/system.slice/docker-0f3c.scope'
    })
    addContainer(host, 'postgres:16')
  }),
  event(1, 'an agent in a container on one host', host => {
    addContainer(host, 'datadog/agent:7', { pid_namespace: '4026531836' })
    mountSocket(host, 'datadog/agent:7')
  }),
  event(1, 'a sensor in a container that may do everything', host => {
    addContainer(host, 'falcosecurity/falco:0.39.2', { privileged: 1 })
    mountSocket(host, 'falcosecurity/falco:0.39.2')
  }),
  event(1, 'a terminal that a person left open', host => {
    const tmux = run(host, '/usr/bin/tmux', 'tmux new -s deploy', { ...SESSION, parent: 1 })
    for (const at of [1, 2]) {
      const parent = run(host, '/usr/bin/bash', '-bash', { ...SESSION, pid: NEW_PID + at, parent: tmux })
      run(host, '/usr/bin/tail', 'tail -f', { ...SESSION, pid: NEW_PID + 2 + at, parent })
    }
  }),
  event(1, 'another resolver', host => {
    install(host, 'unbound', 'dns-root-data', 'libevent-2.1-7')
    addUnit(host, 'unbound.service', VENDOR_UNITS, 'active', 'enabled')
    addRow(host, 'users', {
      username: 'unbound',
      uid: 112,
      shell: '/usr/sbin/nologin',
      directory: '/var/lib/unbound'
    })
    const pid = run(host, '/usr/sbin/unbound', '/usr/sbin/unbound -d -p', { uid: 112 })
    for (const protocol of [6, 17]) addListener(host, random, pid, protocol, '127.0.0.1', 53)
    host.tables.dns_resolvers = [{ id: 0, type: 'nameserver', address: '127.0.0.1', options: '' }]
  }),
  event(1, 'a backup that cron started', host => {
    const pid = runChain(
      host,
      [
        ['/usr/sbin/cron', '/usr/sbin/CRON -f'],
        ['/usr/bin/dash', '/bin/sh -c /opt/checkout/bin/backup --quiet'],
        ['/usr/bin/bash', '/bin/bash /opt/checkout/bin/backup --quiet'],
        ['/usr/bin/tar', 'tar -cz /opt/checkout/data'],
        ['/usr/bin/gzip', 'gzip']
      ],
      { uid: 998, parent: pidOf(host, '/usr/sbin/cron'), cgroup_path: '/system.slice/cron.service' }
    )
    const upload = run(host, '/usr/bin/python3.11', 'python3 /usr/bin/aws s3 cp - s3://backups/x', {
      pid: pid + 1,
      uid: 998,
      parent: pid - 2,
      cgroup_path: '/system.slice/cron.service'
    })
    connect(host, upload, PUBLIC)
  }),
  event(1, 'a tunnel of an engineer on call', host => {
    const ssh = run(host, '/usr/bin/ssh', 'ssh -N -L 15432:db:5432 bastion', {
      ...SESSION,
      parent: logIn(host, 1_000)
    })
    addListener(host, random, ssh, 6, '127.0.0.1', 15_432)
    connect(host, ssh, '10.20.9.9', { remote_port: 22 })
  }),
  event(1, 'a login over EC2 Instance Connect', host => {
    addRow(host, 'users', {
      username: 'ec2-instance-connect',
      uid: 113,
      shell: '/usr/sbin/nologin',
      directory: '/nonexistent'
    })
    const pid = runChain(
      host,
      [
        ['/usr/bin/dash', '/bin/sh /usr/share/ec2-instance-connect/eic_run_authorized_keys ubuntu SHA256:x'],
        ['/usr/bin/curl', 'curl -s -f -m 1 http://169.254.169.254/latest/meta-data/managed-ssh-keys/']
      ],
      { uid: 113, parent: pidOf(host, '/usr/sbin/sshd'), cgroup_path: '/system.slice/ssh.service' }
    )
    connect(host, pid, '169.254.169.254', { remote_port: 80 })
  }),
  event(1, 'a report for the support of a vendor', host => {
    const parent = logIn(host, 1_000)
    const root = { ...SESSION, uid: 0, cwd: '/var/tmp/sos.a1b2c3' }
    run(host, '/usr/bin/sudo', 'sudo sos report --batch', { ...root, parent })
    runChain(
      host,
      [
        ['/usr/bin/python3.11', '/usr/bin/python3 /usr/sbin/sos report --batch'],
        ['/usr/bin/timeout', 'timeout 300s lsof -b +M'],
        ['/usr/bin/lsof', 'lsof -b +M']
      ],
      { ...root, pid: NEW_PID + 1, parent: NEW_PID }
    )
  }),
  event(1, 'a check of pending updates by the monitoring', host => {
    addRow(host, 'users', {
      username: 'nagios',
      uid: 114,
      shell: '/usr/sbin/nologin',
      directory: '/var/lib/nagios'
    })
    runChain(
      host,
      [
        ['/usr/sbin/nrpe', '/usr/sbin/nrpe -c /etc/nagios/nrpe.cfg -f'],
        ['/usr/lib/nagios/plugins/check_apt', '/usr/lib/nagios/plugins/check_apt'],
        ['/usr/bin/apt-get', '/usr/bin/apt-get -o Debug::NoLocking=true -s -qq upgrade']
      ],
      { uid: 114, cgroup_path: '/system.slice/nagios-nrpe-server.service' }
    )
  }),
  event(1, 'a person with a prompt of their own', host =>
    change(host, 'hash', 'path', '/home/alice/.bashrc', { sha256: 'c'.repeat(64) })
  ),
  event(1, 'a hidden folder of a vendor', host => addFolder(host, '/var/lib/.licensed/')),
  event(1, 'hidden folders of tools in `/tmp`', host => {
    for (const name of ['.dotnet', '.mount_nvimA1b2C3', '.org.chromium.Xy12'])
      addFolder(host, `/tmp/${name}/`)
  }),
  event(1, 'Java that its package brought', host => {
    install(host, 'openjdk-17-jre-headless', 'ca-certificates-java', 'java-common')
    addFolder(host, '/etc/.java/')
    addFolder(host, '/etc/java-17-openjdk/')
  }),
  event(1, 'a disk that is nearly full, and somebody who looks for what fills it', host => {
    const root = { ...SESSION, uid: 0, parent: logIn(host, 1_000) }
    for (const [at, path] of ['/usr/bin/du', '/usr/bin/sort', '/usr/bin/find', '/usr/bin/lsof'].entries())
      run(host, path, path, { ...root, pid: NEW_PID + at })
  })
]
