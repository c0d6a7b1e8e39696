/** 32-bit FNV-1a of a text, as an unsigned number. For spreading and for a first look only: texts may collide. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}
