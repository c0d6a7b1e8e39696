import ipaddr from 'ipaddr.js'

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
/** Of an address with its port, in characters; nothing longer is an address. */
const LONGEST_ADDRESS = 64

/** The bytes of an address, 4 or 16; an IPv4 address in IPv6 notation has 4. `null` if the text is not an address. */
function addressBytes(text: string): number[] | null {
  if (IPV4.test(text)) return text.split('.').map(Number)
  if (text.length > LONGEST_ADDRESS || !text.includes(':') || !ipaddr.IPv6.isValid(text)) return null
  return ipaddr.process(text).toByteArray()
}

/** A network in CIDR notation, or an address as a network of full length; `null` if the text is neither. */
export function parseNetwork(text: string): { bytes: number[]; bits: number } | null {
  const [address = '', length, ...more] = text.split('/')
  const bytes = addressBytes(address)
  if (bytes === null || more.length > 0) return null
  const full = bytes.length * 8
  if (length === undefined) return { bytes, bits: full }
  if (!/^\d{1,3}$/.test(length)) return null
  // An IPv4 network in IPv6 notation counts its bits from the IPv6 prefix.
  const bits = Number(length) - (address.includes(':') && full === 32 ? 96 : 0)
  return bits >= 0 && bits <= full ? { bytes, bits } : null
}

/** One text for the first `bits` bits of an address. */
export function networkKey(bytes: readonly number[], bits: number): string {
  const whole = bits >> 3
  const rest = bits & 7
  const kept = bytes.slice(0, whole)
  if (rest > 0) kept.push((bytes[whole] ?? 0) & (0xff << (8 - rest)))
  return `${bytes.length}/${bits}/${kept.join('.')}`
}

/** The addresses in a value, with or without a port. Whole addresses only. Linear in the value's length. */
export function addressesIn(value: string): number[][] {
  if (!/[.:]/.test(value)) return []
  const found: number[][] = []
  for (const word of value.split(/[^0-9A-Fa-f.:]+/)) {
    if (word.length < 3 || word.length > LONGEST_ADDRESS) continue
    const text = word.replace(/[.]+$/, '')
    const colon = text.lastIndexOf(':')
    const bytes = addressBytes(text) ?? (colon > 0 ? addressBytes(text.slice(0, colon)) : null)
    if (bytes !== null) found.push(bytes)
    // `2001:db8::5:443` is an address by itself, and also an address with a port.
    if (bytes?.length === 16 && colon > 0) {
      const shorter = addressBytes(text.slice(0, colon))
      if (shorter !== null) found.push(shorter)
    }
  }
  return found
}
