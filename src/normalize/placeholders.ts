import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { HostFacts } from '../snapshot/snapshot.ts'

/** A text that belongs to one host, and the placeholder that replaces it on every host. */
export interface Substitution {
  readonly text: string
  readonly placeholder: string
  /** Also replaced in the names of programs and files, because the host did not choose it. */
  readonly trusted: boolean
}

/** Longer values are compared by their beginning and a digest, so that masks stay cheap on hostile text. */
const MAX_VALUE_LENGTH = 4096

/** Ids of EC2 instances and hybrid nodes (SSM's API reference). */
const INSTANCE_ID = /^m?i-[0-9a-f]{8,17}$/

/** A shorter text would be replaced where it means something else. */
const MIN_TEXT_LENGTH = 4
/** Of a host; a file may list any number. */
const MAX_ADDRESSES = 64
/** A machine or boot id, with or without dashes. */
const HEX_ID = /^[0-9a-f-]{32,36}$/i
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i
/** Loopback, wildcard and broadcast addresses, which every host has. */
const SHARED_ADDRESS = /^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$|[0:]+1?$|::ffff:127\.)/
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{3,252}$/
const GENERIC_NAME = /^(?:localhost|ip6-|[\d.]+$)/i
/** `app-v2` names a version, which many hosts share. */
const VERSION = /(?<![A-Za-z0-9])v\d{1,3}(?![A-Za-z0-9])/gi

const PLACEHOLDER = /<(?=(?:host|ip|mac|instance-id|machine-id|hex|num|uuid|rand)>)/g

/**
 * The texts of a host's facts that are replaced, longest first.
 * Facts are the host's own claim and must not be able to mask a program or a port. A name counts only if it looks like
 * that of one host (it has a domain, or a number that is not a version), an address only if it is not shared by all.
 */
export function substitutionsOf(host: string, facts: HostFacts | null): Substitution[] {
  const found = new Map<string, Substitution>()
  const add = (text: string, placeholder: string, trusted = false) => {
    const key = text.toLowerCase()
    if (text.length >= MIN_TEXT_LENGTH && !found.has(key)) found.set(key, { text, placeholder, trusted })
  }
  if (INSTANCE_ID.test(host)) add(host, '<instance-id>', true)
  if (facts !== null) {
    const { hostname, fqdn, machineId, bootId } = facts
    for (const name of [fqdn, hostname, hostname?.split('.', 1)[0]]) {
      if (name && isOwnName(name)) add(name, '<host>')
    }
    for (const address of facts.addresses.slice(0, MAX_ADDRESSES)) {
      if (isOwnAddress(address)) add(address, '<ip>')
    }
    for (const mac of facts.macs.slice(0, MAX_ADDRESSES))
      if (MAC.test(mac) && mac !== '00:00:00:00:00:00') add(mac, '<mac>')
    if (machineId !== null && HEX_ID.test(machineId)) add(machineId, '<machine-id>')
    if (bootId !== null && HEX_ID.test(bootId)) add(bootId, '<uuid>')
  }
  return [...found.values()].sort((a, b) => b.text.length - a.text.length || (a.text < b.text ? -1 : 1))
}

/**
 * Replaces a host's own texts where they are whole words.
 * @param program the value names a program, file or port
 * @param note is called with the column and each text that was replaced
 */
export function substitute(
  value: string,
  substitutions: readonly Substitution[],
  program: boolean,
  column = '',
  note?: (column: string, text: string) => void
): string {
  let result = value
  for (const { text, placeholder, trusted } of substitutions) {
    if (program && !trusted) continue
    const replaced = replaceWord(result, text, placeholder)
    if (replaced !== result && !trusted) note?.(column, text)
    result = replaced
  }
  return result
}

/** The substitutions without texts that are shared, or are part of a shared text of the host, such as its short name. */
export function withoutShared(
  substitutions: readonly Substitution[],
  shared: ReadonlySet<string>
): readonly Substitution[] {
  const own = substitutions.filter(({ text }) => shared.has(text))
  if (own.length === 0) return substitutions
  return substitutions.filter(({ text }) => !own.some(other => other.text.includes(text)))
}

/** Limits the length of a hostile value and escapes literal placeholders, so that none can be forged. */
export function bounded(value: string): string {
  let text = value
  if (text.length > MAX_VALUE_LENGTH) {
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
    text = `${text.slice(0, MAX_VALUE_LENGTH)}…${digest}`
  }
  return text.includes('<') ? text.replace(PLACEHOLDER, '\\<') : text
}

function isOwnName(name: string): boolean {
  if (!NAME.test(name) || GENERIC_NAME.test(name)) return false
  return name.includes('.') || /\d/.test(name.replace(VERSION, ''))
}

function isOwnAddress(address: string): boolean {
  return !SHARED_ADDRESS.test(address) && isIP(address) !== 0
}

function replaceWord(value: string, word: string, placeholder: string): string {
  let at = value.indexOf(word)
  if (at < 0) return value
  let result = ''
  let from = 0
  for (; at >= 0; at = value.indexOf(word, from)) {
    const end = at + word.length
    const isWholeWord = !isWordCharacter(value[at - 1]) && !isWordCharacter(value[end])
    result += value.slice(from, at) + (isWholeWord ? placeholder : word)
    from = end
  }
  return result + value.slice(from)
}

export function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_-]/u.test(character)
}
