import type { Random } from '../../../simulator/fleet/random.ts'
import type { Row } from '../fleet/ground-truth.ts'
import { type DrawEdits, type RowEdit, sample } from '../fleet/incidents.ts'
import { account, cronJob, file, outbound, port, program, sha256, unit } from '../fleet/rows.ts'

const added = (query: string, row: Row): RowEdit => ({ kind: 'unexpected', query, row, previous: null })

const INTRUSIONS: readonly ((random: Random, tag: string) => RowEdit[])[] = [
  // A tunnel out, kept alive by a timer.
  (random, tag) => [
    added('programs', program(`/opt/${tag}/frpc`, 'root')),
    added('outbound', outbound(`/opt/${tag}/frpc`, random.between(6000, 7999), '203.0.113.40')),
    added('listening_ports', port(random.between(1025, 1999), `/opt/${tag}/frpc`)),
    added('systemd_units', unit(`${tag}-sync.timer`, `/etc/systemd/system/${tag}-sync.timer`)),
    added('boot_scripts', file(`/etc/systemd/system/${tag}-sync.timer`, tag)),
    added('name_resolution', { kind: 'hosts', address: '203.0.113.40', value: `updates.${tag}.example` })
  ],
  // A thief of credentials, in PAM and in the loader.
  (random, tag) => [
    added('pam_modules', { ...file(`/usr/lib64/security/pam_${tag}.so`, tag), version: '1.0-3' }),
    added('login_config', file(`/etc/security/${tag}.conf`, tag)),
    added('preload_file', file('/etc/ld.so.preload', tag)),
    added('hidden_files', { path: `/var/tmp/.${tag}.log`, type: 'regular', mode: '0600', uid: '0' }),
    added('system_hooks', file(`/etc/ld.so.conf.d/${tag}.conf`, random.hex(8))),
    added('loader_environment', {
      path: '/usr/sbin/crond',
      key: 'LD_AUDIT',
      value: `/usr/lib64/${tag}.so`,
      name: 'crond'
    })
  ],
  // A service account that wakes up.
  (random, tag) => [
    added('users', account(tag, '/bin/sh', random.between(500, 900))),
    added('sudoers', {
      header: tag,
      rule_details: 'ALL=NOPASSWD: /usr/bin/systemctl',
      source: `/etc/sudoers.d/${tag}`
    }),
    added('authorized_keys', {
      username: 'root',
      algorithm: 'ssh-ed25519',
      key: `AAAAC3${sha256(tag).slice(0, 40)}`,
      options: '',
      comment: tag,
      key_file: '/root/.ssh/authorized_keys'
    }),
    added('crontab', cronJob('/etc/cron.d/0hourly', `${tag} /usr/bin/python3 -c "import ${tag}"`)),
    added('sessions', {
      tool: '/usr/bin/sh',
      username: tag,
      name: 'sh',
      cmdline: '-sh',
      parent_path: '/usr/sbin/sshd'
    }),
    added('setuid_files', {
      path: `/usr/libexec/${tag}`,
      username: 'root',
      groupname: 'root',
      permissions: 'S'
    })
  ],
  // A sniffer that hides its process.
  (random, tag) => [
    added('packet_sockets', { path: `/usr/libexec/${tag}d`, family: '17', protocol: '768', name: tag }),
    added('programs', program(`/usr/libexec/${tag}d`)),
    added('proc_mounts', {
      path: `/proc/${random.between(900, 9000)}`,
      type: 'tmpfs',
      flags: 'rw',
      device: 'tmpfs'
    }),
    added('kernel_modules', { name: tag, size: '12288', used_by: '-', status: 'Live' }),
    added('file_capabilities', {
      path: `/usr/libexec/${tag}d`,
      key: 'security.capability',
      value: 'cap_net_raw=ep'
    }),
    added('packages', { name: `${tag}-utils`, kind: 'rpm' })
  ]
]

/** Intrusions that no other scenario draws. */
export const intrusion: DrawEdits = (random, _rows, most) => {
  const tag = `${random.pick(['vor', 'zil', 'brak', 'mun', 'teph'])}${random.letters(3).toLowerCase()}`
  return sample(random, random.pick(INTRUSIONS)(random, tag), Math.max(2, most))
}
