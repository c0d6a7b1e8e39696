import type { Query, Weight } from '../osquery/pack.ts'

/** Tables whose change is rarely innocent, for packs that do not say so themselves. */
const INTEGRITY =
  /\b(?:from|join)\s+(?:kernel_modules|kernel_extensions|system_extensions|authorized_keys|user_ssh_keys|sudoers|suid_bin|drivers|appinit_dlls)\b/i
const PRELOAD = /ld\.so\.preload|\bLD_PRELOAD\b|\bDYLD_INSERT_LIBRARIES\b/
const UNPACKED = /\bon_disk\s*=\s*0\b|\bmemfd\b/
const ROOT_USERS = /\bfrom\s+users\b[^;]*\buid\s*=\s*'?0\b/i
/** Tables that tell of the moment. */
const CONTEXT =
  /\bfrom\s+(?:logged_in_users|last|uptime|time|load_average|memory_info|osquery_info|osquery_schedule|osquery_flags|arp_cache|interface_details|interface_addresses|system_info|cpu_time)\b/i

const known = new WeakMap<Query, Weight>()

/**
 * What a query's rows mean for security: as its pack says, or, where a pack names no technique, by the tables it reads.
 */
export function weightOfQuery(query: Query): Weight {
  let weight = known.get(query)
  if (weight === undefined) {
    weight = query.weight
    if (weight === 'normal' && query.attack.length === 0 && !query.control) {
      const sql = query.sql === '' ? `from ${query.name}` : query.sql
      if (INTEGRITY.test(sql) || PRELOAD.test(sql) || UNPACKED.test(sql) || ROOT_USERS.test(sql))
        weight = 'integrity'
      else if (CONTEXT.test(sql)) weight = 'context'
    }
    known.set(query, weight)
  }
  return weight
}
