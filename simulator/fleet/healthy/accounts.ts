import { addRow, type SimulatedHost } from '../host.ts'

/** Users, groups, keys and sudo rules. */
export function addAccounts(host: SimulatedHost): void {
  const accounts: readonly [string, number, string][] = [
    ['root', 0, '/bin/bash'],
    ['daemon', 1, '/usr/sbin/nologin'],
    ['sys', 3, '/usr/sbin/nologin'],
    ['www-data', 33, '/usr/sbin/nologin'],
    ['messagebus', 101, '/usr/sbin/nologin'],
    ['systemd-resolve', 102, '/usr/sbin/nologin'],
    ['_chrony', 103, '/usr/sbin/nologin'],
    ['sshd', 104, '/usr/sbin/nologin'],
    ['node_exporter', 997, '/usr/sbin/nologin'],
    ['checkout', 998, '/usr/sbin/nologin'],
    ['alice', 1000, '/bin/bash']
  ]
  for (const [username, uid, shell] of accounts) {
    addRow(host, 'users', {
      username,
      uid,
      gid: uid,
      shell,
      directory: uid === 0 ? '/root' : `/home/${username}`
    })
    addRow(host, 'shadow', { username, password_status: 'locked', hash_alg: '', last_change: 19_800 })
  }
  for (const [groupname, gid] of [
    ['root', 0],
    ['adm', 4],
    ['sudo', 27]
  ] as const)
    addRow(host, 'groups', { groupname, gid })
  addRow(host, 'user_groups', { uid: 0, gid: 0 })
  addRow(host, 'user_groups', { uid: 1000, gid: 27 })
  addRow(host, 'authorized_keys', {
    uid: 1000,
    algorithm: 'ssh-ed25519',
    key: 'AAAAC3NzaC1lZDI1NTE5AAAAIGJhc2VsaW5la2V5b2ZhbGljZWF0YWNtZQ',
    comment: 'alice@acme',
    key_file: '/home/alice/.ssh/authorized_keys',
    options: ''
  })
  addRow(host, 'sudoers', { source: '/etc/sudoers', header: 'Defaults', rule_details: 'env_reset' })
  addRow(host, 'sudoers', { source: '/etc/sudoers', header: 'root', rule_details: 'ALL=(ALL:ALL) ALL' })
  addRow(host, 'sudoers', { source: '/etc/sudoers', header: '%sudo', rule_details: 'ALL=(ALL:ALL) ALL' })
}
