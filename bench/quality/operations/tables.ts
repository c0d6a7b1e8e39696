import type { Row } from '../../../src/snapshot/snapshot.ts'
import { type Rows, sha256 } from '../fleet/rows.ts'
import { processTables } from './process-tables.ts'
import type { HostState } from './state.ts'

const CONTROLS =
  /^(auditd|amazon-ssm-agent|amazon-cloudwatch-agent|osqueryd|falcon-sensor|wazuh-agent|rsyslog|systemd-journald|apparmor|ufw|firewalld|fail2ban|chrony|chronyd|filebeat|fluent-bit|unattended-upgrades|crond?)\.service$/
const BOOT_SCRIPT =
  /^\/etc\/(rc\.local|profile|bash\.bashrc|bashrc|environment|(init\.d|profile\.d|update-motd\.d|cron\.(daily|hourly|weekly)|systemd\/system-generators)\/[^/]+|systemd\/system\/[^/]+\.(service|timer))$|^\/root\/\.(bashrc|profile|bash_profile)$/
const SYSTEM_HOOK =
  /^\/etc\/(udev\/rules\.d|apt\/apt\.conf\.d|dnf\/plugins|modprobe\.d|modules-load\.d|ld\.so\.conf\.d)\/|^\/etc\/ld\.so\.conf$|\.pth$/
const LOGIN_CONFIG = /^\/etc\/(pam\.d\/|ssh\/sshd_config|nsswitch\.conf$|security\/[^/]+\.conf$)/
const HIDDEN_FILE = /^\/(tmp|var\/tmp|dev\/shm|etc|usr\/lib|usr\/bin)\/\.[^/]+$/
const POWERFUL_GROUPS = new Set(['root', 'sudo', 'wheel', 'admin', 'docker', 'adm', 'disk', 'shadow'])

/** The rows that the linux pack's queries return on this host. Columns that no query compares are left out or constant. */
export function tablesOf(host: HostState): Rows {
  return { ...processTables(host), ...fileTables(host), ...accountTables(host), ...systemTables(host) }
}

function fileTables({ files, binaries, packages, setuid, capabilities, cron }: HostState): Rows {
  const digest = (test: (path: string) => boolean): Row[] =>
    [...files]
      .filter(([path, { type }]) => type === 'regular' && test(path))
      .map(([path, { content, mode }]) => ({
        path,
        sha256: sha256(content),
        mode,
        uid: '0',
        size: String(content.length)
      }))
  const stat = (test: (path: string, mode: string) => boolean): Row[] =>
    [...files]
      .filter(([path, { mode }]) => test(path, mode))
      .map(([path, { type, mode }]) => ({ path, type, mode, uid: '0', size: '64' }))
  const binaryRows = (isPam: boolean): Row[] =>
    [...binaries]
      .filter(([path]) => path.includes('/security/pam_') === isPam)
      .map(([path, binary]) => ({
        path,
        version: packages.get(binary.package) ?? '',
        sha256: sha256(binary.content),
        size: '1000'
      }))
  const isHiddenPlace = (path: string) => path.startsWith('/tmp/') || path.startsWith('/var/tmp/')
  return {
    preload_file: digest(path => path === '/etc/ld.so.preload'),
    boot_scripts: digest(path => BOOT_SCRIPT.test(path)),
    system_hooks: digest(path => SYSTEM_HOOK.test(path)),
    login_config: digest(path => LOGIN_CONFIG.test(path)),
    hidden_files: stat(path => HIDDEN_FILE.test(path)),
    setuid_elsewhere: stat(
      (path, mode) => mode.startsWith('4') && (isHiddenPlace(path) || path.startsWith('/opt/'))
    ),
    core_programs: binaryRows(false),
    pam_modules: binaryRows(true),
    setuid_files: [...setuid].map(path => ({ path, username: 'root', groupname: 'root', permissions: 'S' })),
    file_capabilities: [...capabilities].map(([path, value]) => ({
      path,
      key: 'security.capability',
      value
    })),
    crontab: cron.map(({ path, command, event }) => ({
      path,
      command,
      event,
      minute: '*',
      hour: '*',
      day_of_month: '*',
      month: '*',
      day_of_week: '*'
    }))
  }
}

function accountTables({ accounts, sudoers }: HostState): Rows {
  const all = [...accounts.values()]
  const home = (name: string) => (name === 'root' ? '/root' : `/home/${name}`)
  return {
    users: all.map(({ name, uid, shell }) => ({
      username: name,
      shell,
      uid: String(uid),
      gid: String(uid),
      directory: home(name)
    })),
    root_accounts: all
      .filter(({ uid }) => uid === 0)
      .map(({ name, shell }) => ({ username: name, uid: '0', shell, directory: home(name) })),
    passwords: all.map(({ name, password }) => ({
      username: name,
      password_status: password,
      hash_alg: password === 'active' ? 'y' : ''
    })),
    admin_groups: all.flatMap(({ name, groups }) =>
      groups.filter(group => POWERFUL_GROUPS.has(group)).map(groupname => ({ groupname, username: name }))
    ),
    authorized_keys: all.flatMap(({ name, keys }) =>
      keys.map(({ text, options, comment }) => ({
        username: name,
        algorithm: 'ssh-ed25519',
        key: text,
        options,
        comment,
        key_file: `${home(name)}/.ssh/authorized_keys`
      }))
    ),
    sudoers: sudoers.map(({ header, rule, source }) => ({ header, rule_details: rule, source }))
  }
}

function systemTables(host: HostState): Rows {
  const units = [...host.units.values()]
  return {
    kernel_modules: [...host.modules].map(name => ({ name, size: '16384', used_by: '-', status: 'Live' })),
    systemd_units: units
      .filter(
        ({ fragment, state, active }) => state === 'enabled' || active || !fragment.startsWith('/usr/lib/')
      )
      .map(({ id, fragment, state, user, active }) => ({
        id,
        fragment_path: fragment,
        unit_file_state: state,
        user,
        active_state: active ? 'active' : 'inactive',
        sub_state: active ? 'running' : 'dead',
        description: id
      })),
    security_controls: units
      .filter(({ id }) => CONTROLS.test(id))
      .map(({ id, fragment, state, active }) => ({
        id,
        state: active ? 'running' : 'stopped',
        active_state: active ? 'active' : 'inactive',
        sub_state: active ? 'running' : 'dead',
        unit_file_state: state,
        fragment_path: fragment
      })),
    service_states: units
      .filter(
        ({ id, state, active }) =>
          state === 'enabled' && active && id.endsWith('.service') && !CONTROLS.test(id)
      )
      .map(({ id, fragment, state }) => ({
        id,
        state: 'running',
        active_state: 'active',
        sub_state: 'running',
        unit_file_state: state,
        fragment_path: fragment
      })),
    kernel_taint: [...host.taints].map(taint => ({ taint, current_value: '12288' })),
    uptime: [{ uptime: host.booting ? 'booting' : 'up', total_seconds: '0' }],
    sysctls: [...host.sysctls].map(([name, value]) => ({ name, current_value: value })),
    kernel_arguments: [...host.bootArguments].map(argument => ({ argument, arguments: argument })),
    name_resolution: host.names.map(({ kind, address, value }) => ({ kind, address, value })),
    firewall: host.firewall.map(({ chain, policy, target, port }) => ({
      filter_name: 'filter',
      chain,
      policy,
      target,
      protocol: port === '' ? '' : '6',
      src_port: '',
      dst_port: port,
      src_ip: '0.0.0.0',
      dst_ip: '0.0.0.0',
      iniface: 'all',
      outiface: 'all'
    })),
    package_sources: host.sources.map(({ uri, release }) => ({
      base_uri: uri,
      release,
      gpgcheck: '',
      name: ''
    })),
    proc_mounts: host.procMounts.map(path => ({ path, type: 'ext4', flags: 'rw', device: '/dev/root' })),
    packages: [...host.packages.keys()].map(name => ({ name, kind: 'deb' }))
  }
}
