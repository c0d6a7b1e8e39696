import { createHash } from 'node:crypto'
import type { Pack } from './pack.ts'
import { readPack } from './parse-pack.ts'
import { compactSql, sqlProblem } from './sql.ts'

/** The one query of the `query` input as a pack, which like its query is named `query`. @throws Error if it is not a SELECT */
export function queryPack(sql: string): Pack {
  const problem = sqlProblem(compactSql(sql))
  if (problem !== null) throw new Error(`query: ${problem}`)
  const sha256 = `sha256:${createHash('sha256').update(sql).digest('hex')}`
  return { name: 'query', sha256, queries: readPack('query', { queries: { query: { query: sql } } }) }
}
