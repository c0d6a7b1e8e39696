import { createHash } from 'node:crypto'
import type { Pack } from './pack.ts'
import { readPack } from './parse-pack.ts'

/** The one query of the `query` input as a pack, which like its query is named `query`. @throws Error if it is not a SELECT */
export function queryPack(sql: string): Pack {
  if (!/^\s*(?:select|with)\b/i.test(sql)) throw new Error('query: must be one SELECT')
  const sha256 = `sha256:${createHash('sha256').update(sql).digest('hex')}`
  return { name: 'query', sha256, queries: readPack('query', { queries: { query: { query: sql } } }) }
}
