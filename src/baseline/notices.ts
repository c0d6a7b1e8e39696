import { ownValue } from '../lib/own-value.ts'
import type { Pack, Query } from '../osquery/pack.ts'
import { type BaselineFile, queriesInNoPack } from './baseline.ts'

/** Notices where a baseline and the packs of a run differ. Neither is an error. */
export function baselineNotices(
  { path, text, content }: BaselineFile,
  packs: readonly Pack[],
  queries: readonly Query[]
): string[] {
  const changed = packs.filter(({ name, sha256 }) => (ownValue(content.packs, name) ?? sha256) !== sha256)
  const asked = new Set(queries.map(query => query.name))
  return [
    ...changed.map(
      ({ name }) =>
        `The pack ${name} has changed since the baseline was made. Run mode baseline to learn what is new in it.`
    ),
    ...queriesInNoPack(path, text, asked)
  ]
}
