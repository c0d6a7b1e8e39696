/**
 * 32-bit FNV-1a (Fowler, Noll, Vo; the IETF draft draft-eastlake-fnv gives both constants). For spreading and for a
 * first look only: different inputs may collide.
 */
export const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** The hash after one more value, as a signed number. */
export function addNumber(hash: number, value: number): number {
  return Math.imul(hash ^ value, FNV_PRIME)
}

/** The hash after the UTF-16 units of one more text, as a signed number. */
export function addText(hash: number, text: string): number {
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
  return hash
}

/** The hash of a text, as an unsigned number. */
export function hashText(text: string): number {
  return addText(FNV_OFFSET, text) >>> 0
}
