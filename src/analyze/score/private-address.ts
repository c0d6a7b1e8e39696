import ipaddr from 'ipaddr.js'

const PRIVATE = new Set(['private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'])

/** Whether a text is an address of a private network (RFC 1918, RFC 4193, RFC 6598, link-local). Loopback is not one. */
export function isPrivateAddress(text: string): boolean {
  if (text.length > 64 || !ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  return PRIVATE.has(address.range())
}
