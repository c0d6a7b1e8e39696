import { createHash } from 'node:crypto'
import incident from '../../packs/incident.json' with { type: 'json' }
import linux from '../../packs/linux.json' with { type: 'json' }
import macos from '../../packs/macos.json' with { type: 'json' }
import windows from '../../packs/windows.json' with { type: 'json' }
import type { Pack } from './pack.ts'
import { readPack } from './parse-pack.ts'

const BUILTIN: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['linux', linux],
  ['windows', windows],
  ['macos', macos],
  ['incident', incident]
])

/** Names of the built-in packs. */
export const BUILTIN_PACKS: readonly string[] = [...BUILTIN.keys()]

/** A built-in pack; `null`: there is none of this name. Its digest is over its JSON without white space. */
export function builtinPack(name: string): Pack | null {
  const value = BUILTIN.get(name)
  if (value === undefined) return null
  const sha256 = `sha256:${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`
  return { name, sha256, queries: readPack(name, value) }
}
