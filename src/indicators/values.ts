import { parseEntry, typedPattern } from './entry.ts'
import { attributeEntry } from './formats/misp.ts'
import type { Pattern } from './indicator.ts'

/** Names of columns and properties of published lists whose values are indicators. */
const VALUE_NAME =
  /^(?:iocs?|indicators?|ioc_value|indicator_value|values?|artifacts?|observables?|list|hash(?:es)?|md5s?|sha1s?|sha256s?|md5_hash|sha1_hash|sha256_hash|file_?hash(?:es)?|ips?|ip_?address(?:es)?|src_ip|dst_ip|dest_ip|domains?|domain_?name|fqdn|hostnames?|hosts?|urls?|uri|file_?names?|file_?path|filepath|paths?)$/i
/** And those that say what a value is. */
const TYPE_NAME = /^(?:type|ioc_type|indicator_type|value_type|attribute_type)$/i
/** Kinds of values that osquery does not show, even where they look like a digest. */
const UNOBSERVABLE =
  /yara|snort|suricata|^cve$|vulnerab|mutex|e-?mail|bitcoin|^btc$|^asn?$|ssdeep|tlsh|imphash|pehash|vhash|authentihash|telfhash|ja3|ja4|jarm/i

export const isValueName = (name: string) => VALUE_NAME.test(name.trim().replace(/\s+/g, '_'))
export const isTypeName = (name: string) => TYPE_NAME.test(name.trim().replace(/\s+/g, '_'))

/** The patterns of a value that a list gives a type, such as `FileHash-MD5` or `filename|sha256`. @throws Error */
export function typedValue(type: string, value: string): readonly Pattern[] {
  if (UNOBSERVABLE.test(type)) return [{ kind: 'other', type, value: value.slice(0, 200) }]
  if (type.includes('|') && value.includes('|'))
    return attributeEntry(type.toLowerCase(), value).map(entry => {
      if ('pattern' in entry) return entry.pattern
      throw new Error('problem' in entry ? entry.problem : `${type} is not understood here`)
    })
  return [typedPattern(value) ?? parseEntry(value)]
}
