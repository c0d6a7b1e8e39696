/**
 * What must be known of osquery's tables before a query is sent (osquery 5.23, `specs/`). A table that a host's osquery
 * lacks is seen only there: its answer is then `unsupported`.
 */

/** Tables whose rows are events. */
export const EVENT_TABLES: ReadonlySet<string> = new Set([
  'apparmor_events',
  'bpf_process_events',
  'bpf_socket_events',
  'disk_events',
  'dns_lookup_events',
  'es_process_events',
  'es_process_file_events',
  'file_events',
  'hardware_events',
  'ntfs_journal_events',
  'powershell_events',
  'process_etw_events',
  'process_events',
  'process_file_events',
  'seccomp_events',
  'selinux_events',
  'socket_events',
  'syslog_events',
  'user_events',
  'user_interaction_events',
  'windows_events',
  'yara_events'
])

/** Tables that answer only for given values, and the columns that can give them. */
export const REQUIRED_COLUMNS: ReadonlyMap<string, readonly string[]> = new Map([
  ['authenticode', ['path']],
  ['curl', ['url']],
  ['curl_certificate', ['hostname']],
  ['device_file', ['device', 'partition']],
  ['device_hash', ['device', 'partition', 'inode']],
  ['device_partitions', ['device']],
  ['docker_container_fs_changes', ['id']],
  ['docker_container_processes', ['id']],
  ['docker_container_stats', ['id']],
  ['extended_attributes', ['path', 'directory']],
  ['file', ['path', 'directory']],
  ['hash', ['path', 'directory']],
  ['lxd_instance_config', ['name']],
  ['lxd_instance_devices', ['name']],
  ['magic', ['path']],
  ['mdfind', ['query']],
  ['mdls', ['path']],
  ['ntfs_acl_permissions', ['path']],
  ['package_bom', ['path']],
  ['plist', ['path']],
  ['process_open_handles', ['pid']],
  ['signature', ['path']],
  ['system_profiler', ['data_type']],
  ['windows_eventlog', ['channel', 'xpath']],
  ['yara_file', ['path']],
  ['yara_process', ['pid']]
])
