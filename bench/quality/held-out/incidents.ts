import type { Random } from '../../../simulator/fleet/random.ts'
import type { Row } from '../fleet/ground-truth.ts'
import { type Draw, type Edit, some } from '../fleet/incidents.ts'
import { account, file, job, outbound, port, program, sha256, unit } from '../fleet/rows.ts'

const more = (query: string, row: Row): Edit => ({ kind: 'unexpected', query, row, instead: null })

const INTRUSIONS: readonly ((random: Random, tag: string) => Edit[])[] = [
  // A tunnel out, kept alive by a timer.
  (random, tag) => [
    more('programs', program(`/opt/${tag}/frpc`, 'root')),
    more('outbound', outbound(`/opt/${tag}/frpc`, random.between(6000, 7999), '203.0.113.40')),
    more('listening_ports', port(random.between(1025, 1999), `/opt/${tag}/frpc`)),
    more('systemd_units', unit(`${tag}-sync.timer`, `/etc/systemd/system/${tag}-sync.timer`)),
    more('boot_scripts', file(`/etc/systemd/system/${tag}-sync.timer`, tag)),
    more('name_resolution', { kind: 'hosts', address: '203.0.113.40', value: `updates.${tag}.example` })
  ],
  // A thief of credentials, in PAM and in the loader.
  (random, tag) => [
    more('pam_modules', { ...file(`/usr/lib64/security/pam_${tag}.so`, tag), version: '1.0-3' }),
    more('login_config', file(`/etc/security/${tag}.conf`, tag)),
    more('preload_file', file('/etc/ld.so.preload', tag)),
    more('hidden_files', { path: `/var/tmp/.${tag}.log`, type: 'regular', mode: '0600', uid: '0' }),
    more('system_hooks', file(`/etc/ld.so.conf.d/${tag}.conf`, random.hex(8))),
    more('loader_environment', {
      path: '/usr/sbin/crond',
      key: 'LD_AUDIT',
      value: `/usr/lib64/${tag}.so`,
      name: 'crond'
    })
  ],
  // A service account that wakes up.
  (random, tag) => [
    more('users', account(tag, '/bin/sh', random.between(500, 900))),
    more('sudoers', {
      header: tag,
      rule_details: 'ALL=NOPASSWD: /usr/bin/systemctl',
      source: `/etc/sudoers.d/${tag}`
    }),
    more('authorized_keys', {
      username: 'root',
      algorithm: 'ssh-ed25519',
      key: `AAAAC3${sha256(tag).slice(0, 40)}`,
      options: '',
      comment: tag,
      key_file: '/root/.ssh/authorized_keys'
    }),
    more('crontab', job('/etc/cron.d/0hourly', `${tag} /usr/bin/python3 -c "import ${tag}"`)),
    more('sessions', {
      path: '/usr/bin/sh',
      username: tag,
      name: 'sh',
      cmdline: '-sh',
      parent_path: '/usr/sbin/sshd'
    }),
    more('setuid_files', {
      path: `/usr/libexec/${tag}`,
      username: 'root',
      groupname: 'root',
      permissions: 'S'
    })
  ],
  // A sniffer that hides its process.
  (random, tag) => [
    more('packet_sockets', { path: `/usr/libexec/${tag}d`, family: '17', protocol: '768', name: tag }),
    more('programs', program(`/usr/libexec/${tag}d`)),
    more('proc_mounts', {
      path: `/proc/${random.between(900, 9000)}`,
      type: 'tmpfs',
      flags: 'rw',
      device: 'tmpfs'
    }),
    more('kernel_modules', { name: tag, size: '12288', used_by: '-', status: 'Live' }),
    more('file_capabilities', {
      path: `/usr/libexec/${tag}d`,
      key: 'security.capability',
      value: 'AQAAAgAwAAAAAAAA'
    }),
    more('packages', { name: `${tag}-utils`, kind: 'rpm' })
  ]
]

/** Intrusions that the development families do not draw. */
export const intrusion: Draw = (random, _rows, most) => {
  const tag = `${random.pick(['vor', 'zil', 'brak', 'mun', 'teph'])}${random.letters(3).toLowerCase()}`
  return some(random, random.pick(INTRUSIONS)(random, tag), Math.max(2, most))
}
