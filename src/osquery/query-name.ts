import { hashText } from '../lib/fnv1a.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const MAX_LENGTH = 64

/** A name that the collector can carry: other characters become `_`, and a name that is taken gets a hash. */
export function safeName(name: string, known: ReadonlyMap<string, unknown>): string {
  if (NAME.test(name) && !known.has(name)) return name
  const base =
    name
      .replace(/[^A-Za-z0-9_.-]+/g, '_')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, MAX_LENGTH) || 'query'
  if (base.length === MAX_LENGTH || known.has(base)) {
    const hash = (hashText(name) >>> 0).toString(16).padStart(8, '0')
    return `${base.slice(0, MAX_LENGTH - 9)}_${hash}`
  }
  return base
}
